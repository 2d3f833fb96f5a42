# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Network tests: namespaces as hosts, the kernel's own stacks, real programs,
# and the daemon between them.  A test sources this, lays out its network, and
# then says `step "a claim"` before the commands that prove it.  The first
# command that fails ends the test with its step, line and the daemon's log.
# Whatever ends it, everything started is killed by its pid and everything made
# is removed.
#
#   host NAME                     a namespace with loopback
#   wire A DEVICE B DEVICE        a veth pair between two
#   address NAME DEVICE ADDR...   with prefix length, usable at once
#   on NAME COMMAND...            run it there
#   start JOB NAME COMMAND...     in the background, output in $DIR/JOB.log
#   stop JOB [SIGNAL]             end it; its exit status in $STATUS
#   wait_for SECONDS COMMAND...   until it succeeds, or the test fails
#   expect STATUS COMMAND...      its exit status must be that; output in $OUT
#   is WORD COMMAND...            its output must be that
set -Eeuo pipefail
exec 3>&2 # where failures are told, whatever is redirected

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SOURCE=$(dirname "$TESTS")
BIN=${BIN:-$SOURCE/build/bin}
DIR=$(mktemp -d)
chmod 755 "$DIR"
SOCKET=$DIR/control.sock
STEP="the network is laid out"
OUT=
STATUS=
NAMESPACES=()
declare -A PID=()

step()
{
	STEP=$*
	echo "-- $STEP"
}

fail()
{
	trap - ERR
	{
		echo "FAILED: $STEP: $*"
		for log in "$DIR"/*.log; do
			[ -e "$log" ] || continue
			echo "--- the end of $(basename "$log"):"
			tail -n 40 "$log"
		done
	} >&3
	exit 1
}

skip()
{
	echo "skipped: $*"
	exit 77
}

cleanup()
{
	trap - EXIT ERR
	for job in "${!PID[@]}"; do
		kill -KILL "${PID[$job]}" 2>/dev/null || true
		wait "${PID[$job]}" 2>/dev/null || true
	done
	for namespace in "${NAMESPACES[@]}"; do
		# What a job itself started there, and did not end.
		ip netns pids "$namespace" 2>/dev/null | xargs -r kill -KILL || true
		ip netns del "$namespace" 2>/dev/null || true
	done
	rm -rf "$DIR"
}
trap cleanup EXIT
trap 'exit 143' INT TERM HUP
trap 'fail "$(basename "${BASH_SOURCE[0]}") line $LINENO: $BASH_COMMAND"' ERR

host()
{
	ip netns add "eph$$-$1"
	NAMESPACES+=("eph$$-$1")
	on "$1" ip link set lo up
	mkfifo "$DIR/$1.ask" "$DIR/$1.answer"
	ip netns exec "eph$$-$1" python3 -E "$TESTS/net/peer.py" agent \
		"$DIR/$1.ask" "$DIR/$1.answer" </dev/null &
	PID[$1-agent]=$!
}

wire()
{
	ip -netns "eph$$-$1" link add "$2" type veth peer name "$4" netns "eph$$-$3"
	on "$1" ip link set "$2" up
	on "$3" ip link set "$4" up
}

address()
{
	local name=$1 device=$2 duplicates
	shift 2
	for a; do
		duplicates=
		case $a in *:*) duplicates=nodad ;; esac
		on "$name" ip address add "$a" dev "$device" $duplicates
	done
}

on()
{
	local name=$1
	shift
	ip netns exec "eph$$-$name" "$@"
}

start()
{
	local job=$1 name=$2
	shift 2
	# ip(8) and env(1) put the command in their own place: this is its pid.
	# The shell has background jobs ignore SIGINT; Ctrl-C must reach this one.
	ip netns exec "eph$$-$name" env --default-signal=INT "$@" \
		>"$DIR/$job.log" 2>&1 </dev/null &
	PID[$job]=$!
}

running()
{
	kill -0 "${PID[$1]}" 2>/dev/null
}

gone()
{
	! running "$1"
}

stop()
{
	local job=$1
	kill -"${2:-TERM}" "${PID[$job]}" 2>/dev/null || true
	wait_for 5 gone "$job"
	collect "$job"
}

# The exit status of a job that has ended or is about to.
collect()
{
	STATUS=0
	wait "${PID[$1]}" 2>/dev/null || STATUS=$?
	unset "PID[$1]"
}

wait_for()
{
	local seconds=$1 until
	shift
	# On a busy machine all takes longer; who succeeds never waits for it.
	until=$((${EPOCHREALTIME/./} + seconds * 4000000))
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$until" ] ||
			fail "not within $((seconds * 4)) s: $*"
		read -rt 0.03 <> <(:) || true
	done
}

expect()
{
	local want=$1 got=0
	shift
	OUT=$("$@" 2>&1) || got=$?
	[ "$got" -eq "$want" ] || fail "exit $got instead of $want: $* said: $OUT"
}

says()
{
	grep -qE -- "$1" <<<"$OUT" || fail "no \"$1\" in: $OUT"
}

is()
{
	local want=$1 got
	shift
	got=$("$@")
	[ "$got" = "$want" ] || fail "\"$got\" instead of \"$want\": $*"
}

# ---- programs on the hosts -------------------------------------------------

# peer NAME COMMAND...: of peer.py, by the agent of that host
peer()
{
	local name=$1
	shift
	running "$name-agent" || fail "the agent of $name has ended"
	echo "$*" >"$DIR/$name.ask"
	cat "$DIR/$name.answer"
}

# converse JOB NAME tcp|udp ADDRESS PORT OPTION...: a stream in the background
converse()
{
	local job=$1 name=$2
	shift 2
	start "$job" "$name" python3 -E "$TESTS/net/peer.py" stream "$@"
	wait_for 10 grep -q ready "$DIR/$job.log"
}

# serve JOB NAME tcp/PORT udp/PORT...: echo servers
serve()
{
	local job=$1 name=$2
	shift 2
	start "$job" "$name" python3 -Eu "$TESTS/net/peer.py" serve "$@"
	wait_for 10 grep -q ready "$DIR/$job.log"
}

# probe NAME ping ADDRESS, or tcp|udp ADDRESS PORT... [--from-port N]:
# prints answered, refused, unreachable or silent, for each port
probe()
{
	local name=$1 kind=$2 got=0
	shift 2
	if [ "$kind" = ping ]; then
		on "$name" ping -n -q -c 1 -W 1.5 "$@" >/dev/null || got=$?
		if [ $got -eq 0 ]; then echo answered; else echo silent; fi
	else
		peer "$name" "$kind" "$@"
	fi
}

# Count the RSTs and the unreachables that arrive at that host.
watch_arrivals()
{
	local name=$1
	on "$name" nft -f - <<-'EOF'
		table inet watch {
			counter resets { }
			counter unreachables { }
			chain arrivals {
				type filter hook input priority filter;
				tcp flags & rst == rst counter name resets
				icmp type destination-unreachable counter name unreachables
				icmpv6 type destination-unreachable counter name unreachables
			}
		}
	EOF
}

arrived()
{
	on "$1" nft -j list counter inet watch "$2" |
		jq '[.nftables[].counter? // empty | .packets][0]'
}

# ---- the daemon ------------------------------------------------------------

[ "$(id -u)" -eq 0 ] || skip "needs root, to make namespaces"
for program in "$BIN/ephemerald" "$BIN/ephctl"; do
	[ -x "$program" ] || fail "$program is not built"
done

# Does this kernel have NFQUEUE?  Only a missing one is a reason to skip.
need_nfqueue()
{
	[ "$(peer "$1" nfqueue)" != none ] ||
		skip "this kernel has no nfnetlink_queue"
}

# write NAME: a config file from standard input
write()
{
	cat >"$DIR/$1"
	chmod 644 "$DIR/$1"
}

# firewall NAME CONFIG: the daemon on that host, in force when this returns
firewall()
{
	start daemon "$1" "$BIN/ephemerald" -c "$2" --socket "$SOCKET"
	wait_for 20 started
	kill -0 "${PID[daemon]}" || fail "the daemon did not start"
}

started()
{
	gone daemon || ctl status
}

ctl()
{
	"$BIN/ephctl" --socket "$SOCKET" "$@"
}

generation()
{
	ctl --json status | jq .policy.generation
}

# How many packets were decided for that reason so far.
reasons()
{
	ctl --json status | jq --arg reason "$1" '.reasons[$reason] // 0'
}

reasons_exceed()
{
	[ "$(reasons "$1")" -gt "$2" ]
}

# counted REASON COMMAND...: one packet more, at least, must be decided for it
counted()
{
	local reason=$1 before
	shift
	before=$(reasons "$reason")
	"$@"
	wait_for 5 reasons_exceed "$reason" "$before"
}

# No table, no socket, no lock: nothing in the folder that was not there.
no_trace()
{
	local name=$1
	is '' on "$name" nft list tables
	is '' find "$DIR" -name 'control.sock*'
	is '' on "$name" sh -c 'cat /proc/net/netfilter/nfnetlink_queue'
}

# client --- guarded: one link, both families.  G and C are the addresses.
layout_host()
{
	host client
	host guarded
	wire client eth0 guarded eth0
	address client eth0 192.0.2.1/24 2001:db8::1/64
	address guarded eth0 192.0.2.2/24 2001:db8::2/64
	C=(192.0.2.1 2001:db8::1)
	G=(192.0.2.2 2001:db8::2)
	need_nfqueue guarded
}
