#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The shipped policy guards a host: what may come in, what comes back, and what
# stays outside, for IPv4 and IPv6.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80 tcp/443 tcp/8080 tcp/40000 udp/53 udp/40000
serve outside client tcp/443 tcp/5000 udp/53
watch_arrivals client

step "without the firewall port 8080 answers (so later silence is its doing)"
is answered probe client tcp "${G[0]}" 8080
is answered probe client tcp "${G[1]}" 8080

firewall guarded "$SOURCE/conf/ephemerald.conf"

for i in 0 1; do
	g=${G[i]} c=${C[i]}

	step "$g: 22, 80 and 443 are answered from outside"
	is "answered answered answered" probe client tcp "$g" 22 80 443

	step "$g: 8080 is silently dropped, with no RST and no ICMP"
	before="$(arrived client resets) $(arrived client unreachables)"
	is silent probe client tcp "$g" 8080
	is "$before" echo "$(arrived client resets) $(arrived client unreachables)"

	step "$g: 22 is a port of tcp and udp; 53 of udp is blocked"
	is silent probe client udp "$g" 53

	step "$g: TCP, UDP and ping to the outside are answered on ephemeral ports"
	is "answered answered" probe guarded tcp "$c" 443 5000
	is answered probe guarded udp "$c" 53
	is answered probe guarded ping "$c"

	step "$g: so are both ends of the ephemeral range"
	is answered probe guarded tcp "$c" 443 --from-port 32768
	is answered probe guarded udp "$c" 53 --from-port 60999

	step "$g: a closed port outside refuses: its RST comes back, and its ICMP error"
	is refused probe guarded tcp "$c" 81
	is refused probe guarded udp "$c" 81

	step "$g: nothing unsolicited reaches an ephemeral port, though it listens"
	counted rule-block is silent probe client tcp "$g" 40000
	counted rule-block is silent probe client udp "$g" 40000
	for flags in SA A R FA; do
		counted not-a-start peer client forge tcp "$c" 443 "$g" 40000 $flags
	done

	step "$g: packets that no endpoint sends are dropped for what they are"
	for flags in '' SF FPU SR; do
		counted bad-tcp-flags peer client forge tcp "$c" 443 "$g" 80 $flags
	done
	counted bad-port peer client forge udp "$c" 0 "$g" 22

	step "$g: an answer counts only from the peer, port and protocol asked"
	is answered probe guarded udp "$c" 53 --from-port 45000
	counted rule-block peer client forge udp "$c" 54 "$g" 45000
	counted rule-block peer client forge udp "$c" 53 "$g" 45001
	counted not-a-start peer client forge tcp "$c" 53 "$g" 45000 SA
	other=203.0.113.9
	[ "$i" -eq 0 ] || other=2001:db8:9::9
	counted rule-block peer client forge udp "$other" 53 "$g" 45000

	step "$g: ping from outside is dropped, also while we ping out"
	counted rule-block is silent probe client ping "$g"

	step "$g: neighbour discovery lives: forgotten neighbours are found again"
	on client ip neigh flush all
	on guarded ip neigh flush all
	is answered probe client tcp "$g" 22
	on client ip neigh flush all
	on guarded ip neigh flush all
	is answered probe guarded tcp "$c" 443

	step "$g: 32 MB go out and come back unharmed, and in and out"
	is same peer guarded bulk "$c" 443 32
	is same peer client bulk "$g" 443 32

	step "$g: fragmented datagrams and pings of 4000 bytes pass"
	on guarded ping -n -q -c 2 -W 2 -s 4000 "$c" >/dev/null
done

# forged REASON COUNT: from 2001:db8::22, more than COUNT were dropped for that
forged()
{
	peer client forge udp 2001:db8::22 50000 "${G[1]}" 8080
	reasons_exceed "$1" "$2"
}

step "no packet comes from outside with an address of ours, as long as it is"
before=$(reasons bad-address)
address guarded eth0 2001:db8::22/64
wait_for 5 forged bad-address "$before"
before=$(reasons rule-block)
on guarded ip address del 2001:db8::22/64 dev eth0
wait_for 5 forged rule-block "$before"

step "what was accepted and dropped is told by reason, none is undecided"
is 0 reasons undecided
ctl --json status | jq -c .reasons
