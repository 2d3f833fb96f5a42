#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad clients of the control socket: silent, slow, deaf, talking garbage, in
crowds.  Runs until it is killed.
"""
import os
import random
import socket
import sys
import time

PATH = sys.argv[1]
SEED = random.Random(1)
REQUEST = b'{"id":1,"command":"status","args":{}}\n'


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(0.2)
    s.connect(PATH)
    return s


def silent(s):
    pass


def slow(s):
    s.send(REQUEST[:SEED.randrange(1, 20)])


def garbage(s):
    s.sendall(os.urandom(SEED.randrange(1, 5000)) + b"\n")


def endless(s):
    """A line that never ends."""
    for _ in range(40):
        s.sendall(b"x" * 4096)


def deaf(s):
    """Asks and asks, and reads no answer."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    for _ in range(2000):
        s.sendall(REQUEST)


def nested(s):
    s.sendall(b'{"id":' + b"[" * 30000 + b"\n")


def vanishing(s):
    s.sendall(REQUEST * 5)
    s.close()


def main():
    held = []
    manners = (silent, slow, garbage, endless, deaf, nested, vanishing)
    print("ready", flush=True)
    while True:
        manner = SEED.choice(manners)
        try:
            s = connect()
            held.append(s)
            manner(s)
        except OSError:  # cut, or not let in: as it should be
            pass
        if len(held) > 40:
            held.pop(SEED.randrange(len(held))).close()
        time.sleep(0.005)


main()
