#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A SYN flood against a small table: what is established goes on, this host
# opens what it likes, and when it ends there is room again.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22
serve outside client tcp/443
write flood.conf <<'EOF'
conntrack = { max_flows = 400; };
inbound = ( { port = 22; action = "allow"; } );
outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/flood.conf"

# flows FILTER...: how many there are
flows()
{
	ctl --json flows "$@" | jq -s length
}
flows_below()
{
	[ "$(flows --dport 22 --state syn-sent)" -lt "$1" ]
}

for i in 0 1; do
	g=${G[i]} c=${C[i]}
	prefix=198.51.100.
	[ "$i" -eq 0 ] || prefix=2001:db8:f::

	step "$g: 250 sources open connections that they never complete"
	converse talk$i client tcp "$g" 22 --seconds 5 --within 10
	start transfer$i client python3 -E "$TESTS/net/peer.py" bulk "$g" 22 8 \
		--seconds 5
	before=$(reasons half-open-full)
	start flood$i client python3 -EB "$TESTS/net/flood.py" $prefix "$g" 22 2000
	wait_for 20 reasons_exceed half-open-full $((before + 1000))

	step "$g: they take a quarter of the table and no more"
	count=$(flows --direction inbound --state syn-sent)
	[ "$count" -le 100 ] || fail "$count half-open connections"
	is 0 reasons table-full

	step "$g: meanwhile this host opens connections, the new ones too"
	is answered probe guarded tcp "$c" 443
	is same peer guarded bulk "$c" 443 8

	step "$g: what was established goes on, and no byte is wrong"
	wait_for 30 grep -q asked= "$DIR/talk$i.log"
	grep -q lost=0 "$DIR/talk$i.log" || fail "$(cat "$DIR/talk$i.log")"
	wait_for 10 gone transfer$i
	collect transfer$i
	is same cat "$DIR/transfer$i.log"
	running flood$i

	stop flood$i

	step "$g: when it ends, most of it is forgotten soon"
	wait_for 30 flows_below 30
done

step "and others may open again"
is answered probe client tcp "${G[0]}" 22
