#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a config would change, foretold from a running firewall and held against
# what a reload then does; and what lint sees of the host it runs on.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/50051 udp/53 udp/5300
serve outside client tcp/443
write host.conf <<-'EOF'
	inbound = (
	  { port = (22, 53, 5300); action = "allow"; },
	  { icmp = "echo-request"; action = "allow"; },
	  { port = "*"; action = "block"; }
	);
	outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/host.conf"

# The source ports of flows that a list has, of those with a port.
ports_of()
{
	jq -s -c 'map(.source_port // empty) | sort'
}

step "the config in force changes nothing"
expect 0 ctl diff "$DIR/host.conf"
is "0 changes, 0 of 0 flows cut" echo "$OUT"

step "the flows that a reload cuts are those that diff lists"
converse kept client tcp "${G[0]}" 22 --seconds 15
converse kept6 client udp "${G[1]}" 5300 --seconds 15
converse cut client udp "${G[0]}" 53 --seconds 15
converse cut6 client tcp "${G[1]}" 22 --seconds 15
converse out guarded tcp "${C[0]}" 443 --seconds 15
is answered probe client ping "${G[0]}"
write new.conf <<-'EOF'
	inbound = (
	  { port = 22; from = "::/0"; action = "block"; },
	  { port = (22, 5300); action = "allow"; },
	  { port = "*"; action = "block"; }
	);
	outbound = ( { port = "*"; action = "allow"; } );
EOF
expect 0 ctl diff "$DIR/new.conf"
says '^inbound accept -> drop: protocol tcp, udp; port 22; from ::/0$'
says '^inbound accept -> drop: protocol tcp, udp; port 53$'
says '^inbound accept -> drop: icmp echo-request$'
says '^    old: accept by inbound 1 \{ port = \(22, 53, 5300\); action = "allow"; }$'
says "^    new: drop by inbound 3 \\($DIR/new.conf:4\\) \\{ action = \"block\"; }\$"
says '^flow cut: inbound udp 192\.0\.2\.1:[0-9]+ -> 192\.0\.2\.2:53 '
says '^flow cut: inbound tcp \[2001:db8::1]:[0-9]+ -> \[2001:db8::2]:22 '
says '^flow cut: inbound icmp 192\.0\.2\.1 -> 192\.0\.2\.2 '
says ' changes, 3 of 6 flows cut$'
told=$(ctl --json diff "$DIR/new.conf" | jq -c 'select(.kind == "flow")' | ports_of)
before=$(ctl --json flows | ports_of)
cp "$DIR/new.conf" "$DIR/host.conf"
expect 0 ctl reload
cut_now()
{
	left=$(ctl --json flows | ports_of)
	[ "$(jq -n -c "$before - $left")" = "$told" ]
}
# each stream sends on, and so finds out
wait_for 10 cut_now
is 2 jq length <<<"$told"
expect 0 ctl diff "$DIR/new.conf"
says '^0 changes, '

step "with on_reload = keep none is cut"
{ echo 'on_reload = "keep";'; sed 's/(22, 5300)/23/' "$DIR/new.conf"; } | write keep.conf
expect 0 ctl diff "$DIR/keep.conf"
says '^[0-9]+ changes, 0 of [0-9]+ flows cut$'

step "lint knows what listens here, and that there is IPv6"
write wide.conf <<-'EOF'
	inbound = (
	  { port = 80; from = "0.0.0.0/0"; action = "allow"; },
	  { port = "32768-60999"; action = "allow"; }
	);
	outbound = ( { port = "*"; action = "allow"; } );
EOF
expect 1 on guarded "$BIN/ephctl" lint "$DIR/wide.conf"
says 'wide.conf:2: inbound 1 allows IPv4 alone: this host has IPv6 too'
says 'wide.conf:3: inbound 2 opens port 32768-60999, and with it what listens there: tcp 50051'
says '^2 findings, 0 notes$'
expect 0 ctl lint "$DIR/wide.conf" --elsewhere

step "replies to the ports that this host has chosen itself"
on guarded sysctl -qw net.ipv4.ip_local_port_range='20000 20999'
write stateless.conf <<-'EOF'
	inbound = ( { port = "32768-60999"; action = "allow"; stateful = false; } );
	outbound = ( { port = "*"; action = "allow"; stateful = false; } );
EOF
expect 1 on guarded "$BIN/ephctl" lint "$DIR/stateless.conf"
says 'stateless.conf:2: .* port 20000-20999 \(clients: this host\), stopped at inbound \*'
