#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# action = "reject": the sender learns at once, by a RST or an ICMP error.
. "$(dirname "$0")/lib.sh"

layout_host
watch_arrivals client
serve server guarded tcp/22 tcp/25 tcp/26 udp/25
write reject.conf <<'EOF'
inbound = (
  { port = 22; action = "allow"; },
  { port = 25; action = "reject"; },
  { port = "*"; action = "block"; }
);
outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/reject.conf"

for i in 0 1; do
	step "${G[i]}: TCP 25 gets a RST, UDP 25 an ICMP error (prohibited), 26 nothing"
	resets=$(arrived client resets) unreachables=$(arrived client unreachables)
	counted rule-reject is refused probe client tcp "${G[i]}" 25
	is $((resets + 1)) arrived client resets
	counted rule-reject is unreachable probe client udp "${G[i]}" 25
	is $((unreachables + 1)) arrived client unreachables
	is silent probe client tcp "${G[i]}" 26
	is "$((resets + 1)) $((unreachables + 1))" \
		echo "$(arrived client resets) $(arrived client unreachables)"
	is answered probe client tcp "${G[i]}" 22
done

step "the accepted are not touched by it: the mark that says reject is ours alone"
is same peer client bulk "${G[0]}" 22 8

step "explain and drops call it reject"
expect 0 ctl explain inbound tcp "${C[0]}" "${G[0]}:25" --expect reject
