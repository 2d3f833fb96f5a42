#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sets and bans while real connections run: members count at once, a ban cuts,
# and what has an end ends by itself.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80
serve outside client tcp/443
write host.conf <<-EOF
	on_reload = "keep";
	sets = {
	  admins = ["198.51.100.0/24"];
	  guests = { time = "1h"; members = []; };
	};
	inbound = (
	  { port = 22; from = ("@admins", "@guests"); action = "allow"; },
	  { port = 80; action = "allow"; }
	);
	outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/host.conf"

# Connections that the address opened, or that were opened to it.
flows_with()
{
	{ ctl --json flows --src "$1"; ctl --json flows --dst "$1"; } | wc -l
}
no_flows_with()
{
	[ "$(flows_with "$1")" -eq 0 ]
}
no_member()
{
	! ctl set test "$@"
}

step "a member may at once what its set may, and no longer"
for i in 0 1; do
	is silent probe client tcp "${G[i]}" 22
	expect 0 ctl set add guests "${C[i]}"
	is answered probe client tcp "${G[i]}" 22
	expect 0 ctl set del guests "${C[i]}"
	is silent probe client tcp "${G[i]}" 22
done
expect 0 ctl set add guests 192.0.2.0/24 --for 5
is answered probe client tcp "${G[0]}" 22
wait_for 8 no_member guests "${C[0]}"
is silent probe client tcp "${G[0]}" 22

step "live members survive a reload, with the end that they have"
expect 0 ctl set add guests "${C[0]}" --for 60
expect 0 ctl reload
is answered probe client tcp "${G[0]}" 22
expect 0 ctl --json set list guests
is "${C[0]} true" jq -r \
	'"\(.member) \(.expires_seconds > 10 and .expires_seconds < 60)"' <<<"$OUT"
expect 0 ctl set add guests "${C[1]}"

step "a ban cuts running streams at once, both ways, also under keep"
for i in 0 1; do
	converse "in$i" client tcp "${G[i]}" 22 --seconds 20 --within 1
	converse "out$i" guarded tcp "${C[i]}" 443 --seconds 20 --within 1
done
for i in 0 1; do
	[ "$(flows_with "${C[i]}")" -ge 2 ] || fail "no connections to cut"
	counted banned expect 0 ctl ban "${C[i]}"
	wait_for 1 no_flows_with "${C[i]}"
done
for i in 0 1; do
	is silent probe client tcp "${G[i]}" 80
	is silent probe guarded tcp "${C[i]}" 443
	is 0 flows_with "${C[i]}"
done
expect 0 ctl explain inbound tcp "${C[0]}:50000" "${G[0]}:80" --expect drop
says 'banned'

step "when a ban is taken back, what it cut stays cut"
for i in 0 1; do
	expect 0 ctl set del banned "${C[i]}"
	is answered probe client tcp "${G[i]}" 80
	is answered probe guarded tcp "${C[i]}" 443
done
for job in in0 in1 out0 out1; do
	wait_for 30 gone "$job"
	collect "$job"
	tail -n 1 "$DIR/$job.log"
	! grep -qE 'lost=[01] ' "$DIR/$job.log" || fail "$job went on"
done

step "a ban ends by itself"
for i in 0 1; do
	expect 0 ctl ban "${C[i]}" --for 2
	wait_for 10 no_member banned "${C[i]}"
	is answered probe client tcp "${G[i]}" 80
done

step "a prefix is banned, and let go; a fixed member stays"
expect 0 ctl ban 192.0.2.0/31
is silent probe client tcp "${G[0]}" 80
is answered probe client tcp "${G[1]}" 80
expect 0 ctl set list banned
says '192\.0\.2\.0/31 +live +never'
expect 0 ctl set del banned 192.0.2.0/31
is answered probe client tcp "${G[0]}" 80
expect 1 ctl set del admins 198.51.100.0/24
says 'fixed member of "admins": .*host\.conf:3'
expect 6 ctl set del admins 198.51.0.0/16
expect 6 ctl set add nobody ::1
expect 2 ctl ban everyone
