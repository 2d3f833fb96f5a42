#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Fragments and path MTU: what does not fit a link arrives all the same, on every
# hook, whether the kernel puts datagrams together first or not; what only a
# forger sends does not.
#
#   client --- guarded --- router -(1280)- server
. "$(dirname "$0")/lib.sh"

for name in client guarded router server; do
	host $name
done
wire client eth0 guarded inside
wire guarded outside router inside
wire router outside server eth0
address client eth0 192.0.2.1/24 2001:db8:1::1/64
address guarded inside 192.0.2.254/24 2001:db8:1::fe/64
address guarded outside 198.51.100.1/24 2001:db8:2::1/64
address router inside 198.51.100.254/24 2001:db8:2::fe/64
address router outside 203.0.113.254/24 2001:db8:3::fe/64
address server eth0 203.0.113.1/24 2001:db8:3::1/64
need_nfqueue guarded
for name in guarded router; do
	on $name sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
# route NAME IPV4 IPV6: everything else goes there
route()
{
	on "$1" ip route add default via "$2"
	on "$1" ip route add default via "$3"
}
route client 192.0.2.254 2001:db8:1::fe
route guarded 198.51.100.254 2001:db8:2::fe
route server 203.0.113.254 2001:db8:3::fe
on router ip route add 192.0.2.0/24 via 198.51.100.1
on router ip route add 2001:db8:1::/64 via 2001:db8:2::1
C=(192.0.2.1 2001:db8:1::1)
G=(192.0.2.254 2001:db8:1::fe)
S=(203.0.113.1 2001:db8:3::1)
serve server server udp/53 udp/54
serve gateway guarded udp/53

write gateway.conf <<'EOF'
inbound = (
  { port = 53; protocol = "udp"; action = "allow"; },
  { protocol = ("icmp", "icmpv6"); action = "allow"; }
);
outbound = ( { port = "*"; action = "allow"; } );
forward = (
  { port = 53; protocol = "udp"; interface = "inside"; action = "allow"; },
  { protocol = ("icmp", "icmpv6"); interface = "inside"; action = "allow"; },
  { port = "*"; action = "block"; }
);
EOF
firewall guarded "$DIR/gateway.conf"

large()
{
	local s=${S[$1]} g=${G[$1]}
	step "$s: 4000 bytes by ping and UDP are forwarded and come back, $2"
	is answered probe client ping "$s" -s 4000
	is answered probe client udp "$s" 53 --bytes 4000
	step "$g: so they are to and from the gateway itself"
	is answered probe client ping "$g" -s 4000
	is answered probe client udp "$g" 53 --bytes 4000
	is answered probe guarded ping "$s" -s 4000
	is answered probe guarded udp "$s" 53 --bytes 4000
}

for i in 0 1; do
	before=$(reasons fragment)
	large $i "as fragments"
	# Of 3 fragments each, 2 follow; there and back.
	reasons_exceed fragment $((before + 7))
done

on guarded nft 'table inet whole { chain forward {
	type filter hook forward priority 0; ct state established; }; }'
for i in 0 1; do
	before=$(reasons fragment)
	large $i "put together by connection tracking"
	is "$before" reasons fragment
done
on guarded nft delete table inet whole

# arrives PORT PIECE...: a datagram of its own, to UDP
arrives()
{
	is answered peer client shards udp "${C[i]}" "${S[i]}" "$@"
}
# lost REASON PORT PIECE...: and a fragment at least is dropped for that
lost()
{
	counted "$1" is silent \
		peer client shards udp "${C[i]}" "${S[i]}" "${@:2}" --within 0.3
}

for i in 0 1; do
	s=${S[i]}
	step "$s: fragments of a forger pass as well, if they make sense"
	arrives 53 0-1000+ 1000-2000+ 2000-2500
	arrives 53 0-1000+ 2000-2500 1000-2000+

	step "$s: a copy is dropped and the datagram arrives"
	counted fragment-duplicate \
		arrives 53 0-1000+ 1000-2000+ 1000-2000+ 2000-2500

	step "$s: of those that overlap none passes any more"
	lost fragment-overlap 53 0-1000+ 992-2000+ 2000-2500
	lost fragment-overlap 53 0-1000+ 1000-2000+ 1992-2500
	lost fragment-overlap 53 0-1000+ 2000-2500 1000-2008+

	step "$s: nor those ahead of their first, or of one that is blocked"
	lost fragment-unknown 53 1000-2000+ 2000-2500 0-1000+
	counted rule-block lost fragment-unknown 54 0-1000+ 1000-1500

	step "$s: nor a header in two, nor an end beyond 65535"
	counted bad-fragment is silent \
		peer client shards tcp "${C[i]}" "$s" 53 0-8+ 8-40 --within 0.3
	lost bad-fragment 53 65528-65540
done

# i is 1
step "${S[i]}: a whole datagram behind a Fragment header is judged as any other"
arrives 53 0-1000
lost rule-block 54 0-1000

# The kernel's own word to a ping that does not fit.
told_the_mtu()
{
	expect 1 on "$1" ping -n -c 1 -W 2 -M 'do' -s 1300 "$2"
	says 'mtu[ =:]*1280'
}

on router ip link set outside mtu 1280
on server ip link set eth0 mtu 1280
for i in 0 1; do
	s=${S[i]}
	for name in client guarded; do
		step "$s: one error says the path MTU to $name, and it is related"
		before=$(reasons related)
		is answered probe $name ping "$s" -s 1000 -M 'do'
		is "$before" reasons related
		told_the_mtu $name "$s"
		is $((before + 1)) reasons related
	done
done
