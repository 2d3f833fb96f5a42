#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Connections and drops as they happen, for whoever watches: what each event
# says, that conditions hold, and that what a reader missed is told.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 udp/53
serve outside client tcp/443
printf '%s\n' 'inbound = (' \
	'  { port = 22; action = "allow"; name = "ssh"; },' \
	'  { port = 53; protocol = "udp"; action = "allow"; },' \
	'  { port = "*"; action = "block"; } );' \
	'outbound = ( { port = "*"; action = "allow"; } );' | write host.conf
firewall guarded "$DIR/host.conf"

# observe JOB OPTION...: a watcher, which sees all from now on
observe()
{
	local job=$1
	shift
	start "$job" guarded "$BIN/ephctl" --socket "$SOCKET" --json watch "$@"
	wait_for 10 grep -q '"event":"watching"' "$DIR/$job.log"
}

# told JOB FILTER: an event for which that is true
told()
{
	[ "$(jq -s "any(.[]; $2)" "$DIR/$1.log")" = true ]
}

observe all
observe ssh --dport 22 --direction inbound --protocol tcp
observe six --src "${C[1]}"

step "a connection, from its first packet to the last, with totals"
for i in 0 1; do
	is answered probe client tcp "${G[i]}" 22
	opener=".source == \"${C[i]}\" and .destination_port == 22"
	for job in all ssh; do
		wait_for 5 told $job "$opener and .event == \"new\" and .state == \"syn-sent\""
		wait_for 5 told $job "$opener and .event == \"assured\" and .rule == \"inbound 1\" and .name == \"ssh\""
	done
	is answered probe client udp "${G[i]}" 53
	wait_for 5 told all ".event == \"assured\" and .protocol == \"udp\" and .source == \"${C[i]}\""
	expect 0 ctl ban "${C[i]}"
	wait_for 5 told ssh "$opener and .event == \"end\" and .cause == \"banned\"
		and .packets[0] > 3 and .packets[1] > 2 and .bytes[0] > 200"
	expect 0 ctl set del banned "${C[i]}"
done

step "a drop, with its reason and its rule"
for i in 0 1; do
	is silent probe client udp "${G[i]}" 40000
	wait_for 5 told all ".event == \"drop\" and .reason == \"rule-block\" and
		.rule == \"inbound 3\" and .source == \"${C[i]}\" and .destination_port == 40000"
done

step "conditions hold"
for job in ssh six; do
	running $job || fail "$job has ended"
done
is 0 jq -s '[.[] | select(.event != "watching" and .destination_port != 22)] | length' "$DIR/ssh.log"
is 0 jq -s --arg c "${C[1]}" '[.[] | select(.event != "watching" and .source != $c)] | length' "$DIR/six.log"
told six '.event == "drop"' || fail "six saw no drop"
expect 2 ctl watch --dport x

step "a table on a pipe, its lines as they come"
start table guarded "$BIN/ephctl" --socket "$SOCKET" watch --dport 40001
wait_for 10 grep -q '^TIME  *EVENT ' "$DIR/table.log"
is silent probe client udp "${G[1]}" 40001
wait_for 5 grep -qE "drop .*\[${G[1]}\]:40001 +in +in 3 +rule-block" "$DIR/table.log"
stop table INT

step "who is stopped while much happens is told how much it missed, or is cut"
kill -STOP "${PID[all]}"
many=$(ctl --json status | jq '.verdicts.inbound.drop')
much_happened()
{
	peer client volley "${G[0]}" 40002 5000
	[ "$(ctl --json status | jq '.verdicts.inbound.drop')" -gt $((many + 30000)) ]
}
wait_for 20 much_happened
kill -CONT "${PID[all]}"
missed_or_cut()
{
	told all '.event == "missed" and .count > 0' || gone all
}
wait_for 10 missed_or_cut
for job in ssh six; do
	stop $job INT
done

step "nobody watches: the firewall goes on, and stops without a trace"
is answered probe client tcp "${G[0]}" 22
stop daemon TERM
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
no_trace guarded
