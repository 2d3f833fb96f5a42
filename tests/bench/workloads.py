# SPDX-License-Identifier: GPL-2.0-or-later
"""What is sent through the partners, and what is read off.

A workload has the partners it makes sense for, the policy they get, and a
function that runs it once and returns its metrics by name.  The first of
`metrics` is the one that is compared; better: "more" or "less".  A result that
is wrong raises Wrong.
"""
import os
import signal
import time

from partners import ALL, Policy
from world import (CLOSED, GUARDED, NEVER_READ, TCP_SERVE, UDP_ECHO, UDP_SINK,
                   Meter, Wrong, queue_lines, wait_until)

# The fast path has no part in what is about queues.
QUEUES = [name for name in ALL if name != "fast path"]
FAST = list(ALL)
QUEUED = ["ephemerald", "null", "textbook", "textbook-gso"]
SINK_BUFFER = 64 * 1024 * 1024
FLOWS = 64
ANSWERS = 50 * FLOWS  # of the sink, so that all flows have some
# What fits the default buffer of the textbook's socket.
FILL = {"textbook": 80, "textbook-gso": 80}
BURST = 5000


class Workload:
    def __init__(self, name, title, metrics, run, partners=None, policy=None,
                 **options):
        self.name, self.title, self.metrics = name, title, metrics
        self.run_once, self.options = run, options
        self.partners = partners or QUEUES
        self.policy = policy or Policy

    def run(self, world, name, seconds):
        """One round with one partner; leaves nothing running."""
        partner = ALL[name]()
        partner.start(world, self.policy())
        try:
            out = self.run_once(world, partner, seconds, **self.options)
            partner.check()
            partner.stop()
        finally:
            world.end_jobs()
        return out


def expect(holds, claim):
    if not holds:
        raise Wrong(claim)


def spent(meter, packets=None):
    out = meter.stop(packets)
    return {"thread ns": out.get("thread_ns"), "busy ns": out.get("busy_ns"),
            "queue lost": out["lost"]}


# ---- drain: the reader never waits


def drain(world, partner, seconds, port, flows, warm):
    """Thread CPU per packet where every batch is full."""
    sink = world.traffic("guarded", "sink", UDP_SINK, NEVER_READ, 0, ready=True)
    sink.send(signal.SIGSTOP)
    fill = FILL.get(partner.name, 1000)
    flow = world.flow_arguments(port, flows)

    def go(packets):
        job = world.traffic("client", "drain", partner.pid, *flow, fill,
                            max(1, packets // fill), cpu=0)
        return job.result()["packets"]

    if warm:
        go(flows)
    before = reasons(partner)
    meter = Meter(partner)
    sent = go(int(50000 * seconds))
    out = meter.stop()
    expect(out["judged"] >= sent - out["lost"],
           f"{sent} packets sent, {out['judged']} judged, {out['lost']} lost")
    if warm and partner.name == "ephemerald":
        known = reasons(partner)["established"] - before["established"]
        expect(known >= sent * 0.999,
               f"{known} of {sent} packets belonged to a known flow")
    sink.send(signal.SIGCONT)
    delivered = sink.stop()["packets"]
    expect((delivered > 0) == (port != CLOSED), f"{delivered} packets came")
    return {"thread ns": out["thread_ns"], "queue lost": out["lost"]}


def reasons(partner):
    if partner.name != "ephemerald":
        return None
    found = partner.status()["reasons"]
    return {"established": found.get("established", 0)}


def one_queue(**changes):
    return lambda: Policy(queues=1, cpu=os.cpu_count() - 1, **changes)


# ---- streams and single packets


def bulk(world, partner, seconds, way):
    world.traffic("guarded", "serve", TCP_SERVE, ready=True)
    meter = Meter(partner)
    got = world.traffic("client", "bulk", GUARDED, TCP_SERVE, way,
                        max(1, round(seconds))).result()
    expect(got["bytes"] > 0, "no byte came through")
    return {"Gbit/s": got["bytes"] * 8 / got["seconds"] / 1e9, **spent(meter)}


def udp(world, partner, seconds):
    sink = world.traffic("guarded", "sink", UDP_SINK, SINK_BUFFER,
                         ANSWERS, ready=True)
    meter = Meter(partner)
    sent = world.traffic("client", "flood", "udp",
                         *world.flow_arguments(UDP_SINK, FLOWS), 0,
                         max(1, round(seconds))).result()
    settle(partner)
    came = sink.stop()["packets"]
    expect(0 < came <= sent["packets"], f"{came} of {sent['packets']} came")
    return {"packets/s": came / sent["seconds"], **spent(meter, came),
            "sent": sent["packets"]}


def settle(partner):
    """Until nothing waits in its queues."""
    if partner.queues and not wait_until(
            lambda: not any(line[2] for line in queue_lines(partner.pid))):
        raise Wrong("packets wait, and nobody decides them")


def connect(world, partner, seconds):
    world.traffic("guarded", "serve", TCP_SERVE, ready=True)
    meter = Meter(partner)
    got = world.traffic("client", "connect", GUARDED, TCP_SERVE, 16,
                        max(1, round(seconds))).result()
    expect(got["failed"] == 0, f"{got['failed']} connections failed")
    expect(got["connections"] > 0, "no connection")
    return {"connections/s": got["connections"] / got["seconds"],
            **spent(meter)}


def ask(world, partner, seconds):
    world.traffic("guarded", "echo", UDP_ECHO, ready=True)
    got = world.traffic("client", "ask", GUARDED, UDP_ECHO,
                        max(1, round(seconds))).result()
    expect(got["answers"] > 0 and got["lost"] == 0,
           f"{got['answers']} answers, {got['lost']} lost")
    return {"p50 us": got["p50_us"], "p99 us": got["p99_us"],
            "p99.9 us": got["p999_us"]}


def reload(world, partner, seconds, reloads):
    """A conversation, and so many reloads meanwhile: not a packet is lost."""
    seconds = max(2, round(seconds))
    world.traffic("guarded", "echo", UDP_ECHO, ready=True)
    asker = world.traffic("client", "ask", GUARDED, UDP_ECHO, seconds)
    for _ in range(reloads):
        expect(partner.reload(), "a reload failed")
        time.sleep(seconds / (reloads + 1) / 2)
    got = asker.result()
    expect(got["answers"] > 0 and got["lost"] == 0,
           f"{got['answers']} answers, {got['lost']} lost")
    return {"max us": got["max_us"], "p99 us": got["p99_us"],
            "p50 us": got["p50_us"]}


def flood(world, partner, seconds):
    """SYNs to a closed port, as fast as they go, beside a conversation."""
    seconds = max(1, round(seconds))
    world.traffic("guarded", "echo", UDP_ECHO, ready=True)
    meter = Meter(partner)
    asker = world.traffic("client", "ask", GUARDED, UDP_ECHO, seconds)
    sent = world.traffic("client", "flood", "syn",
                         *world.flow_arguments(CLOSED, 100000), 0,
                         seconds).result()
    got = asker.result()
    expect(sent["packets"] > 0, "no flood")
    figures = spent(meter, sent["packets"])
    return {"denied/s": sent["packets"] / sent["seconds"], **figures,
            "p50 us": got["p50_us"], "answers": got["answers"],
            "lost": got["lost"]}


def transfer(world, partner, seconds):
    """Bulk TCP alone, then again, and a flood that is dropped comes upon it:
    the goal is half of the undisturbed rate."""
    seconds = max(1, round(seconds))
    world.traffic("guarded", "serve", TCP_SERVE, ready=True)

    def rate(job):
        got = job.result()
        expect(got["bytes"] > 0, "no byte came through")
        return got["bytes"] * 8 / got["seconds"] / 1e9

    def bulk_job():
        return world.traffic("client", "bulk", GUARDED, TCP_SERVE, "up",
                             seconds)

    alone = rate(bulk_job())
    meter = Meter(partner)
    job = bulk_job()
    time.sleep(0.1)  # connected
    sent = world.traffic("client", "flood", "udp",
                         *world.flow_arguments(CLOSED, FLOWS), 0,
                         seconds).result()
    flooded = rate(job)
    expect(sent["packets"] > 0, "no flood")
    return {"share": flooded / alone, "Gbit/s alone": alone,
            "Gbit/s flooded": flooded,
            "denied/s": sent["packets"] / sent["seconds"],
            "queue lost": spent(meter)["queue lost"]}


def burst(world, partner, seconds):
    """5,000 packets of known flows at once."""
    sink = world.traffic("guarded", "sink", UDP_SINK, SINK_BUFFER, 0, ready=True)
    flow = world.flow_arguments(UDP_SINK, FLOWS)
    world.traffic("client", "flood", "udp", *flow, FLOWS, 1).result()
    settle(partner)
    world.traffic("client", "flood", "udp", *flow, BURST, 10).result()
    settle(partner)
    came = sink.stop()["packets"]
    expect(came <= BURST + FLOWS, f"{came} packets came of {BURST}")
    return {"lost of 5000": BURST + FLOWS - came}


# ---- the list

COST = (("thread ns", "less"), ("queue lost", "less"))
USED = (("thread ns", "less"), ("busy ns", "less"), ("queue lost", "less"))


def drains():
    one = (("accept", UDP_SINK, FLOWS, QUEUED, "64 flows, accepted"),
           ("drop", CLOSED, FLOWS, QUEUED, "dropped"),
           ("accept-10k", UDP_SINK, 10000, QUEUED[:2], "10 k flows, accepted"),
           ("accept-1m", UDP_SINK, 10**6, QUEUED[:2], "1 M flows, accepted"))
    for name, port, flows, partners, title in one:
        yield Workload(
            f"drain-{name}", f"daemon CPU per packet, full batches: {title}",
            COST, drain, partners, one_queue(max_flows=max(65536, flows * 21 // 20)),
            port=port, flows=flows, warm=port != CLOSED)
    for rules in (3, 100, 1000, 10000):
        yield Workload(
            f"new-flow-{rules}",
            f"daemon CPU per packet that opens a flow, {rules} rules",
            COST, drain, QUEUED[:2],
            one_queue(rules=rules, max_flows=2**20),
            port=UDP_SINK, flows=500000, warm=False)


def traffic():
    for way in ("up", "down"):
        yield Workload(f"bulk-{way}", f"bulk TCP, {way}",
                       (("Gbit/s", "more"), *USED), bulk, FAST, way=way)
    yield Workload("udp", "UDP, packets of 64 bytes",
                   (("packets/s", "more"), *USED), udp, FAST)
    yield Workload("connect", "new TCP connections",
                   (("connections/s", "more"), *USED), connect, FAST)
    for rules in (1000, 10000):
        yield Workload(f"connect-{rules}",
                       f"new TCP connections, {rules} rules",
                       (("connections/s", "more"), *USED), connect,
                       ["nftables", "ephemerald"],
                       lambda rules=rules: Policy(rules=rules))
    yield Workload("ask", "UDP request and response, one at a time",
                   (("p50 us", "less"), ("p99 us", "less"),
                    ("p99.9 us", "less")), ask, FAST)
    for reloads in (0, 3):
        yield Workload(f"reload-{reloads}",
                       f"UDP request and response, 10,000 rules, {reloads} "
                       "reloads",
                       (("max us", "less"), ("p99 us", "less"),
                        ("p50 us", "less")), reload, ["ephemerald"],
                       lambda: Policy(rules=10000), reloads=reloads)
    yield Workload("flood", "SYN flood to a closed port",
                   (("denied/s", "more"), *USED, ("p50 us", "less"),
                    ("lost", "less")), flood,
                   ["nftables", "ephemerald", "null", "textbook"])
    yield Workload("transfer", "bulk TCP beside a flood that is dropped: its "
                   "share of the rate it has alone",
                   (("share", "more"), ("Gbit/s alone", "more"),
                    ("Gbit/s flooded", "more"), ("denied/s", "more"),
                    ("queue lost", "less")), transfer,
                   ["nftables", "ephemerald", "null", "textbook"])
    yield Workload("burst", "5,000 UDP packets at once",
                   (("lost of 5000", "less"),), burst)


def all_workloads():
    return [*drains(), *traffic()]
