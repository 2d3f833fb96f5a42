# SPDX-License-Identifier: GPL-2.0-or-later
"""The firewalls that are compared.  Each opens the same ports on guarded.

Partner.start() returns when it is in force, stop() when it is gone; `queues`
is how many packet queues it has (0: none), `pid` the process that reads them.
"""
import json
import os
import subprocess

from world import (CLOSED, READY_SECONDS, TCP_SERVE, UDP_ECHO, UDP_SINK, Wrong,
                   nth_address, wait_until)

FILLER_SOURCE = "203.0.113.0"


class Policy:
    """rules: how many the inbound table has, of which only the last few ever
    match.  queues: None, one for each core."""

    def __init__(self, rules=3, max_flows=262144, queues=None, cpu=None):
        self.fillers = max(0, rules - 3)
        self.max_flows = max_flows
        self.queues = queues or os.cpu_count()
        self.cpu = cpu

    def filler(self, i):
        """Rule i that never matches: a port, and where it may come from."""
        return (20000 + i * 7 % 40000, nth_address(FILLER_SOURCE, i))

    def pinned(self, *command):
        if self.cpu is None:
            return command
        return ("taskset", "-c", str(self.cpu), *command)


class Partner:
    name = None
    queues = 0
    pid = None

    def start(self, world, policy):
        self.world = world

    def stop(self):
        pass

    def check(self):
        """Called after a workload, while it is still in force."""


class NoFirewall(Partner):
    name = "none"


class Nftables(Partner):
    name = "nftables"

    def start(self, world, policy):
        super().start(world, policy)
        fillers = "\n".join(
            f"tcp dport {port} ip saddr {source} accept" for port, source in
            map(policy.filler, range(policy.fillers)))
        world.on("guarded", "nft", "-f", "-", text=f"""
            table inet partner {{
                chain inbound {{
                    type filter hook input priority filter; policy drop;
                    iif lo accept
                    ct state established,related accept
                    {fillers}
                    udp dport {{ {UDP_ECHO}, {UDP_SINK} }} accept
                    tcp dport {TCP_SERVE} accept
                }}
                chain outbound {{
                    type filter hook output priority filter; policy drop;
                    oif lo accept
                    ct state established,related accept
                    ct state new accept
                }}
            }}""")

    def stop(self):
        self.world.on("guarded", "nft", "delete", "table", "inet", "partner")


class Ephemerald(Partner):
    name = "ephemerald"
    fast_path = "off"

    def start(self, world, policy):
        super().start(world, policy)
        self.queues = policy.queues
        self.socket = world.folder / "control.sock"
        config = world.folder / "bench.conf"
        config.write_text(self._config(policy))
        config.chmod(0o644)
        self.log = open(world.folder / "daemon.log", "w")
        self.job = world.start(
            "guarded", *policy.pinned(
                world.program("ephemerald"), "-c", str(config),
                "--socket", str(self.socket)), ready=False, log=self.log)
        self.pid = self.job.pid
        if not wait_until(self._ready, READY_SECONDS):
            log = (world.folder / "daemon.log").read_text()
            raise Wrong(f"ephemerald did not start: {log}")

    def _config(self, policy):
        rows = [
            f'{{ port = {port}; protocol = "tcp"; from = "{source}"; '
            f'action = "allow"; }},'
            for port, source in map(policy.filler, range(policy.fillers))]
        rows += [
            f'{{ port = ({UDP_ECHO}, {UDP_SINK}); protocol = "udp"; '
            f'action = "allow"; }},',
            f'{{ port = {TCP_SERVE}; protocol = "tcp"; action = "allow"; }},',
            '{ port = "*"; action = "block"; }']
        return "\n".join([
            f'fast_path = "{self.fast_path}";', "inbound = (", *rows, ");",
            'outbound = ( { port = "*"; action = "allow"; } );',
            f"queue = {{ count = {policy.queues}; }};",
            f"conntrack = {{ max_flows = {policy.max_flows}; }};", ""])

    def _ask(self, *words):
        return subprocess.run(
            [self.world.program("ephctl"), "--socket", str(self.socket),
             "--json", *words],
            capture_output=True, text=True)

    def _ready(self):
        if self.job.process.poll() is not None:
            return True
        return self._ask("status").returncode == 0

    def status(self):
        answer = self._ask("status")
        if answer.returncode:
            raise Wrong(f"ephctl status: {answer.stderr}")
        return json.loads(answer.stdout)

    def reload(self):
        return self._ask("reload").returncode == 0

    def check(self):
        queues = self.status()["queues"]
        if sum(queue["lost_socket_full"] for queue in queues):
            raise Wrong("the socket's buffer does not hold a full queue")

    def stop(self):
        self.job.stop()
        self.log.close()


class FastPath(Ephemerald):
    """Ephemerald with its fast path on."""
    name = "fast path"
    fast_path = "on"

    def start(self, world, policy):
        super().start(world, policy)
        fast_path = self.status()["hook"]["fast_path"]
        if not fast_path["in_force"]:
            raise Wrong(f"no fast path: {fast_path['why']}")


class Null(Partner):
    name = "null"

    def start(self, world, policy):
        super().start(world, policy)
        self.queues = policy.queues
        self.job = world.start("guarded", *policy.pinned(
            world.program("bench_null"), str(policy.queues), str(CLOSED)))
        self.pid = self.job.pid

    def stop(self):
        self.job.stop()


class Textbook(Partner):
    name = "textbook"
    kind = "plain"

    def start(self, world, policy):
        super().start(world, policy)
        self.queues = 1
        self.job = world.start("guarded", *policy.pinned(
            world.program("bench_textbook"), self.kind, str(CLOSED)))
        self.pid = self.job.pid

    def stop(self):
        self.job.kill()


class TextbookGso(Textbook):
    name = "textbook-gso"
    kind = "gso"


ALL = {partner.name: partner for partner in (
    NoFirewall, Nftables, Ephemerald, FastPath, Null, Textbook, TextbookGso)}
