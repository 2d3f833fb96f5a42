#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stateless and stateful, side by side: the same packets against the two tables
# of "Ephemeral ports and firewalls" without state, without state but with the
# ephemeral ports opened, and with state.
. "$(dirname "$0")/lib.sh"

layout_host
serve outside client tcp/443 udp/53
serve inside guarded tcp/22 tcp/40000

tables()
{
	local state=$1 extra=${2:-}
	cat <<-EOF
		inbound = (
		  { port = 22;  action = "allow"; $state },
		  { port = 80;  action = "allow"; $state },
		  { port = 443; action = "allow"; $state },
		  $extra
		  { port = "*"; action = "block"; }
		);
		outbound = ( { port = "*"; action = "allow"; $state } );
	EOF
}
stateless='stateful = false;'
tables "$stateless" | write stateless.conf
tables "$stateless" "{ port = \"32768-60999\"; action = \"allow\"; $stateless }," |
	write opened.conf
tables '' | write stateful.conf

# What each policy makes of the packets, in one column: $1 is the policy.
ask()
{
	local i
	start daemon guarded "$BIN/ephemerald" -c "$DIR/$1.conf" --socket "$SOCKET"
	wait_for 20 started
	for i in 0 1; do
		probe client tcp "${G[i]}" 22
		probe guarded tcp "${C[i]}" 443 --from-port 32768
		probe guarded udp "${C[i]}" 53 --from-port 32768
		probe client tcp "${G[i]}" 40000
	done 2>/dev/null
	stop daemon INT
	[ "$STATUS" -eq 0 ] || fail "the daemon ended with $STATUS"
}

for policy in stateless opened stateful; do
	step "the packets against $policy.conf"
	ask $policy >"$DIR/$policy"
done

for i in 0 1; do
	cat <<-EOF
		${C[i]} opens 22 of the host
		the host asks ${C[i]}:443 from port 32768 (tcp)
		the host asks ${C[i]}:53 from port 32768 (udp)
		${C[i]} opens 40000 of the host, unasked
	EOF
done >"$DIR/question"
paste -d '|' "$DIR"/{question,stateless,opened,stateful} |
	column -t -s '|' -N 'packets,stateless,32768-60999 opened,stateful'

step "stateless: the reply on 32768 is lost"
is "$(printf 'answered\nsilent\nsilent\nsilent\n%.0s' 1 2)" cat "$DIR/stateless"
step "stateless with 32768-60999 opened: it passes, and so does a stranger"
is "$(printf 'answered\nanswered\nanswered\nanswered\n%.0s' 1 2)" cat "$DIR/opened"
step "stateful: it passes, and the stranger does not"
is "$(printf 'answered\nanswered\nanswered\nsilent\n%.0s' 1 2)" cat "$DIR/stateful"
