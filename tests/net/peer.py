#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the hosts of the network tests run: servers, clients, forgers.

tcp and udp say what a person would: answered, refused, unreachable, silent.
Only sockets of the kernel, so that what is tested is its stack; forge alone
makes packets of its own.  agent runs the commands that come through a FIFO, for
a test has many and Python starts slowly.
"""
import argparse
import contextlib
import ctypes
import errno
import hashlib
import io
import itertools
import os
import selectors
import socket
import struct
import sys
import time

DATAGRAMS = itertools.count(1)
FLAGS = {"F": 1, "S": 2, "R": 4, "P": 8, "A": 16, "U": 32}


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def opened(kind, address, from_port):
    s = socket.socket(family(address), kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if from_port:
        s.bind(("", from_port))
    return s


def word_for(error):
    if isinstance(error, (TimeoutError, socket.timeout)):
        return "silent"
    if error.errno in (errno.ECONNREFUSED, errno.ECONNRESET):
        return "refused"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EACCES):
        return "unreachable"
    raise error


def talk(args, kind):
    """One question to each port, and what became of it."""
    words = []
    hello = b"hello\n".rjust(args.bytes, b".")
    for port in args.ports:
        s = opened(kind, args.address, args.from_port)
        s.settimeout(args.within)
        try:
            s.connect((args.address, port))
            s.sendall(hello)
            word = "answered" if s.recv(65536) == hello else "garbled"
        except OSError as error:
            word = word_for(error)
        print(f"   port {s.getsockname()[1]} to {args.address} port {port}:",
              word, file=sys.stderr)
        words.append(word)
    print(*words)


def serve(args):
    """Echo on each of tcp/PORT and udp/PORT, both families."""
    ready = selectors.DefaultSelector()
    for spec in args.ports:
        protocol, port = spec.split("/")
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        for address in ("0.0.0.0", "::"):
            s = socket.socket(family(address), kind)
            if family(address) == socket.AF_INET6:
                s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)  # SO_RCVBUFFORCE
            s.bind((address, int(port)))
            if protocol == "tcp":
                s.listen(64)
            ready.register(s, selectors.EVENT_READ, protocol)
    print("ready")
    while True:
        for key, _ in ready.select():
            s = key.fileobj
            if key.data == "tcp":
                ready.register(s.accept()[0], selectors.EVENT_READ, "stream")
            elif key.data == "udp":
                data, source = s.recvfrom(65536)
                s.sendto(data, source)
            elif not echo(s):
                ready.unregister(s)
                s.close()


def echo(s):
    try:
        data = s.recv(65536)
        s.sendall(data)
        return data
    except OSError:
        return None


def stream(args):
    """Numbered questions at a steady pace; each must have its own answer."""
    kind = socket.SOCK_STREAM if args.protocol == "tcp" else socket.SOCK_DGRAM
    s = opened(kind, args.address, 0)
    s.settimeout(args.within)
    s.connect((args.address, args.port))
    if kind == socket.SOCK_STREAM:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    longest = lost = number = 0
    end = time.monotonic() + args.seconds
    print("ready", flush=True)
    while time.monotonic() < end:
        number += 1
        asked = time.monotonic()
        s.sendall(b"%09d\n" % number)
        try:
            while s.recv(100) != b"%09d\n" % number:
                pass
        except TimeoutError:
            lost += 1
        longest = max(longest, time.monotonic() - asked)
        time.sleep(args.every / 1000)
    print(f"asked={number} lost={lost} longest_ms={longest * 1000:.0f}")


class Pace:
    """Questions at a steady pace, whatever becomes of those before: most on one
    flow, every tenth also on a new one, and one to a port that must not answer."""

    def __init__(self, args):
        self.args = args
        self.ready = selectors.DefaultSelector()
        self.asked = {}
        self.sent = dict.fromkeys(("flow", "new", "blocked"), 0)
        self.got = dict(self.sent)
        self.longest = 0
        self.flow = self.socket("flow", args.port)

    def socket(self, kind, port):
        s = opened(socket.SOCK_DGRAM, self.args.address, 0)
        s.setsockopt(socket.SOL_SOCKET, 33, 1 << 22)  # SO_RCVBUFFORCE
        s.connect((self.args.address, port))
        s.setblocking(False)
        self.ready.register(s, selectors.EVENT_READ, kind)
        return s

    def ask(self, kind, s):
        number = next(DATAGRAMS)
        self.asked[number] = time.monotonic()
        self.sent[kind] += 1
        s.send(b"%09d" % number)

    def take(self, until):
        while (left := until - time.monotonic()) > 0:
            for key, _ in self.ready.select(left):
                asked = self.asked.pop(int(key.fileobj.recv(100)), None)
                if asked:
                    self.got[key.data] += 1
                    self.longest = max(self.longest, time.monotonic() - asked)
            if self.done():
                break

    def done(self):
        """All was sent, and all is here that can be."""
        return self.sent["flow"] == self.args.packets and all(
            self.got[kind] == self.sent[kind] for kind in ("flow", "new"))

    def run(self):
        start = time.monotonic()
        print("ready", flush=True)
        for n in range(self.args.packets):
            self.ask("flow", self.flow)
            if n % 10 == 0:
                self.ask("new", self.socket("new", self.args.port))
                self.ask("blocked", self.socket("blocked", self.args.blocked))
            self.take(start + n * self.args.every / 1000)
        self.take(time.monotonic() + self.args.within)
        lost = {kind: self.sent[kind] - self.got[kind] for kind in self.sent}
        print(f"asked={self.sent['flow']} lost={lost['flow']}",
              f"new={self.sent['new']} new_lost={lost['new']}",
              f"blocked={self.sent['blocked']} passed={self.got['blocked']}",
              f"longest_ms={self.longest * 1000:.0f}")


def session(args):
    """A connection that waits to be told to ask, and for its answers."""
    s = opened(socket.SOCK_STREAM, args.address, 0)
    s.connect((args.address, args.port))
    print("port", s.getsockname()[1], "is ours")
    while True:
        with open(args.go) as go:
            for line in go:
                s.sendall(line.encode())
                if not s.recv(100):
                    sys.exit("the connection was closed")
                print("answer")


def hold(args):
    """An end of a connection to port 80 that sends and reads all the time, until
    it is told that there is no connection any more."""
    f = family(args.address)
    if args.end == "listen":
        with socket.create_server((args.address, 80), family=f) as server:
            print("ready")
            s = server.accept()[0]
    else:
        s = socket.create_connection((args.address, 80))
    s.setblocking(False)
    ready = selectors.DefaultSelector()
    ready.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE)
    moved = 0
    try:
        while True:
            for _, events in ready.select():
                if events & selectors.EVENT_READ:
                    data = s.recv(1 << 16)
                    if not data:
                        print("closed")
                        return
                    if moved < 1 << 20 <= moved + len(data):
                        print("moving")
                    moved += len(data)
                if events & selectors.EVENT_WRITE:
                    s.send(b"." * 4096)
    except OSError as error:
        print(error.strerror)


def bulk(args):
    """Send megabytes to an echo server, and for so many seconds at least; what
    comes back must be the same."""
    s = opened(socket.SOCK_STREAM, args.address, 0)
    s.settimeout(args.within)
    s.connect((args.address, args.port))
    s.setblocking(False)
    ready = selectors.DefaultSelector()
    ready.register(s, selectors.EVENT_READ | selectors.EVENT_WRITE)
    block = os.urandom(1 << 20)
    size, end = args.megabytes << 20, time.monotonic() + args.seconds
    sent, received, wanted, got = 0, 0, hashlib.sha256(), hashlib.sha256()
    while received < size:
        if received + len(block) > size and time.monotonic() < end:
            size += len(block)
        events = ready.select(args.within)
        if not events:
            print(f"stalled after {sent} out, {received} back")
            return
        if events[0][1] & selectors.EVENT_WRITE:
            # A bounded lead keeps the echo server from blocking for ever.
            if sent < size and sent - received < 1 << 20:
                at = sent % len(block)
                n = s.send(block[at:at + 65536])
                wanted.update(block[at:at + n])
                sent += n
        if events[0][1] & selectors.EVENT_READ:
            data = s.recv(1 << 18)
            if not data:
                print(f"closed after {received} back")
                return
            got.update(data)
            received += len(data)
    print("same" if got.digest() == wanted.digest() else "different")


def volley(args):
    """Datagrams, one after the other, as fast as they go."""
    with opened(socket.SOCK_DGRAM, args.address, args.from_port) as s:
        s.connect((args.address, args.port))
        for _ in range(args.packets):
            s.send(b"volley")
    print(args.packets, "sent")


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_header(src, dst, protocol, length, number=1, place=0):
    """Of a packet of `length` bytes behind it; place: of an IPv4 fragment."""
    if len(src) == 4:
        return struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, number, place, 64,
                           protocol, 0) + src + dst
    return struct.pack("!IHBB", 6 << 28, length, protocol, 64) + src + dst


def pseudo_header(src, dst, protocol, length):
    if len(src) == 4:
        return src + dst + struct.pack("!BBH", 0, protocol, length)
    return src + dst + struct.pack("!IHBB", length, 0, 0, protocol)


def forge(args):
    """A packet with any source: forge tcp|udp SRC PORT DST PORT [FLAGS]."""
    f = family(args.src)
    src, dst = (socket.inet_pton(f, a) for a in (args.src, args.dst))
    if args.protocol == "tcp":
        number, at = socket.IPPROTO_TCP, 16
        flags = sum(FLAGS[letter] for letter in args.flags)
        l4 = struct.pack("!HHIIBBHHH", args.sport, args.dport, 1000, 2000,
                         5 << 4, flags, 64240, 0, 0)
    else:
        number, at = socket.IPPROTO_UDP, 6
        l4 = struct.pack("!HHHH", args.sport, args.dport, 14, 0) + b"forged"
    pseudo = pseudo_header(src, dst, number, len(l4))
    value = checksum(pseudo + l4) or 0xFFFF
    l4 = l4[:at] + struct.pack("!H", value) + l4[at + 2:]
    with socket.socket(f, socket.SOCK_RAW, socket.IPPROTO_RAW) as s:
        s.sendto(ip_header(src, dst, number, len(l4)) + l4, (args.dst, 0))


def shards(args):
    """A datagram to an echo server in fragments of its own: START-END with a +
    behind it if it is not the last; 0-END is a whole one, in a fragment.

    shards tcp|udp SRC DST PORT PIECE...: answered, garbled or silent
    """
    f = family(args.src)
    src, dst = (socket.inet_pton(f, a) for a in (args.src, args.dst))
    protocol = getattr(socket, "IPPROTO_" + args.protocol.upper())
    number = next(DATAGRAMS)
    size = max(int(p.strip("+").split("-")[1]) for p in args.pieces)
    data = bytes(i % 251 for i in range(size - 8))
    with opened(socket.SOCK_DGRAM, args.src, 0) as s, \
            socket.socket(f, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        s.settimeout(args.within)
        s.connect((args.dst, args.port))
        length = size % 65536
        head = struct.pack("!HHH", s.getsockname()[1], args.port, length)
        value = checksum(pseudo_header(src, dst, protocol, length) + head + data)
        whole = head + struct.pack("!H", value or 0xFFFF) + data
        for piece in args.pieces:
            start, end = (int(n) for n in piece.strip("+").split("-"))
            more, part = piece.endswith("+"), whole[start:end]
            if f == socket.AF_INET:
                place = start // 8 | more << 13
                ip = ip_header(src, dst, protocol, len(part), number, place)
            else:
                ip = ip_header(src, dst, 44, 8 + len(part)) + struct.pack(
                    "!BBHI", protocol, 0, start | more, number)
            raw.sendto(ip + part, (args.dst, 0))
        try:
            print("answered" if s.recv(65536) == data else "garbled")
        except TimeoutError:
            print("silent")


def nfqueue(args):
    """Bind an NFQUEUE, and say what came of it.  With --hold keep it."""
    try:
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
    except OSError:
        print("none")
        return
    with s:
        s.bind((0, 0))
        bind = struct.pack("=HH", 8, 1) + struct.pack("!BBH", 1, 0, 0)
        body = struct.pack("!BBH", 0, 0, args.number) + bind
        s.send(struct.pack("=IHHII", 16 + len(body), 3 << 8 | 2, 5, 1, 0) + body)
        error = struct.unpack_from("=i", s.recv(4096), 16)[0]
        word = os.strerror(-error) if error else "bound"
        # EINVAL: nfnetlink is there, the queue module is not.
        print("none" if error == -errno.EINVAL else word, flush=True)
        while args.hold and not error:
            time.sleep(60)


def hang(args):
    """Stop one thread of a process, and no other, until this ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, args.thread, None, None):  # PTRACE_ATTACH
        sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))
    os.waitpid(args.thread, 0x40000000)  # __WALL: it has stopped
    print("hangs", flush=True)
    os.waitpid(args.thread, 0x40000000)  # it was killed


def agent(args):
    """Each line that `ask` brings is a command; `answer` takes its output."""
    while True:
        with open(args.ask) as ask:
            words = ask.readline().split()
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said):
                command = parse(words)
                command.run(command)
        except Exception as error:  # told to the test, which then fails
            print(repr(error), file=said)
        with open(args.answer, "w") as answer:
            answer.write(said.getvalue())


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)

    def command(name, run, **defaults):
        sub = commands.add_parser(name)
        sub.set_defaults(run=run, **defaults)
        return sub

    command("serve", serve).add_argument("ports", nargs="+")
    for name, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
        sub = command(name, lambda a, kind=kind: talk(a, kind))
        sub.add_argument("address")
        sub.add_argument("ports", type=int, nargs="+")
        sub.add_argument("--from-port", type=int, default=0)
        sub.add_argument("--within", type=float, default=1.5)
        sub.add_argument("--bytes", type=int, default=0)
    sub = command("stream", stream)
    sub.add_argument("protocol")
    sub.add_argument("address")
    sub.add_argument("port", type=int)
    sub.add_argument("--seconds", type=float, default=3)
    sub.add_argument("--every", type=float, default=2, help="ms")
    sub.add_argument("--within", type=float, default=3)
    sub = command("pace", lambda args: Pace(args).run())
    sub.add_argument("address")
    sub.add_argument("port", type=int)
    sub.add_argument("blocked", type=int)
    sub.add_argument("packets", type=int)
    sub.add_argument("--every", type=float, default=2, help="ms")
    sub.add_argument("--within", type=float, default=10)
    sub = command("session", session)
    sub.add_argument("address")
    sub.add_argument("port", type=int)
    sub.add_argument("go", help="a FIFO, a line a question")
    sub = command("hold", hold)
    sub.add_argument("end", choices=("listen", "connect"))
    sub.add_argument("address")
    sub = command("bulk", bulk)
    sub.add_argument("address")
    sub.add_argument("port", type=int)
    sub.add_argument("megabytes", type=int)
    sub.add_argument("--seconds", type=float, default=0)
    sub.add_argument("--within", type=float, default=10)
    sub = command("volley", volley)
    sub.add_argument("address")
    sub.add_argument("port", type=int)
    sub.add_argument("packets", type=int)
    sub.add_argument("--from-port", type=int, default=0)
    sub = command("forge", forge)
    sub.add_argument("protocol")
    for end in ("src", "sport", "dst", "dport"):
        sub.add_argument(end, type=int if "port" in end else str)
    sub.add_argument("flags", nargs="?", default="")
    sub = command("shards", shards)
    sub.add_argument("protocol")
    sub.add_argument("src")
    sub.add_argument("dst")
    sub.add_argument("port", type=int)
    sub.add_argument("pieces", nargs="+")
    sub.add_argument("--within", type=float, default=1)
    sub = command("hang", hang)
    sub.add_argument("thread", type=int)
    sub = command("agent", agent)
    sub.add_argument("ask")
    sub.add_argument("answer")
    sub = command("nfqueue", nfqueue)
    sub.add_argument("number", type=int, nargs="?", default=0)
    sub.add_argument("--hold", action="store_true")
    return parser.parse_args(words)


if __name__ == "__main__":
    arguments = parse(sys.argv[1:])
    arguments.run(arguments)
