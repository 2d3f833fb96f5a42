#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections are ended by what they are: a live transfer gets no further, and
# with --reset both its ends are told at once, on a host and behind a gateway.
. "$(dirname "$0")/lib.sh"

layout_host
host behind
wire guarded eth1 behind eth0
address guarded eth1 198.51.100.1/24 2001:db8:2::1/64
address behind eth0 198.51.100.2/24 2001:db8:2::2/64
B=(198.51.100.2 2001:db8:2::2)
on guarded sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
on client ip route add 198.51.100.0/24 via 192.0.2.2
on client ip route add 2001:db8:2::/64 via 2001:db8::2
on behind ip route add 192.0.2.0/24 via 198.51.100.1
on behind ip route add 2001:db8::/64 via 2001:db8:2::1
printf '%s\n' 'inbound = ( { port = (22, 80); action = "allow"; } );' \
	'outbound = ( { port = "*"; action = "allow"; } );' \
	'forward = ( { port = 80; action = "allow"; } );' | write host.conf
firewall guarded "$DIR/host.conf"

# hold JOB NAME listen|connect ADDRESS: an end of a connection to port 80, that
# sends all the time what the other reads, and says how it ended
hold()
{
	local job=$1 name=$2
	shift 2
	start "$job" "$name" python3 -Eu "$TESTS/net/peer.py" hold "$@"
}

# pair SERVER ADDRESS: a live transfer from the client to that host
pair()
{
	hold far "$1" listen "$2"
	wait_for 10 grep -q ready "$DIR/far.log"
	hold near client connect "$2"
	wait_for 10 grep -q moving "$DIR/far.log"
	wait_for 10 grep -q moving "$DIR/near.log"
}

# ended JOB WORD: that end saw just that
ended()
{
	wait_for 10 gone "$1"
	collect "$1"
	is "$2" tail -n 1 "$DIR/$1.log"
}

kill_on()
{
	on guarded "$BIN/ephctl" --socket "$SOCKET" kill "$@"
}

step "a kill of everything must be asked for as such, and by who may"
expect 2 kill_on
says -- '--all'
expect 2 kill_on --dport x
expect 2 kill_on --all --dport 80
expect 6 kill_on --dport 81
expect 6 kill_on --all
cp "$BIN/ephctl" "$DIR/ephctl"
nobody()
{
	setpriv --reuid=65534 --regid=65533 --clear-groups \
		"$DIR/ephctl" --socket "$SOCKET" kill "$@"
}
chgrp 65533 "$SOCKET"
expect 4 nobody --dport 80
expect 4 nobody --dport 80 --reset

for i in 0 1; do
	for where in "guarded ${G[i]}" "behind ${B[i]}"; do
		read -r server at <<<"$where"
		step "$server, $at: without --reset it is stopped in silence"
		pair "$server" "$at"
		expect 6 kill_on --dst "$at" --dport 22
		expect 0 kill_on --dst "$at" --dport 80 --state established
		says '^1 connection ended$'
		is '' ctl flows --json --dst "$at" --dport 80 --state established
		counted not-a-start true
		for job in near far; do
			running $job || fail "$job has noticed"
			stop $job KILL
		done

		step "$server, $at: with --reset both ends see it at once"
		pair "$server" "$at"
		expect 0 kill_on --reset --dst "$at" --dport 80
		says '^1 connection ended, 1 reset$'
		ended near 'Connection reset by peer'
		ended far 'Connection reset by peer'
	done
done

step "who asked is in the log"
grep -q 'kill asked for by uid 0, pid [0-9]*: 1 connection ended and to be reset' \
	"$DIR/daemon.log"

step "UDP may open anew, and --json shows what was ended"
serve udp guarded udp/80
is answered probe client udp "${G[0]}" 80
expect 0 ctl --json kill --protocol udp
is "udp null" jq -r '"\(.protocol) \(.next)"' <<<"$OUT"
is answered probe client udp "${G[0]}" 80
stop daemon TERM
no_trace guarded
