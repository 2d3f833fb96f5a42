# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures of all rounds, for people: text, Markdown, and the targets."""
import os
import platform
import statistics

REFERENCES = ("none", "nftables", "null", "textbook")


def number(value):
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def series(results, workload, partner, metric):
    """Of every round, None where there was none."""
    return [one.get(metric) for one in results[workload].get(partner, [])]


def median(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def ratio(results, workload, metric, better, ours, theirs):
    """How many times better, median of what each round says."""
    pairs = [(a, b) for a, b in zip(series(results, workload, ours, metric),
                                    series(results, workload, theirs, metric))
             if a and b]
    if not pairs:
        return None
    return statistics.median(
        a / b if better == "more" else b / a for a, b in pairs)


def rows_of(results, workload):
    """Header and a row for each partner."""
    metric, better = workload.metrics[0]
    partners = [p for p in workload.partners if results[workload.name].get(p)]
    references = [p for p in REFERENCES if p in partners]
    extra = [m for m, _ in workload.metrics[1:]]
    rows = [["partner", "min", "median", "max",
             *(f"x {p}" for p in references), *extra]]
    for partner in partners:
        values = [v for v in series(results, workload.name, partner, metric)
                  if v is not None]
        if not values:
            continue
        rows.append([
            partner, *map(number, (min(values), statistics.median(values),
                                   max(values))),
            *(number(ratio(results, workload.name, metric, better, partner, p))
              for p in references),
            *(number(median(series(results, workload.name, partner, m)))
              for m in extra)])
    return rows


def heading(workload):
    metric, better = workload.metrics[0]
    return f"{workload.title}: {metric}, {better} is better"


def text_table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(row, widths))).rstrip()
        for row in rows)


def markdown_table(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---" + "|---:" * (len(rows[0]) - 1) + "|")
    return "\n".join(lines)


# What is aimed at: workload, ours against whom, at least so many times better.
TARGETS = (
    ("drain-drop", "textbook", 2.3),
    ("drain-accept", "textbook", 1.7),
    ("drain-accept-10k", "null", 1 / 1.15),
    ("drain-accept-1m", "null", 1 / 1.25),
    ("bulk-up", "textbook", 8),
    ("bulk-down", "textbook", 8),
    ("bulk-up", "nftables", 0.85),
    ("bulk-down", "nftables", 0.85),
    ("udp", "nftables", 0.9),
    ("connect", "nftables", 0.9),
    ("bulk-up", "null", 0.95),
    ("bulk-down", "null", 0.95),
    ("udp", "null", 0.95),
    ("connect", "null", 0.95),
)


# The same of the fast path.
FAST_TARGETS = (
    ("bulk-up", "nftables", 0.97),
    ("bulk-down", "nftables", 0.97),
    ("udp", "nftables", 1),
)


def target_rows(results, workloads):
    known = {workload.name: workload for workload in workloads}
    rows = [["target", "bound", "measured", "met"]]
    of = [("ephemerald", *row) for row in TARGETS]
    of += [("fast path", *row) for row in FAST_TARGETS]
    for ours, name, partner, bound in of:
        if name not in known or name not in results:
            continue
        metric, better = known[name].metrics[0]
        got = ratio(results, name, metric, better, ours, partner)
        if got is not None:
            prefix = "" if ours == "ephemerald" else f"{ours}: "
            rows.append([f"{prefix}{name}, times {partner}", f">= {bound:.2f}",
                         f"{got:.2f}", "yes" if got >= bound else "no"])
    return rows


def facts(rounds, seconds):
    model = next((line.split(":")[1].strip()
                  for line in open("/proc/cpuinfo", encoding="utf-8")
                  if line.startswith("model name")), platform.machine())
    return {"kernel": platform.release(), "cores": os.cpu_count(),
            "cpu": model, "rounds": rounds, "seconds": seconds}


NOTES = """\
Ratios: how many times better than that partner, the median over the rounds,
each of which runs all partners in turn.  thread ns: CPU time of the threads
that judge packets, per packet; busy ns: of the whole machine, per packet that
was judged (or came through, where there is no queue); queue lost: packets that
found the queue or its socket full.

none: no firewall.  nftables: drop policy, established and related accepted, the
same ports.  fast path: ephemerald with settled connections in the kernel.  null: the daemon's receive path with an empty filter, the ceiling of
what a queue allows.  textbook: libnetfilter_queue as it is usually used;
textbook-gso: the same with segments left together.
"""


# Of the last whole runs on two cores, and what perf and callgrind say of it.
HOLDS_BACK = """\
## What holds back

UDP, connections and bulk-down against nftables: the queue itself, as null does no
better.  A packet costs two system calls' share, a copy and a wake-up; on two
cores whoever sends shares them with who judges, and a packet that wakes the
worker at once interrupts its sender, so that batches are of one.  In a rush the
worker lets a batch gather for 0.1 ms: 1.4 to 1.6 times the UDP packets.  A worker
that yields instead had 2.2 to 3 times, but makes packets wait for whole turns of
whatever else wants the core, so it does not.  More cores, or packets that never
come to the queue, would lift it.

drain-accept-10k: some 1,090 instructions of parsing, hash, windows and counters
beside the 1.2 us of the kernel.  At 1 M flows a packet of a flow takes 110 to
145 ns, and not 60: 55 of them warm, the rest three places of memory that are
cold for each packet.  Judging several packets at once would lift it.
"""


def markdown(results, workloads, said, machine):
    parts = ["# Benchmark\n", "Written by `tests/bench/run`.\n",
             f"{machine['cores']} cores ({machine['cpu']}), kernel "
             f"{machine['kernel']}; {machine['rounds']} rounds, "
             f"{machine['seconds']:g} s each.\n", NOTES]
    targets = target_rows(results, workloads)
    if len(targets) > 1:
        parts += ["## Targets\n", markdown_table(targets) + "\n", HOLDS_BACK]
    for workload in workloads:
        if results.get(workload.name):
            parts += [f"## {workload.name}\n", heading(workload) + ".\n",
                      markdown_table(rows_of(results, workload)) + "\n"]
    for name, text in said.items():
        parts += [f"## {name}\n", f"```\n{text}```\n"]
    return "\n".join(parts)
