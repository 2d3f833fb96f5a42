#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From one process to the next, with a service manager that does as it is told:
# what was read and not judged is dropped, what waits is judged, and what cannot
# be taken over is said in a line and done without.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 udp/7
write guarded.conf <<'END'
inbound = ( { port = 22; action = "allow"; },
            { port = 7; protocol = "udp"; action = "allow"; } );
outbound = ( );
queue = { count = 1; };
END
mkdir "$DIR/state"
mkfifo "$DIR/do"
start manager guarded python3 -Eu "$TESTS/net/manager.py" "$DIR/do" \
	"$BIN/ephemerald" -c "$DIR/guarded.conf" --socket "$SOCKET" \
	--state "$DIR/state"
exec {orders}>"$DIR/do"

# How often the log has that.
logged()
{
	grep -cE -- "$1" "$DIR/manager.log" || true
}

logged_more_than()
{
	[ "$(logged "$2")" -gt "$1" ]
}

# orders the manager, and waits until it has done so
manager()
{
	local before
	before=$(logged "^did $*\$")
	echo "$*" >&$orders
	wait_for 10 logged_more_than "$before" "^did $*\$"
}

begin()
{
	local before
	before=$(logged '^told READY=1')
	manager start
	wait_for 20 logged_more_than "$before" '^told READY=1'
}

# is_kept NAME...: that, and nothing else
is_kept()
{
	manager kept
	[ "$(grep '^kept' "$DIR/manager.log" | tail -n 1)" = "kept $*" ]
}

# Sends these words to port 7, and prints what comes back: PORT ADDRESS WORD...
take_mail()
{
	start mail client python3 -Eu -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", int(sys.argv[1])))
s.connect((sys.argv[2], 7))
for word in sys.argv[3:]:
    s.send(word.encode())
print("sent")
while True:
    print("got", s.recv(100).decode())' "$@"
	wait_for 10 grep -q sent "$DIR/mail.log"
}

none_waits()
{
	on guarded awk '$1 == 0 { exit $3 > 0 }' /proc/net/netfilter/nfnetlink_queue
}

step "what is kept: the table, the queues, the socket, the flows"
begin
is_kept control flows-0 nft queue-0
is answered probe client udp "${G[0]}" 7
is answered probe client udp "${G[1]}" 7

step "killed: the table stays, and packets wait"
manager signal KILL
expect 0 on guarded nft list table inet ephemerald
take_mail 4000 "${G[0]}" one two three four

step "two of four were in its hands: they are dropped, the others are judged"
manager take queue-0 two
begin
wait_for 5 grep -q 'got four' "$DIR/mail.log"
is 'sent got three got four' xargs <"$DIR/mail.log"
wait_for 5 none_waits
is_kept control flows-1 nft queue-0
stop mail KILL

step "all were in its hands: they are dropped when nothing else comes"
manager signal KILL
take_mail 4001 "${G[0]}" five six
manager take queue-0 six
begin
wait_for 10 none_waits
is sent cat "$DIR/mail.log"
is answered probe client udp "${G[0]}" 7
is_kept control flows-0 nft queue-0
stop mail KILL

step "SIGTERM leaves everything to the next one, too"
manager signal TERM
expect 0 on guarded nft list table inet ephemerald
[ -S "$SOCKET" ] || fail "no socket"
[ -s "$DIR/state/flows" ] || fail "no file of flows"
take_mail 4002 "${G[0]}" seven
begin
wait_for 5 grep -q 'got seven' "$DIR/mail.log"
[ ! -e "$DIR/state/flows" ] || fail "the file of flows is there still"
stop mail KILL

step "a descriptor that it does not know is given up"
manager signal KILL
manager stray another
begin
is_kept control flows-0 nft queue-0

flows()
{
	ctl --json status | jq .flows.used
}

step "what is handed over to another process is left alone"
before=$(flows)
[ "$before" -gt 0 ] || fail "no flows"
manager signal KILL
manager start PID=1
wait_for 10 grep -qE 'another instance|in use by another|is taken by' "$DIR/manager.log"
manager signal KILL

step "flows that are damaged as a whole: one line, and it starts without"
manager spoil flows-0 0
begin
wait_for 5 grep -q 'connections of the process before are lost: it is not of ephemerald' \
	"$DIR/manager.log"
is 0 flows
is answered probe client udp "${G[0]}" 7
is_kept control flows-1 nft queue-0

step "flows in two places, as when it was killed in between"
manager signal KILL
manager stray flows-0
begin
is_kept control flows-1 nft queue-0
is 1 flows

step "a file of flows that was changed: one line, and it starts without"
manager signal TERM
manager forget flows-1
printf 'x' | dd of="$DIR/state/flows" bs=1 seek=100 conv=notrunc status=none
begin
wait_for 5 grep -q 'state: .*flows is not used: it was changed' "$DIR/manager.log"
is 0 flows
is answered probe client udp "${G[0]}" 7
manager signal TERM
manager forget flows-0
begin
is 1 flows

step "SIGINT removes all; closed, the rest of the store leaves no trace"
manager signal INT
expect 0 on guarded nft list tables
[ -z "$OUT" ] || fail "left: $OUT"
stop manager
no_trace guarded
is key ls "$DIR/state"

step "without a service manager, --state is enough for a stop and a start"
start daemon guarded "$BIN/ephemerald" -c "$DIR/guarded.conf" \
	--socket "$SOCKET" --state "$DIR/state"
wait_for 20 ctl status
is answered probe client udp "${G[0]}" 7
stop daemon TERM
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
no_trace guarded
start daemon guarded "$BIN/ephemerald" -c "$DIR/guarded.conf" \
	--socket "$SOCKET" --state "$DIR/state"
wait_for 20 ctl status
is 1 flows
stop daemon INT
is $'flows\nkey' ls "$DIR/state"
