#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How it starts, refuses to start, and ends: each in one clear sentence, and
# nothing left behind.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/8080
conf=$SOURCE/conf/ephemerald.conf

daemon()
{
	on guarded timeout -s KILL 10 "$BIN/ephemerald" "$@"
}

one_sentence()
{
	[ "$(wc -l <<<"$OUT")" -eq 1 ] || fail "more than one line: $OUT"
	says "$1"
}

for signal in TERM INT; do
	step "SIG$signal ends it within 5 s, exit 0, without a trace"
	firewall guarded "$conf"
	is silent probe client tcp "${G[0]}" 8080
	[ -n "$(on guarded nft list tables)" ] || fail "no table while it runs"
	stop daemon $signal
	[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
	no_trace guarded
	is answered probe client tcp "${G[0]}" 8080
	is answered probe client tcp "${G[1]}" 8080
done

step "SIGTERM under traffic is as clean"
firewall guarded "$conf"
converse traffic client tcp "${G[1]}" 22 \
	--seconds 3 --every 0
stop daemon TERM
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
no_trace guarded
wait_for 10 gone traffic
collect traffic
grep 'lost=0 ' "$DIR/traffic.log" || fail "the connection did not survive"

step "kill -9 leaves no table and no queue; a new start clears the old socket"
firewall guarded "$conf"
kill -KILL "${PID[daemon]}"
collect daemon
table_gone()
{
	[ -z "$(on guarded nft list tables)" ]
}
wait_for 5 table_gone
is answered probe client tcp "${G[0]}" 8080
firewall guarded "$conf"
is silent probe client tcp "${G[0]}" 8080

step "a second one is refused in one sentence; the first goes on"
expect 1 daemon -c "$conf" --socket "$SOCKET"
one_sentence 'running|another|taken|in use'
expect 1 daemon -c "$conf" --socket "$DIR/other.sock"
one_sentence 'running|another|taken|in use'
is '' find "$DIR" -name 'other.sock*'
is silent probe client tcp "${G[0]}" 8080
is answered probe client tcp "${G[0]}" 22
expect 0 ctl status
stop daemon TERM
no_trace guarded

step "a queue that another program holds is named, with its holder"
start holder guarded python3 -E "$TESTS/net/peer.py" nfqueue 0 --hold
wait_for 10 grep -q bound "$DIR/holder.log"
expect 1 daemon -c "$conf" --socket "$SOCKET"
one_sentence 'queue 0.*(taken|another|in use)'
stop holder KILL
no_trace guarded

step "without CAP_NET_ADMIN it says so"
expect 1 on guarded setpriv --bounding-set=-net_admin --inh-caps=-net_admin \
	timeout -s KILL 10 "$BIN/ephemerald" -c "$conf" --socket "$SOCKET"
one_sentence 'CAP_NET_ADMIN|privilege|permi'
no_trace guarded

step "a leaf that this kernel lacks is named, or works"
{ cat "$conf"; echo 'hook = { leaf = "native"; };'; } | write native.conf
start native guarded "$BIN/ephemerald" -c "$DIR/native.conf" --socket "$SOCKET"
if wait_for 10 eval 'gone native || ctl status' && gone native; then
	collect native
	[ "$STATUS" -eq 1 ] || fail "exit $STATUS"
	OUT=$(cat "$DIR/native.log")
	one_sentence 'native|kernel'
else
	is silent probe client tcp "${G[0]}" 8080
	stop native TERM
fi
no_trace guarded

step "a config that is bad, missing, or writable by others: exit 5, file:line"
printf 'inbound = (\n  { port = 65536; action = "allow"; }\n);\n' | write bad.conf
expect 5 daemon -c "$DIR/bad.conf" --socket "$SOCKET"
says 'bad\.conf:2: .*65536'
expect 5 daemon -c "$DIR/absent.conf" --socket "$SOCKET"
says 'absent\.conf'
cp "$conf" "$DIR/writable.conf"
chmod 666 "$DIR/writable.conf"
expect 5 daemon -c "$DIR/writable.conf" --socket "$SOCKET"
says 'writable\.conf.*writ'
no_trace guarded

step "--check judges a file and starts nothing"
expect 0 daemon -c "$conf" --check
expect 5 daemon -c "$DIR/bad.conf" --check
no_trace guarded

step "wrong usage: exit 2, and the usage"
expect 2 daemon --no-such-option
says '[Uu]sage'
expect 2 daemon stray-word
