#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Under a real systemd, with traffic all the while: whatever ends the daemon, the
# next one goes on where it was.  No packet of a connection is lost, no new
# connection either, and none gets in that may not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.sh"

command -v cmake >/dev/null || skip "no cmake"
host client
need_nfqueue client
step "a machine with systemd boots, and is guarded"
boot guarded
wire client eth0 guarded eth0
address client eth0 192.0.2.1/24 2001:db8::1/64
address guarded eth0 192.0.2.2/24 2001:db8::2/64
G=(192.0.2.2 2001:db8::2)
serve server guarded tcp/22 udp/7 udp/8080
install_build
inside systemd-sysusers
inside systemctl daemon-reload
unit=$(inside systemctl cat ephemerald)
CONFIG=$MACHINE$(sed -n 's/^ExecStart=.* -c //p' <<<"$unit")
EPHCTL=$(sed -n 's/^ExecReload=\(.*\) reload$/\1/p' <<<"$unit")
cat >"$CONFIG" <<-'END'
	inbound = ( { port = 22; action = "allow"; },
	            { port = 7; protocol = "udp"; action = "allow"; } );
	outbound = ( );
	queue = { length = 8192; }; # on a busy machine a start takes its time
END
expect 0 inside systemctl start ephemerald

ctl()
{
	inside "$EPHCTL" "$@"
}

property()
{
	inside systemctl show --value -p "$1" ephemerald
}

said()
{
	inside journalctl --sync
	inside journalctl -u ephemerald -o cat --no-pager | grep -cE -- "$1" || true
}

# For each family 500 packets a second, 3500 in all: a question and its answer.
traffic()
{
	for family in 0 1; do
		start "traffic$family" client python3 -E "$TESTS/net/peer.py" pace \
			"${G[$family]}" 7 8080 1750 --every 4
		wait_for 10 grep -q ready "$DIR/traffic$family.log"
	done
}

# nothing_lost [MOST]: or at most so many of a family
nothing_lost()
{
	local most=${1:-0} lost
	for family in 0 1; do
		wait_for 30 gone "traffic$family"
		collect "traffic$family"
		echo "   ${G[$family]}: $(tail -n 1 "$DIR/traffic$family.log")"
		grep -q '^asked=1750 .*new=175 .*blocked=175 passed=0 ' \
			"$DIR/traffic$family.log" ||
			fail "$(tail -n 1 "$DIR/traffic$family.log")"
		lost=$(sed -nE 's/^asked.* lost=([0-9]+) .*new_lost=([0-9]+) .*/\1 + \2/p' \
			"$DIR/traffic$family.log")
		[ $((lost)) -le "$most" ] || fail "lost: $lost"
	done
}

# another_than PID: is the daemon, and it is in force
another_than()
{
	[ "$(property MainPID)" != "$1" ] && inside systemctl is-active ephemerald
}

# Stopped, and every worker waits for packets: none is in its hands.
between_batches()
{
	local worker
	inside kill -STOP "$1"
	while read -r worker; do
		if ! grep -qE "^(7|271) " "${worker%comm}syscall"; then # poll, ppoll
			inside kill -CONT "$1"
			return 1
		fi
	done < <(grep -l '^queue-' "$MACHINE/proc/$1"/task/*/comm)
}

step "systemctl restart loses nothing"
traffic
for _ in 1 2; do
	expect 0 inside systemctl restart ephemerald
done
nothing_lost
is 2 said 'connections taken over from the process before: [1-9]'
is 0 said 'lost'

step "kill -9 between two batches loses nothing"
traffic
pid=$(property MainPID)
wait_for 10 between_batches "$pid"
inside kill -KILL "$pid"
wait_for 10 another_than "$pid"
nothing_lost
is 3 said 'connections taken over from the process before: [1-9]'

step "kill -9 at any time loses what was in its hands, and lets nothing in"
traffic
for _ in 1 2 3; do
	pid=$(property MainPID)
	inside kill -KILL "$pid"
	wait_for 10 another_than "$pid"
done
nothing_lost 64

step "an ssh connection lives on; who asks meanwhile is answered by the next one"
mkfifo "$DIR/go"
start session client python3 -Eu "$TESTS/net/peer.py" session "${G[0]}" 22 "$DIR/go"
wait_for 10 grep -q ours "$DIR/session.log"
exec {go}>"$DIR/go"
answers()
{
	[ "$(grep -c answer "$DIR/session.log")" = "$1" ]
}
echo one >&$go
wait_for 5 answers 1
pid=$(property MainPID)
inside kill -STOP "$pid"
inside "$EPHCTL" status >"$DIR/asked.log" 2>&1 &
PID[asked]=$!
inside kill -KILL "$pid"
wait_for 10 another_than "$pid"
wait_for 10 gone asked
collect asked
echo two >&$go
wait_for 5 answers 2

step "the policy is that of today: what it refuses does not go on"
sed -i 's/port = 22/port = 23/' "$CONFIG"
expect 0 inside systemctl restart ephemerald
echo three >&$go
counted not-a-start true
answers 2 || fail "it goes on"
sed -i 's/port = 23/port = 22/' "$CONFIG"

step "fewer queues: those not used any more go"
queues()
{
	on guarded sh -c 'wc -l </proc/net/netfilter/nfnetlink_queue'
}
sed -i 's/queue = {/queue = { first = 3; count = 1;/' "$CONFIG"
expect 0 inside systemctl restart ephemerald
wait_for 5 eval '[ "$(queues)" = 1 ]'
is answered probe client udp "${G[1]}" 7

step "failed: all that was kept is let go, and the host is open"
traffic
inside mkdir -p /run/systemd/system/ephemerald.service.d
printf '[Service]\nRestart=no\n' >"$MACHINE/run/systemd/system/ephemerald.service.d/no.conf"
inside systemctl daemon-reload
inside kill -KILL "$(property MainPID)"
is_failed()
{
	[ "$(property ActiveState)" = failed ]
}
nothing_is_left()
{
	[ -z "$(on guarded nft list tables)" ] && [ "$(queues)" = 0 ]
}
wait_for 10 is_failed
wait_for 10 nothing_is_left
is 0 property NFileDescriptorStore

step "a stop leaves nothing either"
inside systemctl reset-failed ephemerald
expect 0 inside systemctl start ephemerald
[ "$(property NFileDescriptorStore)" -ge 4 ] || fail "it keeps too little"
expect 0 inside systemctl stop ephemerald
wait_for 10 nothing_is_left
expect 1 inside test -e /run/ephemerald/control.sock
is 0 property NFileDescriptorStore
