#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's side: system calls that fail, verdicts that get lost, a queue
# that nobody holds, packets that wait during a reload, and marks.  strace(1)
# makes the calls of one worker thread fail.
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || fail "strace is not installed"
layout_host
serve server guarded tcp/22 tcp/80 tcp/443
serve outside client tcp/443
{ cat "$SOURCE/conf/ephemerald.conf"; echo 'queue = { count = 1; };'; } |
	write one.conf

thread()
{
	grep -lx "$1" /proc/"${PID[daemon]}"/task/*/comm | cut -d/ -f5
}

# break_calls OPTION...: from now on, of the worker of queue 0
break_calls()
{
	local options=()
	for option; do options+=(-e "$option"); done
	start strace guarded strace -o "$DIR/strace.out" "${options[@]}" \
		-p "$(thread queue-0)"
	wait_for 10 grep -q attached "$DIR/strace.log"
}

mend_calls()
{
	kill -INT "${PID[strace]}"
	collect strace
	injected=$(grep -cE 'INJECTED|DELAYED' "$DIR/strace.out") || true
	[ "$injected" -gt 0 ] || fail "no call was made to fail"
}

waiting()
{
	# shellcheck disable=SC2016 # awk's $3
	on guarded awk '{ n += $3 } END { print n + 0 }' \
		/proc/net/netfilter/nfnetlink_queue
}

bound()
{
	on guarded grep -q . /proc/net/netfilter/nfnetlink_queue
}

waiting_is()
{
	[ "$(waiting)" = "$1" ]
}

# The pings; a neighbour solicitation may be among them.
many_wait()
{
	[ "$(waiting)" -ge 5 ]
}

both_ways_work()
{
	for i in 0 1; do
		is answered probe client tcp "${G[i]}" 22
		is answered probe guarded tcp "${C[i]}" 443
		is same peer client bulk "${G[i]}" 443 4
	done
	wait_for 5 waiting_is 0
}

blocked_is_silent()
{
	is silent probe client tcp "${G[0]}" 8080
}

firewall guarded "$DIR/one.conf"

for error in ENOBUFS EINTR EAGAIN ENOMEM; do
	step "$error of every other send: the same verdicts again, nobody notices"
	break_calls trace=sendto inject=sendto:error=$error:when=1+2
	both_ways_work
	mend_calls
done

step "sends that fail ten times running"
break_calls trace=sendto inject=sendto:error=ENOBUFS:when=3..12
both_ways_work
blocked_is_silent
mend_calls

for error in ENOBUFS EINTR ENOMEM; do
	step "$error of every third receive: counted, no packet is lost"
	break_calls trace=recvmmsg inject=recvmmsg:error=$error:when=1+3
	both_ways_work
	mend_calls
done

step "a socket of no use is replaced, and the log says so"
break_calls trace=recvmmsg inject=recvmmsg:error=EIO:when=2
wait_for 5 grep -q 'queue 0: bound again' "$DIR/daemon.log"
mend_calls
both_ways_work
blocked_is_silent

step "a verdict that got lost holds its place no longer than an idle tick"
break_calls trace=sendto inject=sendto:retval=32:when=1
is silent probe client ping "${G[0]}"
wait_for 3 waiting_is 0
mend_calls

step "packets that wait when a reload comes, go on after it"
break_calls 'trace=?poll,?ppoll' 'inject=?poll,?ppoll:delay_enter=3000000:when=1'
# One packet, to drop; from then on the worker is slow to wait for more.
on client ping -n -q -c 1 -W 0.2 "${G[0]}" >/dev/null || true
start ping guarded ping -n -q -c 5 -i 0.1 -W 5 "${C[0]}"
wait_for 2 many_wait
{ cat "$DIR/one.conf"; echo 'forward = ();'; } | write two.conf
mv "$DIR/two.conf" "$DIR/one.conf"
expect 0 ctl reload
on guarded nft list chain inet ephemerald forward >/dev/null
many_wait || fail "$(waiting) packets wait after the reload"
wait_for 10 gone ping
collect ping
grep -q ' 5 received' "$DIR/ping.log" || fail "$(cat "$DIR/ping.log")"
mend_calls

step "nobody holds the queue: neighbours are found, all else is dropped"
break_calls trace=recvmmsg,sendto inject=recvmmsg:error=EIO:when=1 \
	inject=sendto:error=ENOMEM
wait_for 5 grep -q 'queue 0 cannot be bound: Cannot allocate' "$DIR/daemon.log"
! bound || fail "somebody holds it"
on client ip neigh flush all
on guarded ip neigh flush all
is silent probe client tcp "${G[1]}" 22
is silent probe client tcp "${G[0]}" 22
on client ip neigh get "${G[1]}" dev eth0 | grep -q lladdr ||
	fail "the neighbour was not found"
mend_calls
wait_for 5 bound
both_ways_work

step "a mark from elsewhere: our bits are cleared, the others stay"
on guarded nft -f - <<'EOT'
table inet other {
	counter kept { }
	chain before {
		type filter hook input priority mangle;
		iif eth0 tcp dport 22 meta mark set 0x10000007
	}
	chain after {
		type filter hook input priority filter;
		tcp dport 22 meta mark 0x7 counter name kept
	}
}
EOT
is answered probe client tcp "${G[0]}" 22
is answered probe client tcp "${G[1]}" 22
kept=$(on guarded nft -j list counter inet other kept |
	jq '[.nftables[].counter? // empty | .packets][0]')
[ "$kept" -gt 6 ] || fail "$kept packets came with the mark 7"
on guarded nft delete table inet other

step "others can neither flush nor delete the table"
on guarded nft flush ruleset || true
! on guarded nft delete table inet ephemerald 2>/dev/null ||
	fail "another program deleted it"
blocked_is_silent
stop daemon TERM
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
no_trace guarded

step "four queues: a connection keeps to one, all together use more"
{ cat "$SOURCE/conf/ephemerald.conf"; echo 'queue = { first = 7; count = 4; };'; } |
	write four.conf
on guarded sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
on client sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
firewall guarded "$DIR/four.conf"
packets()
{
	ctl --json status | jq -r '.queues[] | "\(.queue) \(.packets)"'
}
# The queues that got more than the end of the connection before.
busy_since()
{
	paste <(echo "$1") <(packets) | awk '$4 > $2 + 20 { print $1 }'
}
used=
for _ in $(seq 12); do
	before=$(packets)
	is same peer client bulk "${G[0]}" 443 1
	moved=$(busy_since "$before")
	[[ $moved =~ ^[0-9]+$ ]] || fail "one connection, queues: $moved"
	used+="$moved "
done
echo "   queues of 12 connections: $used"
[ "$(tr ' ' '\n' <<<"$used" | sort -u | grep -c .)" -gt 1 ] ||
	fail "all in one queue"
