#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rules with `log`, in the daemon's log: lines in the shape of the kernel's, of
# what is let in and of what is dropped, that explain and others can read.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80 udp/53
printf '%s\n' 'inbound = (' \
	'  { port = 22; action = "allow"; name = "ssh"; log = true; },' \
	'  { port = (80, 53); action = "allow"; },' \
	'  { port = "*"; action = "block"; log = true; } );' \
	'outbound = ( { port = "*"; action = "allow"; } );' | write host.conf
firewall guarded "$DIR/host.conf"

# logged REGEX: such a line, once
logged()
{
	wait_for 5 grep -qE "$1" "$DIR/daemon.log"
	is 1 grep -cE "$1" "$DIR/daemon.log"
}

for i in 0 1; do
	length=60
	[ $i -eq 0 ] || length=80
	step "${C[i]}: the packet that opens a connection, and no other of it"
	is answered probe client tcp "${G[i]}" 22
	logged "^ephemerald: ALLOW IN=eth0 OUT= SRC=${C[i]} DST=${G[i]} LEN=$length PROTO=TCP SPT=[0-9]+ DPT=22 SYN REASON=rule-allow RULE=\"inbound 1\" NAME=\"ssh\" GEN=1$"

	step "${C[i]}: what is dropped, TCP and UDP"
	is silent probe client tcp "${G[i]}" 8080
	is silent probe client udp "${G[i]}" 8081
	logged "^ephemerald: BLOCK IN=eth0 OUT= SRC=${C[i]} DST=${G[i]} LEN=$length PROTO=TCP SPT=[0-9]+ DPT=8080 SYN REASON=rule-block RULE=\"inbound 3\" GEN=1$"
	logged "^ephemerald: BLOCK IN=eth0 OUT= SRC=${C[i]} DST=${G[i]} LEN=[0-9]+ PROTO=UDP SPT=[0-9]+ DPT=8081 REASON=rule-block RULE=\"inbound 3\" GEN=1$"

	step "${C[i]}: explain takes the line"
	expect 0 ctl explain --expect drop "$(grep "SRC=${C[i]} .*DPT=8080" "$DIR/daemon.log")"
	says 'inbound 3'

	step "${C[i]}: a rule that logs nothing"
	is answered probe client tcp "${G[i]}" 80
	is answered probe client udp "${G[i]}" 53
done
is 0 eval "grep -cE 'DPT=(80|53) ' '$DIR/daemon.log' || true"

step "a flood is a line, and a number"
peer client volley "${G[0]}" 9999 500 >/dev/null
logged "SRC=${C[0]} .* DPT=9999 "
stop daemon TERM
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
