#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules for users and groups: the kernel says whose socket sends, and a reload
# that takes a user's right away cuts that user's connections, not another's.
. "$(dirname "$0")/lib.sh"

layout_host
serve server client tcp/80 tcp/81 tcp/82 udp/80
cp "$TESTS/net/peer.py" "$DIR/peer.py"

# rules LINE...: outbound rules in force from now on
rules()
{
	write host.conf <<-EOF2
		inbound = ( );
		outbound = ( $* );
	EOF2
	[ -z "${PID[daemon]:-}" ] || expect 0 ctl reload
}

# as USER GROUP COMMAND...: of peer.py on the guarded host
as()
{
	on guarded setpriv --reuid="$1" --regid="$2" --clear-groups \
		/usr/bin/python3 -E "$DIR/peer.py" "${@:3}"
}

# flows_to PORT: live ones
flows_to()
{
	ctl --json flows --dport "$1" | wc -l
}
are_left()
{
	[ "$(flows_to "$1")" -eq "$2" ]
}
grow()
{
	local before
	before=$(answers "$1")
	wait_for 10 exceed "$1" "$before"
}
answers()
{
	ctl --json flows --dport "$1" | jq -s 'map(.packets[1]) | add // 0'
}
exceed()
{
	[ "$(answers "$1")" -gt "$2" ]
}

rules '{ port = "*"; action = "allow"; }'
firewall guarded "$DIR/host.conf"

step "a policy that begins to ask gets its answers"
is answered as daemon daemon tcp "${C[0]}" 80
rules '{ user = "daemon"; action = "allow"; }, { group = "mail"; action = "allow"; }'
for i in 0 1; do
	is answered as daemon daemon tcp "${C[i]}" 80
	is answered as daemon daemon udp "${C[i]}" 80
	is silent as bin bin tcp "${C[i]}" 80
	is silent as bin bin udp "${C[i]}" 80
	is answered as bin mail tcp "${C[i]}" 80
	is silent as root root tcp "${C[i]}" 80
done

step "ephctl explains for whom"
expect 0 ctl explain outbound tcp 192.0.2.2 192.0.2.1:80 user=daemon --expect accept
expect 0 ctl explain outbound tcp 192.0.2.2 192.0.2.1:80 user=bin group=mail --expect accept
expect 8 ctl explain outbound tcp 192.0.2.2 192.0.2.1:80 user=bin --expect accept
says 'fails at user'
expect 2 ctl explain outbound tcp 192.0.2.2 192.0.2.1:80 user=no-one
says 'user "no-one" is not in /etc/passwd'

step "a reload cuts one user's connections and leaves the other's"
rules '{ user = ["daemon", "bin"]; action = "allow"; }'
for i in 0 1; do
	start "daemon$i" guarded setpriv --reuid=daemon --regid=daemon --clear-groups \
		/usr/bin/python3 -E "$DIR/peer.py" stream tcp "${C[i]}" 82 --seconds 120 --every 20 --within 120
	start "bin$i" guarded setpriv --reuid=bin --regid=bin --clear-groups \
		/usr/bin/python3 -E "$DIR/peer.py" stream tcp "${C[i]}" 81 --seconds 120 --every 20 --within 120
done
wait_for 10 are_left 82 2
wait_for 10 are_left 81 2
grow 82
grow 81
rules '{ user = "bin"; action = "allow"; }'
wait_for 10 are_left 82 0
wait_for 10 reasons_exceed revoked 1
is 2 flows_to 81
grow 81

step "a policy that does not ask lets both go on"
rules '{ port = "*"; action = "allow"; }'
is answered as daemon daemon tcp "${C[0]}" 80
is answered as bin bin tcp "${C[0]}" 80
grow 81
