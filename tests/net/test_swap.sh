#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ten thousand rules are swapped for ten thousand others again and again, while
# clients talk over both families: not a packet is lost, and the kernel's chains
# stay the ones they were.  How long the slowest answer took, with and without
# swaps, is told, and fails nothing.  SWAPS says how many (10).
. "$(dirname "$0")/lib.sh"

SWAPS=${SWAPS:-10}
layout_host
serve server guarded udp/53 tcp/22

# rules SEED: a config of ten thousand, the last of which lets the clients in
rules()
{
	awk -v seed="$1" 'BEGIN {
		srand(seed)
		print "inbound = ("
		for (i = 1; i < 10000; i++) {
			net = i % 2 ? sprintf("198.51.%d.%d/30", rand() * 256, rand() * 64 * 4) \
				: sprintf("2001:db8:%x:%x::/64", 1 + rand() * 4096, rand() * 65536)
			printf "  { protocol = \"%s\"; from = \"%s\"; port = %d; action = \"%s\"; },\n",
				rand() < 0.5 ? "tcp" : "udp", net, 1 + rand() * 60000,
				rand() < 0.5 ? "allow" : "block"
		}
		print "  { port = (22, 53); action = \"allow\"; } );"
		print "outbound = ( { port = \"*\"; action = \"allow\"; } );"
	}'
}
rules 1 | write one.conf
rules 2 | write two.conf
cp "$DIR/one.conf" "$DIR/swap.conf"
firewall guarded "$DIR/swap.conf"

chains()
{
	on guarded nft -a list table inet ephemerald | grep -B1 'type filter hook'
}

retransmits()
{
	on "$1" awk '/^Tcp:/ { n = $13 } END { print n }' /proc/net/snmp
}

# talk SECONDS: four conversations, begun together
talk()
{
	for i in 0 1; do
		start udp$i client python3 -E "$TESTS/net/peer.py" stream \
			udp "${G[i]}" 53 --seconds "$1"
		start tcp$i client python3 -E "$TESTS/net/peer.py" stream \
			tcp "${G[i]}" 22 --seconds "$1"
	done
	for job in udp0 udp1 tcp0 tcp1; do
		wait_for 10 grep -q ready "$DIR/$job.log"
	done
}

# done_talking: they have an answer to everything; sets LONGEST
done_talking()
{
	LONGEST=0
	for job in udp0 udp1 tcp0 tcp1; do
		wait_for 60 gone $job
		collect $job
		grep -q ' lost=0 ' "$DIR/$job.log" || fail "$job: $(cat "$DIR/$job.log")"
		one=$(sed -nE 's/.* longest_ms=([0-9]+)$/\1/p' "$DIR/$job.log")
		[ "$one" -le "$LONGEST" ] || LONGEST=$one
	done
}

talking()
{
	running udp0 && running udp1 && running tcp0 && running tcp1
}

# swap_rules: the other ten thousand come into force
swap_rules()
{
	cp "$DIR/two.conf" "$DIR/swap.conf"
	mv "$DIR/one.conf" "$DIR/spare.conf"
	mv "$DIR/two.conf" "$DIR/one.conf"
	mv "$DIR/spare.conf" "$DIR/two.conf"
	expect 0 ctl reload
}

step "how long an answer takes without swaps"
talk 5
done_talking
echo "   at most $LONGEST ms"

step "$SWAPS swaps of 10,000 rules, and every packet has its answer"
before=$(chains)
[ "$(grep -c 'type filter hook' <<<"$before")" -ge 2 ] || fail "$before"
tried="$(retransmits client) $(retransmits guarded)"
began=${EPOCHREALTIME/./}
longest=0 swaps=0
while [ $swaps -lt "$SWAPS" ]; do
	talk 10
	while [ $swaps -lt "$SWAPS" ] && talking; do
		swap_rules
		swaps=$((swaps + 1))
	done
	done_talking
	[ "$LONGEST" -le "$longest" ] || longest=$LONGEST
done
echo "   at most $longest ms; a swap took about" \
	"$(((${EPOCHREALTIME/./} - began) / SWAPS / 1000)) ms"
is $((SWAPS + 1)) generation
is "$tried" echo "$(retransmits client) $(retransmits guarded)"

step "the kernel lost nothing, and its chains are those of the start"
is 0 jq '[ .queues[] | .lost_queue_full, .lost_socket_full, .lost_rebound,
	.flushed ] | add' <<<"$(ctl --json status)"
is "$before" chains
