#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A service manager with a descriptor store, as far as the daemon can tell.

It starts the daemon, listens to what it is told (sd_notify(3)), keeps what it
is given, and hands that to the next daemon.  It does what comes through a FIFO,
a line at a time, and says so in its log: "did LINE".

  start [NAME=VALUE...]     with these in its environment
  signal NAME               to the daemon
  take QUEUE WORD           read packets of a queue, the one with that word as the
                            last, as a daemon that is killed before its verdict
  stray NAME                keep a descriptor that is nobody's
  spoil NAME OFFSET         turn a byte of what is kept
  kept                      print the names of what is kept
  forget NAME
"""
import array
import mmap
import os
import signal
import socket
import subprocess
import sys
import threading

FIRST, MOST = 3, 40
# So that nothing of ours is where the daemon's are to be.
for number in range(FIRST, FIRST + MOST):
    os.dup2(os.open("/dev/null", os.O_RDONLY), number, inheritable=False)

ask, *command = sys.argv[1:]
store = {}
daemon = None
notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notes.bind(f"\0manager-{os.getpid()}")


def listen():
    while True:
        text, rights, _, _ = notes.recvmsg(4096, 1024)
        fds = array.array("i")
        for _, _, data in rights:
            fds.frombytes(data)
        said = dict(line.split("=", 1) for line in text.decode().splitlines())
        name = said.get("FDNAME")
        if "FDSTORE" in said:
            assert said["FDPOLL"] == "0"
            # One that is kept already is not kept twice.
            if name in store and os.path.samestat(
                    os.fstat(fds[0]), os.fstat(store[name])):
                os.close(fds[0])
                continue
            assert name not in store, name
            store[name] = fds[0]
        if "FDSTOREREMOVE" in said and name in store:
            os.close(store.pop(name))
        if "WATCHDOG" not in said:
            print("told", *text.decode().split(), flush=True)


def launch(variables):
    """With what is kept from descriptor 3 on."""
    fds = list(store.values())

    def prepare():
        for number, fd in enumerate(fds, FIRST):
            os.dup2(fd, number)

    environment = dict(os.environ, LISTEN_FDS=str(len(fds)),
                       LISTEN_FDNAMES=":".join(store),
                       NOTIFY_SOCKET=f"@manager-{os.getpid()}",
                       **dict(v.split("=", 1) for v in variables))
    # The shell's process is what it becomes.
    shell = ["sh", "-c", 'LISTEN_PID=${PID:-$$} exec "$@"', "sh", *command]
    return subprocess.Popen(
        shell, env=environment, preexec_fn=prepare, close_fds=False)


def do(verb, *words):
    global daemon
    if verb == "start":
        daemon = launch(words)
    elif verb == "signal":
        daemon.send_signal(getattr(signal, "SIG" + words[0]))
        print("ended", daemon.wait(), flush=True)
    elif verb == "take":
        queue = socket.socket(fileno=os.dup(store[words[0]]))
        while words[1].encode() not in queue.recv(4096):
            pass
        queue.close()
    elif verb == "stray":
        store[words[0]] = os.open("/dev/null", os.O_RDONLY)
    elif verb == "spoil":
        with mmap.mmap(store[words[0]], 0) as memory:
            memory[int(words[1])] ^= 0xff
    elif verb == "forget":
        os.close(store.pop(words[0]))
    elif verb == "kept":
        print("kept", *sorted(store), flush=True)


threading.Thread(target=listen, daemon=True).start()
while True:
    with open(ask) as lines:
        for line in lines:
            do(*line.split())
            print("did", line.strip(), flush=True)
