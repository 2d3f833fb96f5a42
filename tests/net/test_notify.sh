#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon tells a service manager, sd_notify(3), and when.
. "$(dirname "$0")/lib.sh"

host guarded
need_nfqueue guarded
conf=$SOURCE/conf/ephemerald.conf
# Takes datagrams at a path or an abstract name (@), and prints them.
listen='
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\0"))
print("bound", flush=True)
while True:
    print("got", s.recv(4096).decode(), flush=True)'

# daemon_that_tells NAME
daemon_that_tells()
{
	start daemon guarded env NOTIFY_SOCKET="$1" "$BIN/ephemerald" -c "$conf" \
		--socket "$SOCKET"
}

for name in "$DIR/notify.sock" "@eph$$"; do
	step "READY when the rules are in force, then STOPPING, to ${name##*/}"
	start manager guarded python3 -E -c "$listen" "$name"
	wait_for 10 grep -q bound "$DIR/manager.log"
	daemon_that_tells "$name"
	wait_for 20 grep -q 'got READY=1' "$DIR/manager.log"
	expect 0 on guarded nft list chain inet ephemerald inbound
	says 'hook input'
	stop daemon
	[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
	is 'bound got READY=1 got STOPPING=1' sh -c "grep -v '^got FDSTORE\\|^FD' '$DIR/manager.log' | xargs"
	stop manager
done

step "one that is not there costs a line in the log, nothing else"
daemon_that_tells "$DIR/absent.sock"
wait_for 20 ctl status
wait_for 5 grep -q 'absent.sock was not told READY=1' "$DIR/daemon.log"
stop daemon
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"

step "a start that fails is never READY"
start manager guarded python3 -E -c "$listen" "@eph$$"
wait_for 10 grep -q bound "$DIR/manager.log"
start holder guarded python3 -E "$TESTS/net/peer.py" nfqueue 0 --hold
wait_for 10 grep -q bound "$DIR/holder.log"
daemon_that_tells "@eph$$"
wait_for 10 gone daemon
collect daemon
[ "$STATUS" -eq 1 ] || fail "exit $STATUS"
is bound cat "$DIR/manager.log"
stop manager
stop holder KILL

signs()
{
	grep -c 'got WATCHDOG=1' "$DIR/manager.log" || true
}

more_signs_than()
{
	[ "$(signs)" -gt "$1" ]
}

# None for twenty times as long as one takes, while the main thread turns.
no_more_signs()
{
	local before turn
	before=$(signs)
	for turn in {1..60}; do
		ctl status >/dev/null || fail "no answer any more, at turn $turn"
		read -rt 0.03 <> <(:) || true
	done
	[ "$(signs)" = "$before" ]
}

# A worker that waits for packets moves every 400 ms.
step "a sign of life twice in the time the watchdog waits, while all work"
start manager guarded python3 -E -c "$listen" "@eph$$"
wait_for 10 grep -q bound "$DIR/manager.log"
start daemon guarded env NOTIFY_SOCKET="@eph$$" WATCHDOG_USEC=200000 \
	"$BIN/ephemerald" -c "$conf" --socket "$SOCKET"
wait_for 20 grep -q 'got READY=1' "$DIR/manager.log"
wait_for 20 more_signs_than 3

step "none while one worker hangs, and again when it goes on"
thread=$(grep -lx queue-0 "/proc/${PID[daemon]}"/task/*/comm)
thread=${thread%/comm}
start hang guarded python3 -E "$TESTS/net/peer.py" hang "${thread##*/}"
wait_for 10 grep -q hangs "$DIR/hang.log"
wait_for 20 no_more_signs
stop hang KILL
wait_for 20 more_signs_than "$(signs)"
stop daemon

step "none for a watchdog that waits for another process"
start daemon guarded env NOTIFY_SOCKET="@eph$$" WATCHDOG_USEC=200000 \
	WATCHDOG_PID=1 "$BIN/ephemerald" -c "$conf" --socket "$SOCKET"
wait_for 20 ctl status
no_more_signs || fail "it gives signs"
stop daemon
