#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes the captures that tests/replay/run plays: captures.py FOLDER.

One conversation, told on every link layer; a long one for figures
(captures.py --long PACKETS FILE); and broken files."""
import socket
import struct
import sys

US, PEER, OTHER = "192.0.2.2", "203.0.113.9", "198.51.100.7"
US6, PEER6 = "2001:db8:1::2", "2001:db8:3::9"
S, A, F, R = 2, 16, 1, 4


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def ip(src, dst, protocol, payload):
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    a, b = socket.inet_pton(family, src), socket.inet_pton(family, dst)
    if family == socket.AF_INET6:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64) + a + b + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, a, b)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def filled(src, dst, protocol, segment, at):
    """The segment with its checksum, over the pseudo header."""
    family = socket.AF_INET6 if ":" in src else socket.AF_INET
    pseudo = socket.inet_pton(family, src) + socket.inet_pton(family, dst)
    pseudo += struct.pack("!II", len(segment), protocol)
    value = struct.pack("!H", checksum(pseudo + segment) or 0xFFFF)
    return segment[:at] + value + segment[at + 2:]


def tcp(src, sport, dst, dport, flags, seq, ack, payload=b""):
    segment = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, 0x50, flags, 65535, 0, 0)
    return ip(src, dst, 6, filled(src, dst, 6, segment + payload, 16))


def udp(src, sport, dst, dport, payload=b"x"):
    segment = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    return ip(src, dst, 17, filled(src, dst, 17, segment, 6))


def ping(src, dst, kind, number):
    segment = struct.pack("!BBHHH", kind, 0, 0, number, 1)
    return ip(src, dst, 1, segment[:2] + struct.pack("!H", checksum(segment)) + segment[4:])


def damaged(packet):
    return packet[:-1] + bytes([packet[-1] ^ 1])


CONVERSATION = [  # (seconds, packet; None: ARP, which is not IP)
    (0.0, tcp(PEER, 51000, US, 22, S, 100, 0)),
    (0.001, tcp(US, 22, PEER, 51000, S | A, 900, 101)),
    (0.002, None),
    (0.003, tcp(PEER, 51000, US, 22, A, 101, 901, b"hello")),
    (0.004, damaged(tcp(PEER, 51000, US, 22, A, 106, 901, b"hello"))),
    (0.2, tcp(PEER, 51001, US, 8080, S, 100, 0)),
    (0.3, tcp(US6, 32768, PEER6, 443, S, 5, 0)),
    (0.4, tcp(PEER6, 443, US6, 32768, S | A, 7, 6)),
    (0.5, tcp(PEER6, 443, US6, 32769, S | A, 7, 6)),
    (1.0, udp(US, 40000, PEER, 53)),
    (1.1, udp(PEER, 53, US, 40000)),
    (1.2, udp(PEER, 54, US, 40000)),
    (1.3, ping(US, PEER, 8, 7)),
    (1.4, ping(PEER, US, 0, 7)),
    (1.5, ping(PEER, US, 8, 7)),
    (2.0, udp(PEER, 1900, "239.255.255.250", 1900)),
    (2.1, udp(OTHER, 1000, PEER, 53)),
    (400.0, udp(PEER, 53, US, 40000)),
]


def ethernet(packet):
    if packet is None:
        return bytes(12) + struct.pack("!H", 0x0806) + bytes(28)
    kind = 0x86DD if packet[0] >> 4 == 6 else 0x0800
    frame = bytes(12) + struct.pack("!H", kind) + packet
    return frame + bytes(max(0, 60 - len(frame)))  # padding, as on the wire


def tagged(packet, *tags):
    frame = ethernet(packet)
    return frame[:12] + b"".join(struct.pack("!HH", t, 5) for t in tags) + frame[12:]


def cooked(packet):
    frame = ethernet(packet)
    return bytes(14) + frame[12:]


def cooked2(packet):
    frame = ethernet(packet)
    return frame[12:14] + bytes(18) + frame[14:]


def bare(packet):
    return packet if packet is not None else b"\0"


def null(packet):
    return struct.pack("<I", 2) + bare(packet)


LINKS = {
    "ethernet": (1, ethernet),
    "vlan": (1, lambda p: tagged(p, 0x8100)),
    "qinq": (1, lambda p: tagged(p, 0x88A8, 0x8100)),
    "cooked": (113, cooked),
    "cooked2": (276, cooked2),
    "raw": (101, bare),
    "null": (0, null),
}


def capture(link, packets):
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, link)]
    for when, frame in packets:
        micros = round(when * 1000000)
        out.append(struct.pack("<IIII", micros // 1000000, micros % 1000000, len(frame), len(frame)))
        out.append(frame)
    return b"".join(out)


def write(name, data):
    with open(name, "wb") as file:
        file.write(data)


def long(count, name):
    """Connections of ten packets each, 64 under way at a time."""
    flags = [(0, S), (1, S | A), (0, A), (0, A), (1, A), (1, A), (0, A), (0, F | A), (1, F | A), (0, A)]
    packets = []
    for n in range(0, count, 640):
        turn = [[1, 1] for _ in range(64)]
        for side, flag in flags:
            for flow in range(64):
                port = 32768 + (n // 10 + flow) % 28000
                seq = turn[flow]
                ends = [(US, port), (PEER, 443)]
                payload = b"d" * 32 if flag == A and side == 1 else b""
                a, b = ends[side], ends[1 - side]
                packets.append((n / 100000, ethernet(tcp(*a, *b, flag, seq[side], seq[1 - side], payload))))
                seq[side] += len(payload) + bool(flag & S) + bool(flag & F)
    write(name, capture(1, packets[:count]))


def main():
    if sys.argv[1] == "--long":
        long(int(sys.argv[2]), sys.argv[3])
        return
    folder = sys.argv[1]
    for name, (link, wrap) in LINKS.items():
        data = capture(link, [(1000 + when, wrap(packet)) for when, packet in CONVERSATION])
        write(f"{folder}/{name}.pcap", data)
    write(f"{folder}/cut.pcap", data[:-5])
    write(f"{folder}/header.pcap", data[:10])
    write(f"{folder}/garbage.pcap", b"this is no capture, it is a text\n" * 4)
    write(f"{folder}/empty.pcap", b"")
    write(f"{folder}/wifi.pcap", capture(105, []))


main()
