#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Is standard input metrics in Prometheus' text format, as a strict reader sees
it?  Every family has its HELP and TYPE first and its samples together, counters
and only they end in _total, no series comes twice, every value is a number.
Says each fault; exit 1 if there is one.
"""
import re
import sys

NAME = r"ephemerald_[a-z0-9_]+"
LABEL = r'[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})({{{LABEL}(?:,{LABEL})*}})? (-?[0-9.e+-]+)")


def faults(text):
    families, series, family, kind = set(), set(), None, None
    if not text.endswith("\n"):
        yield "the last line has no end"
    lines = text.split("\n")[:-1]
    for number, line in enumerate(lines, 1):
        place = f"line {number}: {line}"
        if match := re.fullmatch(rf"# HELP ({NAME}) [^\\]+\.", line):
            family, kind = match[1], None
            if family in families:
                yield f"{place}: the family comes twice"
            families.add(family)
        elif match := re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line):
            kind = match[2]
            if match[1] != family:
                yield f"{place}: no HELP before it"
            if (kind == "counter") != family.endswith("_total"):
                yield f"{place}: the name does not fit the type"
        elif match := SAMPLE.fullmatch(line):
            float(match[3])
            parts = (("_bucket", "_sum", "_count") if kind == "histogram" else ("",))
            if match[1] not in [f"{family}{part}" for part in parts] or not kind:
                yield f"{place}: not of the family at hand"
            if match[3].startswith("-"):
                yield f"{place}: negative"
            if (match[1], match[2]) in series:
                yield f"{place}: the series comes twice"
            series.add((match[1], match[2]))
        else:
            yield f"{place}: not understood"
    if not series:
        yield "no sample"


def main():
    found = list(faults(sys.stdin.buffer.read().decode()))
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


sys.exit(main())
