#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The control socket and ephctl on real traffic: what it shows, how it exits,
# whom it refuses; and that no client can delay a verdict.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 udp/53
serve outside client tcp/443 udp/53
conf=$SOURCE/conf/ephemerald.conf

step "no daemon: one sentence, exit 3; usage: exit 2"
expect 3 ctl status
[ "$(wc -l <<<"$OUT")" -eq 1 ] || fail "more than a sentence: $OUT"
expect 2 ctl no-such-command
expect 2 ctl statu
expect 2 ctl status --no-such-option
expect 2 ctl explain inbound

firewall guarded "$conf"

step "status: without a command, too; JSON is one object"
expect 0 ctl
says '[Gg]eneration'
expect 0 ctl --json status
is 'enforce 1 4 1' jq -r '"\(.mode) \(.policy.generation) \(.policy.rules.inbound) \(.policy.rules.outbound)"' <<<"$OUT"
expect 0 ctl status --json
is "$(nproc)" jq '.queues | length' <<<"$OUT"

step "rules: in order, with the hits that there were"
is "answered answered" printf '%s %s' "$(probe client tcp "${G[0]}" 22)" \
	"$(probe client tcp "${G[1]}" 22)"
is silent probe client tcp "${G[0]}" 8080
expect 0 ctl --json rules
is '["inbound 1",2,"ephemerald.conf"]' jq -c 'select(.rule == "inbound 1")
	| [.rule, .hits, (.file | split("/") | last)]' <<<"$OUT"
is true jq 'select(.rule == "inbound 4") | .hits >= 2' <<<"$OUT"
expect 0 ctl rules
says '8080|\*'

step "latency: of every verdict, within bounds, and as a histogram"
expect 0 ctl --json status
is true jq '.latency | .count > 0 and .p50_seconds > 0 and .p99_seconds >= .p50_seconds
	and .count == ([.buckets[].count] | add) and .sum_seconds > 0' <<<"$OUT"
expect 0 ctl
says '^latency .*half within [0-9]+ (us|ms)'

step "metrics: all of it for Prometheus, on stdout or in a file"
expect 0 ctl metrics
python3 "$TESTS/ctl/exposition.py" <<<"$OUT"
says '^ephemerald_rule_hits_total\{table="inbound",rule="inbound 1",action="allow"\} 2$'
says '^ephemerald_drops_total\{reason="rule-block"\} [1-9]'
says '^ephemerald_verdict_latency_seconds_bucket\{le="\+Inf"\} [1-9]'
says '^ephemerald_flows\{state="time-wait"\} 2$'
says '^ephemerald_queue_lost_total\{queue="0",kind="queue-full"\} 0$'
is "$(nproc)" grep -c '^ephemerald_queue_packets_total{' <<<"$OUT"
! command -v promtool >/dev/null || promtool check metrics <<<"$OUT"
expect 0 ctl metrics --output "$DIR/own.prom"
grep -q '^ephemerald_up 1$' "$DIR/own.prom"

step "flows: those alive, with filters; a bad filter is exit 2"
is answered probe guarded udp "${C[0]}" 53 --from-port 45000
converse talk client tcp "${G[1]}" 22 \
	--seconds 60
flow='"\(.protocol) \(.state) \(.source) \(.destination):\(.destination_port) \(.direction) \(.rule)"'
expect 0 ctl --json flows --protocol udp --sport 45000
is "udp outbound 45000" jq -r '"\(.protocol) \(.direction) \(.source_port)"' <<<"$OUT"
expect 0 ctl --json flows --dst "${G[1]}" --dport 22 --state established
is "tcp established ${C[1]} ${G[1]}:22 inbound inbound 1" jq -r "$flow" <<<"$OUT"
expect 0 ctl --json flows --src 203.0.113.0/24
is '' echo "$OUT"
expect 2 ctl flows --dport http/x
expect 2 ctl flows --state no-such-state

step "drops: folded, with reason and rule"
is silent probe client udp "${G[0]}" 40000
expect 0 ctl --json drops
is 'rule-block udp inbound 4' jq -r 'select(.destination_port == 40000)
	| "\(.reason) \(.protocol) \(.rule)"' <<<"$OUT"

expect 0 ctl why "${C[0]}"
says "^${C[0]}: .*\.${C[0]##*.}:[0-9]+ -> ${G[0]}:40000: blocked by a rule \(rule-block\), inbound 4"
expect 6 ctl why 203.0.113.9

step "explain names rule, file:line, and says that the reply passes"
for how in "" "--config $conf"; do
	# shellcheck disable=SC2086 # two words, or none
	expect 0 ctl explain inbound tcp 203.0.113.9:51000 192.0.2.1:22 $how
	says 'inbound 1'
	says "ephemerald\.conf:$(grep -n 'port = 22' "$conf" | cut -d: -f1)"
	says '[Rr]eply.*(accept|pass)'
	# shellcheck disable=SC2086
	expect 0 ctl explain inbound udp "[2001:db8:9::9]:51000" "[2001:db8::2]:40000" \
		--expect drop $how
	# shellcheck disable=SC2086
	expect 8 ctl explain inbound tcp 203.0.113.9 192.0.2.1:8080 --expect accept $how
	# shellcheck disable=SC2086
	expect 0 ctl --json explain outbound icmp 192.0.2.2 192.0.2.1 $how
	is 'accept accept state' jq -r '"\(.verdict) \(.reply.verdict) \(.reply.by)"' <<<"$OUT"
done
expect 2 ctl explain inbound tcp nonsense 192.0.2.1:22

step "explain agrees with what the packets got, and counts nothing"
before=$(ctl --json rules | jq -s '[.[].hits] | add')
expect 0 ctl explain inbound tcp "${C[0]}:40123" "${G[0]}:22"
is "$before" eval "ctl --json rules | jq -s '[.[].hits] | add'"

step "check: 0 for a valid file, 5 with file:line for a bad one"
expect 0 ctl check "$conf"
printf 'inbound = (\n  { port = 22; action = "permit"; }\n);\n' | write bad.conf
expect 5 ctl check "$DIR/bad.conf"
says 'bad\.conf:2: .*permit.*allow'

step "another user is refused (exit 4), the folder's group may read, not change"
cp "$BIN/ephctl" "$DIR/ephctl"
nobody()
{
	setpriv --reuid=65534 --regid="$1" --clear-groups \
		"$DIR/ephctl" --socket "$SOCKET" "${@:2}"
}
is 'srw-rw----' stat -c %A "$SOCKET"
expect 4 nobody 65534 status
expect 4 nobody 65534 reload
chgrp 65533 "$SOCKET"
expect 0 nobody 65533 status
expect 4 nobody 65533 reload
is 1 generation

step "bad clients in crowds delay no verdict and stop nothing"
for n in 1 2 3; do
	start "abuse$n" guarded python3 -E "$TESTS/net/abuse.py" "$SOCKET"
	wait_for 10 grep -q ready "$DIR/abuse$n.log"
done
for i in 0 1; do
	converse "stream$i" guarded udp "${C[i]}" 53 \
		--seconds 5
done
for i in 0 1; do
	wait_for 20 gone "stream$i"
	collect "stream$i"
	tail -n 1 "$DIR/stream$i.log"
	grep -q 'lost=0 ' "$DIR/stream$i.log" || fail "answers were lost"
	longest=$(sed -n 's/.*longest_ms=//p' "$DIR/stream$i.log")
	[ "$longest" -lt 500 ] || fail "a verdict took $longest ms"
done
for n in 1 2 3; do
	stop "abuse$n" KILL
done
wait_for 10 ctl status
running daemon || fail "the daemon is gone"

step "root gets in while they hold what they can"
start abuse guarded python3 -E "$TESTS/net/abuse.py" "$SOCKET"
wait_for 10 grep -q ready "$DIR/abuse.log"
wait_for 10 ctl status
stop abuse KILL

step "after all that the old stream still runs, and it stops cleanly"
running talk || fail "the connection broke"
stop daemon TERM
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
no_trace guarded
