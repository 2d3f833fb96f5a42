#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A gateway: what it forwards is judged by `forward`, replies pass by state, and
# without that section forwarding is left alone.
. "$(dirname "$0")/lib.sh"

host client
host guarded
host server
wire client eth0 guarded inside
wire server eth0 guarded outside
address client eth0 192.0.2.1/24 2001:db8:1::1/64
address guarded inside 192.0.2.254/24 2001:db8:1::fe/64
address guarded outside 203.0.113.254/24 2001:db8:2::fe/64
address server eth0 203.0.113.1/24 2001:db8:2::1/64
need_nfqueue guarded
on guarded sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
on client ip route add default via 192.0.2.254
on client ip route add default via 2001:db8:1::fe
on server ip route add default via 203.0.113.254
on server ip route add default via 2001:db8:2::fe
C=(192.0.2.1 2001:db8:1::1)
S=(203.0.113.1 2001:db8:2::1)
GATEWAY=(192.0.2.254 2001:db8:1::fe)
serve server server tcp/80 tcp/8080 udp/53 udp/54
serve client client tcp/80 udp/40000
serve gateway guarded tcp/22 tcp/80

own='inbound = ( { port = 22; action = "allow"; } );
outbound = ( { port = "*"; action = "allow"; } );'
write gateway.conf <<EOF
$own
forward = (
  { port = 80; protocol = "tcp"; interface = "inside"; action = "allow"; },
  { port = 53; protocol = "udp"; interface = "in*"; action = "allow"; },
  { protocol = ("icmp", "icmpv6"); interface = "inside"; out_interface = "outside";
    action = "allow"; },
  { port = "*"; action = "block"; }
);
EOF
firewall guarded "$DIR/gateway.conf"

for i in 0 1; do
	c=${C[i]} s=${S[i]}
	step "$s: TCP, UDP and ping from inside are forwarded, and their replies"
	is answered probe client tcp "$s" 80
	is answered probe client udp "$s" 53
	is answered probe client ping "$s"

	step "$s: other ports are not, silently"
	is silent probe client tcp "$s" 8080
	is silent probe client udp "$s" 54

	step "$c: from outside nothing is, not even to a port that inside may ask"
	is silent probe server tcp "$c" 80
	is silent probe server udp "$c" 40000
	is silent probe server ping "$c"
	counted not-a-start peer server forge tcp "$s" 80 "$c" 40000 SA

	step "${GATEWAY[i]}: the gateway itself is guarded by inbound, not by forward"
	is answered probe client tcp "${GATEWAY[i]}" 22
	is silent probe client tcp "${GATEWAY[i]}" 80

	step "$s: 16 MB forwarded out and back are unharmed, fragments too"
	is same peer client bulk "$s" 80 16
	on client ping -n -q -c 2 -W 2 -s 4000 "$s" >/dev/null
done

step "an error about a forwarded connection finds its way: path MTU"
on guarded ip link set outside mtu 1280
on server ip link set eth0 mtu 1280
is same peer client bulk "${S[0]}" 80 4
is same peer client bulk "${S[1]}" 80 4

step "flows tell direction and both interfaces"
expect 0 ctl --json flows --direction forward --protocol tcp --dport 80
is 'inside outside' jq -rn 'first(inputs) | "\(.in_interface) \(.out_interface)"' <<<"$OUT"

step "without the section forwarded packets are not queued"
write gateway.conf <<<"$own"
expect 0 ctl reload
is answered probe client tcp "${S[0]}" 8080
is answered probe server tcp "${C[1]}" 80
is silent probe client tcp "${GATEWAY[1]}" 80

step "with an empty one nothing is forwarded"
write gateway.conf <<<"$own forward = ();"
expect 0 ctl reload
is silent probe client tcp "${S[0]}" 80
is silent probe client tcp "${S[1]}" 80
