#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules that name an interface follow the kernel's interfaces: renamed, made,
# deleted and made again while the daemon runs, and while it could not listen.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/8080
write links.conf <<'EOF'
inbound = (
  { port = 8080; interface = "lan*"; action = "allow"; },
  { port = "*"; action = "block"; }
);
outbound = ( { port = "*"; action = "allow"; } );
EOF
firewall guarded "$DIR/links.conf"

# another N: a second wire, 198.51.100.0/24
another()
{
	wire client "$1" guarded "$1"
	address client "$1" 198.51.100.1/24
	address guarded "$1" 198.51.100.2/24
}

step "eth0 is not of those named"
is silent probe client tcp "${G[0]}" 8080

step "renamed, it is"
on guarded ip link set eth0 down
on guarded ip link set eth0 name lan0
on guarded ip link set lan0 up
is answered probe client tcp "${G[0]}" 8080
expect 0 ctl --json flows --dport 8080
is lan0 jq -rn 'first(inputs).in_interface' <<<"$OUT"

step "an interface that was not there at the start is known by its name"
another lan1
is answered probe client tcp 198.51.100.2 8080

step "deleted and made again under another name, it has that name"
on guarded ip link del lan1
another wan1
is silent probe client tcp 198.51.100.2 8080
on guarded ip link del wan1

step "what the daemon had no room to hear, it asks for"
kill -STOP "${PID[daemon]}"
for n in $(seq 1000); do
	echo "link set dev lo alias name$n"
done | on guarded ip -batch -
another lan3
on guarded ip link set lan0 down
on guarded ip link set lan0 name wan0
on guarded ip link set wan0 up
kill -CONT "${PID[daemon]}"
is answered probe client tcp 198.51.100.2 8080
is silent probe client tcp "${G[0]}" 8080
