#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# More than the queue holds: each packet that the kernel dropped before the
# daemon saw it is counted, whichever way it went, and over a change of sockets.
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || fail "strace is not installed"
layout_host
# What is there for the firewall to judge, and what it has let by.  Nobody
# listens to the volleys.
on guarded nft -f - <<'EOT'
table inet count {
	counter came { }
	counter passed { }
	chain in_before {
		type filter hook input priority mangle; counter name came
	}
	chain in_after {
		type filter hook input priority filter; counter name passed
		udp dport 9 drop
	}
	chain out_before {
		type filter hook output priority mangle; counter name came
	}
	chain out_after {
		type filter hook output priority filter; counter name passed
	}
}
EOT

# guard QUEUES LENGTH
guard()
{
	write overload.conf <<-EOT
		queue = { count = $1; length = $2; };
		inbound = ( { protocol = "udp"; port = 9; action = "allow"; } );
		outbound = ( { port = "*"; action = "allow"; } );
	EOT
	firewall guarded "$DIR/overload.conf"
	is '0 0 0' losses
	base=$(undelivered)
}

# What came less what passed.
undelivered()
{
	on guarded nft -j list counters table inet count |
		jq '[ .nftables[].counter? // empty | { (.name): .packets } ] |
			add | .came - .passed'
}

# Of all queues: full queue, full socket, change of sockets.
losses()
{
	ctl --json status | jq -r '[ [ .queues[] |
		[ .lost_queue_full, .lost_socket_full, .lost_rebound ] ] |
		transpose[] | add | tostring ] | join(" ")'
}

dropped()
{
	ctl --json status | jq '[ .verdicts[].drop ] | add'
}

# What came, and neither passed nor was dropped by the daemon, is lost.
accounted()
{
	local full socket rebound
	read -r full socket rebound < <(losses)
	[ "$(undelivered)" -eq $((base + $(dropped) + full + socket + rebound)) ]
}

# flood PACKETS: at the stopped daemon, of each family
flood()
{
	kill -STOP "${PID[daemon]}"
	for i in 0 1; do
		is "$1 sent" peer client volley "${G[i]}" 9 "$1"
	done
	kill -CONT "${PID[daemon]}"
	wait_for 10 accounted
}

thread()
{
	grep -lx "$1" /proc/"${PID[daemon]}"/task/*/comm | cut -d/ -f5
}

# break_socket OPTION...: the worker of queue 0 cannot read from it
break_socket()
{
	start strace guarded strace -o "$DIR/strace.out" \
		-e 'trace=recvmmsg,setsockopt,?poll,?ppoll' \
		-e inject=recvmmsg:error=EIO:when=1 "$@" -p "$(thread queue-0)"
	wait_for 10 grep -q attached "$DIR/strace.log"
}

# bound_again TIMES
bound_again()
{
	[ "$(grep -c 'queue 0: bound again' "$DIR/daemon.log")" -eq "$1" ]
}

mended()
{
	wait_for 10 bound_again "$1"
	kill -INT "${PID[strace]}"
	collect strace
	wait_for 5 accounted
}

# Neighbours are found before the floods.
for i in 0 1; do
	is answered probe client ping "${G[i]}"
done

step "the queues are full: status says how many found no room, to a packet"
guard 2 700
flood 3000
read -r full socket rebound < <(losses)
is '0 0' echo "$socket $rebound"
[ "$full" -ge 4600 ] || fail "$full of 6000 lost"
echo "   $full of 6000 packets were lost"

step "and in words"
expect 0 ctl status
is "$full 0 0" awk '/LOST:/ { on = 1; next } !NF { on = 0 }
	on { full += $5; socket += $6; rebound += $7 }
	END { print full, socket, rebound }' <<<"$OUT"

step "and in metrics"
expect 0 ctl metrics
is "$full 0 0" awk '/^ephemerald_queue_lost_total/ {
		split($1, label, "\""); lost[label[4]] += $2 }
	END { print lost["queue-full"], lost["socket-full"], lost["rebound"] }' <<<"$OUT"
stop daemon

# So many messages fit a socket where the kernel grants no more: it is full
# before the queue is.
room=$((2 * $(sysctl -n net.core.rmem_max) / 832))
[ $room -lt 32000 ] || exit 0 # more than the longest queue

step "a new socket: what waited for the old one is counted"
guard 1 $((2 * room))
break_socket -e 'inject=?poll,?ppoll:delay_enter=2000000:when=1' \
	-e inject=setsockopt:error=EPERM:when=2
# The first wakes the worker, which is slow to give the socket up then.
for i in 0 1; do
	is '20 sent' peer client volley "${G[i]}" 9 20
done
mended 1
read -r full socket rebound < <(losses)
is '0 0' echo "$full $socket"
[ "$rebound" -ge 40 ] || fail "$rebound of 40 lost"

step "the socket is full: counted apart, and nothing else is forgotten"
flood $room
is "0 $rebound" echo "$(losses | cut -d' ' -f1,3)"
socket=$(losses | cut -d' ' -f2)
[ "$socket" -ge $((room / 2)) ] || fail "$socket of $((2 * room)) lost"
echo "   $socket of $((2 * room)) packets were lost"

step "another new socket: the kernel counts from 0 again, status does not"
break_socket
is '1 sent' peer client volley "${G[0]}" 9 1
mended 2
is "0 $socket" echo "$(losses | cut -d' ' -f1,2)"
[ "$(losses | cut -d' ' -f3)" -gt "$rebound" ] || fail "the last one"
