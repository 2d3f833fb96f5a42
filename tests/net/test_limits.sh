#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The limits of rules, with real connections: by source, by rate, with silence
# and with a RST, stepping aside, and putting the source into a set.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/80 tcp/81 tcp/82 tcp/83
write limits.conf <<'EOF'
sets = { abusers = { time = "1h"; members = []; }; };
inbound = (
  { name = "web"; port = 80; action = "allow"; max_flows_per_source = 2; },
  { name = "chat"; port = 81; action = "allow"; limit = "2/h per source";
    on_overload = "reject"; },
  { name = "few"; port = 82; action = "allow"; max_flows = 1; on_overload = "next"; },
  { port = 82; action = "reject"; },
  { port = 83; from = "@abusers"; action = "block"; },
  { name = "mail"; port = 83; action = "allow"; max_flows_per_source = 1;
    on_overload = { add = "@abusers"; cut = true; }; }
);
outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/limits.conf"

# no_flows FILTER...
no_flows()
{
	[ "$(ctl --json flows "$@" | jq -s length)" -eq 0 ]
}

for i in 0 1; do
	g=${G[i]}

	step "$g: two connections of one source, and the third finds no answer"
	converse one80$i client tcp "$g" 80 --seconds 60
	converse two80$i client tcp "$g" 80 --seconds 60
	counted max-flows-per-source is silent probe client tcp "$g" 80
	stop one80$i KILL
	stop two80$i KILL

	step "$g: two an hour, then a RST at once"
	is "answered answered refused" probe client tcp "$g" 81 81 81
	counted limit-reject is refused probe client tcp "$g" 81
done

step "at its limit a rule steps aside, and explain says so"
converse one client tcp "${G[0]}" 82 --seconds 60
counted rule-reject is refused probe client tcp "${G[0]}" 82
expect 0 ctl explain inbound tcp "${C[0]}" "${G[0]}:82" --expect reject
says max_flows
stop one KILL

for i in 0 1; do
	g=${G[i]} c=${C[i]}
	nobody=203.0.113.77
	[ "$i" -eq 0 ] || nobody=2001:db8:7::77

	step "$g: a forged source is added to no set"
	before=$(reasons max-flows-per-source)
	for port in 1001 1002 1003; do
		peer client forge tcp $nobody $port "$g" 83 S
	done
	wait_for 5 reasons_exceed max-flows-per-source $((before + 1))
	expect 6 ctl set test abusers $nobody

	step "$g: one that has completed a handshake is, and its connections end"
	converse one83$i client tcp "$g" 83 --seconds 60 --within 2
	counted max-flows-per-source is silent probe client tcp "$g" 83
	expect 0 ctl set test abusers "$c"
	counted not-a-start wait_for 5 no_flows --src "$c" --dport 83
	is silent probe client tcp "$g" 83
	stop one83$i KILL
done
