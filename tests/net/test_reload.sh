#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Reload under traffic, good and bad: no packet is lost, a bad config changes
# nothing and says where it is bad.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80 tcp/8080 udp/53
serve outside client tcp/443 udp/53

good()
{
	cat <<-EOF
		inbound = (
		  { port = 22; action = "allow"; },
		  { port = 53; protocol = "udp"; action = "allow"; },
		  $1
		  { port = "*"; action = "block"; }
		);
		outbound = ( { port = "*"; action = "allow"; } );
	EOF
}
good '' | write host.conf
firewall guarded "$DIR/host.conf"

step "a good reload takes effect at once, by ephctl and by SIGHUP"
is 1 generation
is silent probe client tcp "${G[0]}" 8080
good '{ port = 8080; action = "allow"; },' | write host.conf
expect 0 ctl reload
is 2 generation
is answered probe client tcp "${G[0]}" 8080
good '' | write host.conf
kill -HUP "${PID[daemon]}"
generation_is()
{
	[ "$(generation)" = "$1" ]
}
wait_for 5 generation_is 3
is silent probe client tcp "${G[0]}" 8080

step "a bad config is refused whole: exit 5, file:line, the old one stays"
good '{ port = 70000; action = "allow"; },' | write host.conf
expect 5 ctl reload
says "host.conf:4: .*70000"
is 3 generation
printf 'inbound = (\n  { port = 22; action = "allow" \n' | write host.conf
expect 5 ctl reload
says 'host\.conf:[0-9]+: '
rm "$DIR/host.conf"
expect 5 ctl reload
says 'host\.conf'
is 3 generation
is answered probe client tcp "${G[1]}" 22
is silent probe client tcp "${G[1]}" 8080
expect 0 ctl --json status
is false jq .last_reload.ok <<<"$OUT"

step "a bad config by SIGHUP is logged with file:line"
good '{ prot = 80; action = "allow"; },' | write host.conf
kill -HUP "${PID[daemon]}"
wait_for 5 grep -qE 'host\.conf:4: ' "$DIR/daemon.log"
is 3 generation

step "up to 40 reloads, good and bad, while 4 streams run both ways: nothing is lost"
for i in 0 1; do
	converse "udp$i" client udp "${G[i]}" 53 \
		--seconds 8
	converse "tcp$i" guarded tcp "${C[i]}" 443 \
		--seconds 8
done
retransmits()
{
	on "$1" awk '/^Tcp:/ { n = $13 } END { print n }' /proc/net/snmp
}
before="$(retransmits client) $(retransmits guarded)"
# A sanitizer makes reloads slow; the streams are there for each that counts.
round=0
while [ $round -lt 10 ] && running udp0 && running tcp1; do
	round=$((round + 1))
	good "{ port = $((1000 + round)); action = \"allow\"; }," | write host.conf
	expect 0 ctl reload
	good '{ port = "*"; action = "maybe"; },' | write host.conf
	expect 5 ctl reload
	good '' | write host.conf
	expect 0 ctl reload
	good '{ protocol = 6; port = 0; action = "allow"; },' | write host.conf
	expect 5 ctl reload
done
[ $round -ge 3 ] || fail "only $round rounds while the streams ran"
is $((3 + 2 * round)) generation
for job in udp0 udp1 tcp0 tcp1; do
	wait_for 20 gone "$job"
	collect "$job"
	tail -n 1 "$DIR/$job.log"
	grep -q 'lost=0 ' "$DIR/$job.log" || fail "$job lost answers"
done
is "$before" echo "$(retransmits client) $(retransmits guarded)"

step "the kernel lost nothing either"
expect 0 ctl --json status
is '0 0' jq -r '"\([.queues[].lost_queue_full] | add) \([.queues[].lost_socket_full] | add)"' <<<"$OUT"

step "a policy that no longer allows a connection cuts it, and says so"
converse cut client tcp "${G[0]}" 22 \
	--seconds 10 --within 1
printf 'inbound = ();\noutbound = ( { port = "*"; action = "allow"; } );\n' |
	write host.conf
counted revoked expect 0 ctl reload
