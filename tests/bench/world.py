# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hosts in network namespaces of their own, programs on them, and meters.

client --- guarded: one veth pair, IPv4 of the benchmark range (RFC 2544).  The
firewall under test is on guarded.
"""
import ipaddress
import json
import os
import pathlib
import subprocess
import time

CLIENT, GUARDED = "198.18.0.1", "198.18.0.2"
FLOOD_SOURCE = "198.18.16.0"  # and up, one for each 60,000 flows
UDP_ECHO, UDP_SINK, TCP_SERVE, CLOSED = 7, 9, 80, 10
READY_SECONDS = 20
NEVER_READ = 4096  # bytes: a sink that is not read fills at once


class Wrong(Exception):
    """A result that no firewall may give, however slow it is."""


class Job:
    """A program in the background, in a process that is ours alone."""

    def __init__(self, command, ready=True, log=None):
        self.name = " ".join(command[:2])
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE,
                                        stderr=log, text=True)
        if ready and self.process.stdout.readline() != "ready\n":
            self.process.wait()
            raise Wrong(f"{self.name}: did not start")

    @property
    def pid(self):
        return self.process.pid

    def send(self, number):
        self.process.send_signal(number)

    def result(self, seconds=60):
        """Its line of JSON, once it has ended by itself."""
        out, _ = self.process.communicate(timeout=seconds)
        if self.process.returncode:
            raise Wrong(f"{self.name}: exit {self.process.returncode}")
        return json.loads(out) if out.strip() else {}

    def stop(self):
        self.process.terminate()
        return self.result()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, programs, folder):
        self.programs = programs  # where they were built
        self.folder = folder
        self.jobs = []
        self.names = {host: f"ephbench{os.getpid()}-{host}"
                      for host in ("client", "guarded")}
        self.made = []
        try:
            self._lay_out()
        except BaseException:
            self.close()
            raise

    def _lay_out(self):
        for host, name in self.names.items():
            subprocess.run(["ip", "netns", "add", name], check=True)
            self.made.append(name)
        self.on("client", "ip", "link", "add", "eth0", "type", "veth",
                "peer", "name", "eth0", "netns", self.names["guarded"])
        for host, address in (("client", CLIENT), ("guarded", GUARDED)):
            self.on(host, "sysctl", "-qw",
                    "net.ipv6.conf.all.disable_ipv6=1",
                    "net.ipv4.conf.all.rp_filter=0",
                    "net.ipv4.conf.eth0.rp_filter=0",
                    "net.ipv4.tcp_tw_reuse=1",
                    "net.ipv4.ip_local_port_range=10000 65000")
            self.on(host, "ip", "link", "set", "lo", "up")
            self.on(host, "ip", "address", "add", f"{address}/16",
                    "dev", "eth0")
            self.on(host, "ip", "link", "set", "eth0", "up")
        links = json.loads(self.on("guarded", "ip", "-j", "link", "show",
                                   "eth0"))
        self.mac = links[0]["address"]
        self.on("client", "ping", "-q", "-c", "1", "-W", "2", GUARDED)

    def close(self):
        self.end_jobs()
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False)

    # ---- programs

    def inside(self, host, *command):
        return ["ip", "netns", "exec", self.names[host], *command]

    def on(self, host, *command, text=None):
        return subprocess.run(self.inside(host, *command), check=True,
                              input=text, text=True, timeout=60,
                              stdout=subprocess.PIPE).stdout

    def program(self, name):
        return str(self.programs / name)

    def start(self, host, *command, ready=True, log=None):
        job = Job(self.inside(host, *command), ready, log)
        self.jobs.append(job)
        return job

    def traffic(self, host, *arguments, ready=False, cpu=None):
        command = [self.program("bench_traffic"), *map(str, arguments)]
        if cpu is not None:
            command = ["taskset", "-c", str(cpu), *command]
        return self.start(host, *command, ready=ready)

    def end_jobs(self):
        for job in self.jobs:
            job.kill()
        self.jobs = []

    def flow_arguments(self, port, flows):
        return ["eth0", self.mac, FLOOD_SOURCE, GUARDED, port, flows]


# ---- meters


def thread_ns(pid):
    """CPU time of the process, its threads taken together.  Threads that judge
    packets are all but idle ones here, so nothing else is in it."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


def queue_lines(pid):
    """nfnetlink_queue of the network namespace of that process."""
    text = pathlib.Path(
        f"/proc/{pid}/net/netfilter/nfnetlink_queue").read_text()
    return [[int(word) for word in line.split()]
            for line in text.splitlines()]


def busy_ns():
    """Of the whole machine, idle time apart."""
    words = [int(word) for word in
             pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(words) - words[3] - words[4]) * 10**9 // os.sysconf("SC_CLK_TCK")


class Meter:
    """What a partner and the machine spend between start and stop."""

    def __init__(self, partner):
        self.pid = partner.pid if partner.queues else None
        self.before = self._read()

    def _read(self):
        figures = {"busy": busy_ns(), "wall": time.monotonic()}
        if self.pid:
            lines = queue_lines(self.pid)
            figures["thread"] = thread_ns(self.pid)
            figures["judged"] = sum(line[7] for line in lines)
            figures["lost"] = sum(line[5] + line[6] for line in lines)
        return figures

    def stop(self, packets=None):
        """packets: that came through, where no queue counts them."""
        now = self._read()
        spent = {key: now[key] - self.before[key] for key in now}
        judged = spent.get("judged", packets)
        out = {"seconds": spent["wall"], "judged": judged,
               "lost": spent.get("lost")}
        if judged:
            out["busy_ns"] = spent["busy"] / judged
            if self.pid:
                out["thread_ns"] = spent["thread"] / judged
        return out


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def nth_address(first, n):
    return str(ipaddress.ip_address(first) + n)
