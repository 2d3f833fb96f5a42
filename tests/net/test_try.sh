#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Changes that cannot lock anyone out: what would cut one's own session is
# refused; forced, it goes by itself although ephctl was killed, and the very
# same connection goes on; a trial stays when a new session confirms it; a port
# is open for a while.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80 tcp/8080

conf()
{
	cat <<-EOF
		inbound = (
		  $1
		  { port = "*"; action = "block"; name = "rest"; }
		);
		outbound = ( { port = "*"; action = "allow"; } );
	EOF
}
SSH='{ port = 22; action = "allow"; },'
conf "$SSH" | write host.conf
conf '{ port = 80; action = "allow"; },' | write web.conf
conf "$SSH { port = 80; action = \"allow\"; }," | write both.conf
firewall guarded "$DIR/host.conf"

# session JOB ADDRESS: a connection to port 22 that asks a question each time a
# line comes through its FIFO, and says when the answer has come.  Its ports go
# to $SESSION, as sshd(8) has them in $SSH_CONNECTION.
session()
{
	mkfifo "$DIR/$1.go"
	start "$1" client python3 -Eu "$TESTS/net/peer.py" session "$2" 22 \
		"$DIR/$1.go"
	wait_for 10 grep -q 'port ' "$DIR/$1.log"
	SESSION="$(sed -n 's/^port \([0-9]*\) .*/\1/p' "$DIR/$1.log")"
}

# Words to the session; its answers are counted.
say()
{
	echo >"$DIR/$1.go"
}

answers()
{
	[ "$(grep -c '^answer' "$DIR/$1.log")" -ge "$2" ]
}

open_now()
{
	[ "$(probe client tcp "$1" "$2")" = answered ]
}

# mine I COMMAND...: as the administrator who came by that session
mine()
{
	local from=${C[$1]} port=$2 to=${G[$1]}
	shift 2
	SSH_CONNECTION="$from $port $to 22" ctl "$@"
}

step "a policy that blocks one's own session is refused, by name"
for i in 0 1; do
	session "ssh$i" "${G[i]}"
	PORT[i]=$SESSION
	say "ssh$i"
	wait_for 5 answers "ssh$i" 1
	expect 1 mine $i "${PORT[i]}" try "$DIR/web.conf"
	says "ssh session .*:${PORT[i]} -> .*:22: it would be cut \(rule-block\), by inbound 2 \"rest\" at .*web\.conf:3"
	is 1 generation
done
cp "$DIR/host.conf" "$DIR/saved.conf"
cp "$DIR/web.conf" "$DIR/host.conf"
expect 1 mine 0 "${PORT[0]}" reload
says 'ssh session'
cp "$DIR/saved.conf" "$DIR/host.conf"
is 1 generation

step "sudo drops the variable: a parent still has it"
expect 1 env "SSH_CONNECTION=${C[0]} ${PORT[0]} ${G[0]} 22" sh -c \
	"env -u SSH_CONNECTION $BIN/ephctl --socket $SOCKET try $DIR/web.conf; exit \$?"
says 'ssh session'

step "forced, it comes back in time although ephctl was killed, and the sessions go on"
start try guarded env "SSH_CONNECTION=${C[0]} ${PORT[0]} ${G[0]} 22" \
	"$BIN/ephctl" --socket "$SOCKET" try --force --timeout 6 "$DIR/web.conf"
wait_for 5 grep -q 'on trial' "$DIR/try.log"
stop try KILL
is answered probe client tcp "${G[0]}" 80
is silent probe client tcp "${G[0]}" 22
before=$(reasons revoked)
say ssh0
say ssh1
wait_for 5 reasons_exceed revoked "$((before + 1))"
expect 0 ctl status
says 'on trial'
expect 1 ctl reload
says 'a policy is on trial'
back()
{
	[ "$(ctl --json status | jq .trial)" = null ]
}
wait_for 10 back
grep -q 'was not confirmed in time' "$DIR/daemon.log"
for i in 0 1; do
	wait_for 20 answers "ssh$i" 2
	say "ssh$i"
	wait_for 5 answers "ssh$i" 3
	is established eval "ctl --json flows --sport ${PORT[i]} | jq -r .state"
done
is silent probe client tcp "${G[0]}" 80

step "a trial waits for its end: exit 7, and 0 when it is confirmed"
expect 7 ctl try --timeout 1 "$DIR/both.conf"
says 'not confirmed in time'
start try guarded "$BIN/ephctl" --socket "$SOCKET" try "$DIR/both.conf"
wait_for 5 open_now "${G[1]}" 80
expect 0 ctl confirm
says 'a restart reads the config, which differs'
wait_for 5 gone try
collect try
is 0 echo "$STATUS"
is answered probe client tcp "${G[0]}" 80
is true jq .policy.differs_on_disk <<<"$(ctl --json status)"

step "Ctrl-C ends a trial, and rollback what was confirmed before"
start try guarded "$BIN/ephctl" --socket "$SOCKET" try --force "$DIR/web.conf"
wait_for 5 grep -q 'on trial' "$DIR/try.log"
stop try INT
is 7 echo "$STATUS"
is answered probe client tcp "${G[0]}" 22
expect 0 ctl rollback
is silent probe client tcp "${G[0]}" 80
expect 6 ctl rollback
expect 6 ctl confirm
is false jq .policy.differs_on_disk <<<"$(ctl --json status)"

step "a protected connection is not cut, by SIGHUP either"
conf '{ port = 22; action = "allow"; protect = true; },' | write host.conf
expect 0 ctl reload
cp "$DIR/web.conf" "$DIR/host.conf"
expect 1 ctl reload
says "protected connection .*:22: it would be cut, by inbound 2"
now=$(generation)
kill -HUP "${PID[daemon]}"
wait_for 5 grep -q 'protected connection' "$DIR/daemon.log"
is "$now" generation
cp "$DIR/saved.conf" "$DIR/host.conf"
expect 0 ctl reload

step "a port is open for a while, and over a reload"
expect 2 ctl allow 8080/tcp
expect 0 ctl allow 8080/tcp --for 4
expect 0 ctl allow 80 --for 1h --from "${C[1]}"
is answered probe client tcp "${G[0]}" 8080
expect 0 ctl reload
is answered probe client tcp "${G[0]}" 8080
is 'silent answered' printf '%s %s' "$(probe client tcp "${G[0]}" 80)" \
	"$(probe client tcp "${G[1]}" 80)"
expect 0 ctl rules
says 'temporary 1 +temporary:2'
expect 0 ctl explain inbound tcp "${C[0]}" "${G[0]}:8080" --expect accept
says 'inbound 2'
expect 0 ctl diff "$DIR/host.conf"
says '0 changes'
closed_now()
{
	[ "$(ctl --json allow list | wc -l)" -eq 1 ]
}
wait_for 10 closed_now
is silent probe client tcp "${G[0]}" 8080
expect 0 ctl allow del 80 --from "${C[1]}"
expect 6 ctl allow del 80 --from "${C[1]}"
is silent probe client tcp "${G[1]}" 80

step "a daemon that is started anew knows no trial"
start try guarded "$BIN/ephctl" --socket "$SOCKET" try --force "$DIR/both.conf"
wait_for 5 open_now "${G[0]}" 80
stop daemon KILL
wait_for 5 gone try
collect try
is 7 echo "$STATUS"
firewall guarded "$DIR/host.conf"
is silent probe client tcp "${G[0]}" 80
stop daemon TERM
no_trace guarded
