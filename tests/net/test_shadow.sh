#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A shadow policy beside the one in force: real packets get the verdicts of the
# one, and what the other would have said is there to be asked.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80
write next.conf <<-EOF
	inbound = ( { name = "web"; port = 80; action = "allow"; },
	            { port = 22; action = "reject"; }, { port = 8080; action = "allow"; } );
	outbound = ( { port = "*"; action = "allow"; } );
EOF
write host.conf <<-EOF
	shadow = "next.conf";
	inbound = ( { port = [22, 80]; action = "allow"; } );
	outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/host.conf"

# Rows as "count now shadow rule".
rows()
{
	ctl --json shadow | jq -r 'select(.destination_port == '"$1"') |
		"\(.count) \(.verdict) \(.shadow.verdict) \(.shadow.rule)"' | sort | uniq
}
is_told()
{
	[ "$(rows "$1")" = "$2" ]
}

step "the policy in force decides"
for i in 0 1; do
	is answered probe client tcp "${G[i]}" 22
	is answered probe client tcp "${G[i]}" 80
	is silent probe client tcp "${G[i]}" 8080
done

step "what the shadow would have decided otherwise is listed with its rule"
wait_for 5 is_told 22 "1 accept reject inbound 2"
wait_for 5 is_told 80 ""
expect 0 ctl --json shadow
is 2 jq -rs '[.[] | select(.destination_port == 8080 and .verdict == "drop" and
	.shadow.rule == "inbound 3")] | length' <<<"$OUT"
expect 0 ctl --json status
is "2 0" jq -r '"\(.shadow.would_refuse) \(.shadow.otherwise)"' <<<"$OUT"

step "drops hold what was dropped, and nothing else"
expect 0 ctl --json drops
is "8080" jq -rs 'map(select(.direction == "inbound").destination_port) |
	unique | map(tostring) | join(" ")' <<<"$OUT"

step "promoted, it is the policy, and a rollback brings back the one before"
expect 0 ctl shadow promote
is refused probe client tcp "${G[0]}" 22
is refused probe client tcp "${G[1]}" 22
expect 6 ctl shadow
expect 6 ctl shadow promote
expect 0 ctl rollback
is answered probe client tcp "${G[0]}" 22
expect 0 ctl shadow

step "an error in the shadow refuses the load"
echo 'inbound = ( { prt = 80; } );' >"$DIR/next.conf"
expect 5 ctl reload
[[ $OUT == *next.conf:1:* ]] || fail "$OUT"
is answered probe client tcp "${G[0]}" 22

step "without a shadow there is nothing to ask"
write host.conf <<-EOF
	inbound = ( { port = [22, 80]; action = "allow"; } );
EOF
expect 0 ctl reload
expect 6 ctl shadow
