#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A rule with an end: open until then, closed from then on, and what it let in
# is judged by the other rules.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80
END=$(date -u -d '+8 seconds' +%Y-%m-%dT%H:%M:%SZ)
write host.conf <<-EOF
	inbound = ( { name = "while"; port = 80; action = "allow"; expires = "$END"; },
	            { port = 22; action = "allow"; } );
	outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/host.conf"

flows_of_the_rule()
{
	ctl --json flows --dport 80 | wc -l
}
is_over()
{
	ctl --json explain inbound tcp 203.0.113.9:40000 192.0.2.2:80 |
		jq -e '.verdict == "drop" and .tried[0].failed == "expires"' >"$DIR/said"
}

step "until it ends it lets in"
for i in 0 1; do
	is answered probe client tcp "${G[i]}" 80
done
expect 0 ctl --json rules
is "${END%Z}.000Z" jq -r 'select(.name == "while").ends_iso' <<<"$OUT"

step "then it does not, without a reload"
wait_for 15 is_over
for i in 0 1; do
	is silent probe client tcp "${G[i]}" 80
	is answered probe client tcp "${G[i]}" 22
done
