#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The fast path: packets of settled connections pass in the kernel, are noted
# all the same, and come back to the daemon when they must.
. "$(dirname "$0")/lib.sh"

# client - guarded - server: a host with services, and a gateway.
host client
host guarded
host server
wire client eth0 guarded inside
wire server eth0 guarded outside
address client eth0 192.0.2.1/24 2001:db8:1::1/64
address guarded inside 192.0.2.2/24 2001:db8:1::2/64
address guarded outside 203.0.113.2/24 2001:db8:2::2/64
address server eth0 203.0.113.1/24 2001:db8:2::1/64
C=(192.0.2.1 2001:db8:1::1)
G=(192.0.2.2 2001:db8:1::2)
S=(203.0.113.1 2001:db8:2::1)
need_nfqueue guarded
on guarded sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
on client ip route add default via 192.0.2.2
on client ip route add default via 2001:db8:1::2
on server ip route add default via 203.0.113.2
on server ip route add default via 2001:db8:2::2
serve own guarded tcp/80 tcp/81 tcp/82 udp/53
serve far server tcp/80 udp/53
serve back client tcp/80

policy()
{
	cat <<-END
		fast_path = "on";
		inbound = (
		  $1
		  { port = (53, 80); protocol = ("tcp", "udp"); action = "allow"; },
		  { port = 81; protocol = "tcp"; action = "allow"; log = true; },
		  { port = 82; protocol = "tcp"; action = "allow"; fast_path = false; }
		);
		outbound = ( { port = "*"; action = "allow"; } );
		forward = ( { port = (53, 80); protocol = ("tcp", "udp"); action = "allow"; } );
		$2
	END
}
policy '' '' | write host.conf
firewall guarded "$DIR/host.conf"
expect 0 ctl --json status
[ "$(jq .hook.fast_path.in_force <<<"$OUT")" = true ] ||
	skip "no fast path: $(jq -r .hook.fast_path.why <<<"$OUT")"

# What passed in the kernel so far; what the daemon judged.
passed()
{
	ctl --json status | jq .hook.fast_path.packets
}
queued()
{
	ctl --json status | jq '[.queues[].packets] | add'
}
# bulk FROM ADDRESS PORT MEGABYTES: sets QUEUED and PASSED
bulk()
{
	local before_queued before_passed
	before_queued=$(queued)
	before_passed=$(passed)
	is same peer "$1" bulk "$2" "$3" "$4"
	QUEUED=$(($(queued) - before_queued))
	PASSED=$(($(passed) - before_passed))
	echo "$4 MB to $2: $QUEUED queued, $PASSED passed"
}
much_more()
{
	[ $(($(passed) - $1)) -gt 200 ]
}
answers()
{
	[ "$(grep -c ^answer "$DIR/talk.log")" -ge "$1" ]
}
# talk N: have N answers in all
talk()
{
	echo "$1" >&4
	wait_for 10 answers "$1"
}

for i in 0 1; do
	c=${C[i]} g=${G[i]} s=${S[i]}
	step "$g: of a transfer only a few packets come to the queue, in each direction"
	# SYN, SYN/ACK, a few until it is settled, FINs, neighbour discovery.
	bulk client "$g" 80 20
	[ "$QUEUED" -lt 30 ] && [ "$PASSED" -gt 200 ]
	bulk guarded "$c" 80 20
	[ "$QUEUED" -lt 30 ] && [ "$PASSED" -gt 200 ]
	bulk client "$s" 80 20
	[ "$QUEUED" -lt 30 ] && [ "$PASSED" -gt 200 ]

	step "$g: and nothing of it is forgotten"
	expect 0 ctl --json flows --dport 80 --dst "$g"
	[ "$(jq '.bytes | if type == "object" then add else add end' <<<"$OUT")" -gt 20000000 ]
	ended()
	{
		ctl --json flows --dport 80 --dst "$g" | grep -q '"state":"time-wait"'
	}
	wait_for 10 ended

	step "$g: of UDP as well"
	before=$(passed)
	converse udp client udp "$g" 53 --seconds 1
	wait_for 10 gone udp
	collect udp
	tail -n 1 "$DIR/udp.log"
	grep -q 'lost=0 ' "$DIR/udp.log"
	[ $(($(passed) - before)) -gt 50 ]

	step "$g: a rule that logs, or says so, has all its packets judged"
	for port in 81 82; do
		bulk client "$g" $port 5
		is 0 echo "$PASSED"
	done

	step "$g: what a forger sends into it comes to the daemon, and harms nothing"
	mkfifo "$DIR/go$i"
	start talk client python3 -Eu "$TESTS/net/peer.py" session "$g" 80 "$DIR/go$i"
	exec 4>"$DIR/go$i"
	for n in 1 2 3; do talk $n; done
	port=$(awk '/^port/ { print $2 }' "$DIR/talk.log")
	for flags in A R RA PA FA S SA; do
		before=$(queued)
		peer client forge tcp "$c" "$port" "$g" 80 $flags
		more_queued()
		{
			[ "$(queued)" -gt "$before" ]
		}
		wait_for 10 more_queued
	done
	before=$(passed)
	for n in 4 5 6; do talk $n; done
	[ "$(passed)" -gt "$before" ]
	is '"established"' jq .state <<<"$(ctl --json flows --sport "$port")"
	exec 4>&-
	stop talk
done

# running: a transfer without end, which passes in the kernel by now
running_transfer()
{
	start bulk client python3 -E "$TESTS/net/peer.py" bulk "$1" 80 1 --seconds 60 --within 2
	local before
	before=$(passed)
	much_passed()
	{
		[ $(($(passed) - before)) -gt 1000 ]
	}
	wait_for 10 much_passed
}
# cut REASON: nothing passes any more, though both ends still try
cut()
{
	local before
	before=$(passed)
	counted "$1" true
	counted "$1" true
	is "$before" passed
	stop bulk
}

for i in 0 1; do
	c=${C[i]} g=${G[i]} s=${S[i]}
	step "$g: a reload that allows it lets a transfer go on, and back in the kernel"
	policy '' '' | write host.conf
	expect 0 ctl reload
	running_transfer "$g"
	for _ in 1 2 3; do
		expect 0 ctl reload
		before=$(passed)
		wait_for 10 much_more "$before"
	done
	stop bulk

	step "$g: one that does not cuts it at its next packet"
	running_transfer "$g"
	policy "{ port = 80; from = \"$c\"; action = \"block\"; }," '' | write host.conf
	counted revoked expect 0 ctl reload
	cut not-a-start
	policy '' '' | write host.conf
	expect 0 ctl reload

	step "$g: so does a ban"
	running_transfer "$g"
	expect 0 ctl ban "$c"
	cut banned
	expect 0 ctl set del banned "$c"

	step "$s: and what is forwarded"
	running_transfer "$s"
	expect 0 ctl ban "$s"
	cut banned
	expect 0 ctl set del banned "$s"

	step "$g: a network ACL that is the same for all packets of a connection"
	policy '' 'acl = { inbound = ( { port = "*"; action = "allow"; } );
		outbound = ( { port = "*"; action = "allow"; } ); };' | write host.conf
	expect 0 ctl reload
	bulk client "$g" 80 20
	[ "$QUEUED" -lt 40 ] && [ "$PASSED" -gt 200 ]
	policy '' 'acl = { inbound = (
		{ port = 1; protocol = "tcp"; flags = "syn"; action = "block"; },
		{ port = "*"; action = "allow"; } );
		outbound = ( { port = "*"; action = "allow"; } ); };' | write host.conf
	expect 0 ctl reload
	bulk client "$g" 80 5
	is 0 echo "$PASSED"
done

step "nothing was lost, and nothing is left"
expect 0 ctl --json status
is 0 jq '[.queues[].lost_queue_full] | add' <<<"$OUT"
stop daemon INT
no_trace guarded
