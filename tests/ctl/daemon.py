#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A control socket that answers what a file says: daemon.py SOCKET FOLDER.

The answer to command `flows` is FOLDER/flows, sent as it is but for two things:
%REQUEST% becomes the request as a JSON string, %AGO:90% the time 90 s ago, and
%IN:90% the time in 90 s.
Where it ends without its last object, the connection ends with it; after a
line `%SILENCE%` it stays open, and nothing comes any more.

Prints the number of the process that serves, once it does.
"""
import json
import os
import re
import socket
import sys
import time


def answer(request, folder):
    with open(os.path.join(folder, request["command"]), "rb") as file:
        text = file.read()
    text = text.replace(b"%REQUEST%", json.dumps(json.dumps(request)).encode())
    now = time.time()
    text = re.sub(rb"%AGO:(\d+)%", lambda m: b"%d" % (now - int(m[1])), text)
    return re.sub(rb"%IN:(\d+)%", lambda m: b"%d" % (now + int(m[1]) + 30), text)


def main():
    path, folder = sys.argv[1:]
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen()
    child = os.fork()
    if child:
        print(child)
        return
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    held = []
    while True:
        client, _ = server.accept()
        line = client.makefile("rb").readline()
        said, silence, _ = answer(json.loads(line), folder).partition(b"%SILENCE%")
        client.sendall(said)
        if silence:
            held.append(client)
        else:
            client.close()


main()
