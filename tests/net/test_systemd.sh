#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The service under a real systemd, as `cmake --install` installs it: guards the
# network as a user without privilege but CAP_NET_ADMIN, and is started,
# reloaded, restarted and stopped by systemctl.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.sh"

command -v cmake >/dev/null || skip "no cmake"
host client
need_nfqueue client
step "a machine with systemd boots"
boot guarded
wire client eth0 guarded eth0
address client eth0 192.0.2.1/24 2001:db8::1/64
address guarded eth0 192.0.2.2/24 2001:db8::2/64
G=(192.0.2.2 2001:db8::2)
serve server guarded tcp/22 tcp/8080

# property NAME: of the unit
property()
{
	inside systemctl show --value -p "$1" ephemerald
}

# in_proc FIELD: of the daemon, as in status of proc(5)
in_proc()
{
	inside sed -n "s/^$1:[[:blank:]]*//p" "/proc/$(property MainPID)/status"
}

journal_has()
{
	inside journalctl --sync
	inside journalctl -u ephemerald -o cat --no-pager | grep -E -- "$1"
}

# Ask status of the daemon: jq FILTER
ask()
{
	inside "$EPHCTL" --json status | jq -r "$1"
}

# judges WORD: 22 is open, and what becomes of 8080
judges()
{
	is "answered $1" probe client tcp "${G[0]}" 22 8080
}

# policy [RULE]: into the config, with one rule more
policy()
{
	cat >"$MACHINE$CONFIG" <<-END
		inbound = (
		  { port = 22; action = "allow"; },
		  ${1:-}
		  { port = "*"; action = "block"; }
		);
		outbound = ( { port = "*"; action = "allow"; } );
	END
}

no_trace_inside()
{
	is '' on guarded nft list tables
	is '' on guarded cat /proc/net/netfilter/nfnetlink_queue
	expect 1 inside test -e /run/ephemerald/control.sock
}

step "what is installed starts, and guards by the shipped config"
install_build
inside systemd-sysusers
inside systemctl daemon-reload
CONFIG=$(inside systemctl cat ephemerald | sed -n 's/^ExecStart=.* -c //p')
EPHCTL=$(inside systemctl cat ephemerald | sed -n 's/^ExecReload=\(.*\) reload$/\1/p')
expect 0 cmp "$SOURCE/conf/ephemerald.conf" "$MACHINE$CONFIG"
is answered probe client tcp "${G[0]}" 8080
expect 0 inside systemctl enable --now ephemerald
judges silent
is "answered silent" probe client tcp "${G[1]}" 22 8080
is enabled inside systemctl is-enabled ephemerald

step "it runs as ephemerald, with CAP_NET_ADMIN and nothing else"
for field in Uid Gid; do
	option=-u
	[ $field = Uid ] || option=-g
	is "$(inside id $option ephemerald)" eval "in_proc $field | cut -f 2"
done
for set in CapInh CapPrm CapEff CapBnd CapAmb; do
	is 0000000000001000 in_proc $set # linux/capability.h: 12
done
is 1 in_proc NoNewPrivs
is 2 in_proc Seccomp

step "so it can read the figures of its queues, and pin its threads"
is true ask '[.queues[].kernel_known] | all'
for queue in $(inside grep -l '^queue-' -r "/proc/$(property MainPID)/task" \
	--include comm); do
	processors=$(inside sed -n 's/^Cpus_allowed_list:\t//p' "${queue%comm}status")
	[[ $processors =~ ^[0-9]+$ ]] || fail "a queue's thread runs on $processors"
done
[ -n "${queue:-}" ] || fail "no thread of a queue"
expect 1 journal_has 'cannot|unknown'

step "its socket is for its group, and what it needs is its own"
is "750 ephemerald ephemerald" inside stat -c '%a %U %G' /run/ephemerald
is "660 ephemerald ephemerald" inside stat -c '%a %U %G' /run/ephemerald/control.sock
is "700 ephemerald ephemerald" inside stat -c '%a %U %G' /var/lib/ephemerald
expect 4 inside setpriv --reuid=65534 --clear-groups "$EPHCTL" status

step "a reload is done when systemctl returns"
policy '{ port = 8080; action = "allow"; },'
expect 0 inside systemctl reload ephemerald
judges answered
policy
expect 0 inside systemctl reload ephemerald
judges silent
is 3 ask .policy.generation

step "what a rule logs is in the journal, its parts as fields"
policy '{ port = 8080; action = "block"; name = "web"; log = true; },'
expect 0 inside systemctl reload ephemerald
generation=$(ask .policy.generation)
judges silent
is "answered silent" probe client tcp "${G[1]}" 22 8080
# entry SOURCE: the entry of what was dropped from there
entry()
{
	inside journalctl --sync
	inside journalctl -u ephemerald -o json EPHEMERALD_ACTION=drop \
		EPHEMERALD_DPORT=8080 EPHEMERALD_SRC="$1" | jq -es '.[0]'
}
for i in 0 1; do
	source=$([ $i = 0 ] && echo 192.0.2.1 || echo 2001:db8::1)
	wait_for 5 entry "$source"
	is "rule-block inbound 2 web $generation inbound tcp ${G[i]} eth0 6 null" eval "entry $source |
		jq -r '[.EPHEMERALD_REASON, .EPHEMERALD_RULE, .EPHEMERALD_NAME, .EPHEMERALD_GENERATION,
			.EPHEMERALD_DIRECTION, .EPHEMERALD_PROTOCOL, .EPHEMERALD_DST, .EPHEMERALD_IN,
			.PRIORITY, (.EPHEMERALD_OUT | tostring)] | join(\" \")'"
	wait_for 5 journal_has "BLOCK IN=eth0 OUT= SRC=$source .*DPT=8080 SYN .*NAME=\"web\""
done
policy
expect 0 inside systemctl reload ephemerald
settled=$(ask .policy.generation)

step "a bad config fails it, the reason is in the journal, the unit goes on"
pid=$(property MainPID)
policy '{ port = 70001; action = "allow"; },'
expect 1 inside systemctl reload ephemerald
wait_for 5 journal_has "$CONFIG:3: .*70001"
is active inside systemctl is-active ephemerald
is "$pid" property MainPID
is "$settled" ask .policy.generation
judges silent

step "a config that only its group may read is fine, one that it may not is refused"
policy
inside chgrp ephemerald "$CONFIG"
inside chmod 640 "$CONFIG"
expect 0 inside systemctl reload ephemerald
inside chmod 600 "$CONFIG"
expect 1 inside systemctl reload ephemerald
wait_for 5 journal_has "$CONFIG: cannot be read: Permission denied"
inside chmod 640 "$CONFIG"

step "killed, it is back at once"
back()
{
	[ "$(property NRestarts)" = 1 ] && inside systemctl is-active ephemerald
}
inside systemctl kill --signal=KILL ephemerald
wait_for 10 back
[ "$(property MainPID)" != "$pid" ] || fail "it was not killed"
judges silent

step "one of its threads hangs: the watchdog ends it, and it is back"
thread_of()
{
	inside grep -lx "$1" -r "/proc/$(property MainPID)/task" --include comm
}
back_by_watchdog()
{
	[ "$(property NRestarts)" = 2 ] && inside systemctl is-active ephemerald
}
pid=$(property MainPID)
thread=$(thread_of queue-0)
thread=${thread%/comm}
nsenter -t "$INIT" -a -- python3 -Eu -c "$(cat "$TESTS/net/peer.py")" \
	hang "${thread##*/}" >"$DIR/hang.log" 2>&1 </dev/null &
PID[hang]=$!
wait_for 10 grep -q hangs "$DIR/hang.log"
wait_for 10 back_by_watchdog
wait_for 5 journal_has "code=killed, status=6/ABRT"
expect 1 inside test -e "/proc/$pid"
judges silent

step "restart, and stop without a trace"
expect 0 inside systemctl restart ephemerald
judges silent
expect 0 inside systemctl stop ephemerald
is success property Result
no_trace_inside
is answered probe client tcp "${G[0]}" 8080

step "with a bad config it does not start, and is not tried again"
policy '{ port = 70002; action = "allow"; },'
expect 1 inside systemctl start ephemerald
is 5 property ExecMainStatus
is failed property ActiveState
is 0 property NRestarts
wait_for 5 journal_has "$CONFIG:3: .*70002"
no_trace_inside

step "installing again leaves the config alone; it starts at boot and ends at shutdown"
policy
before=$(cksum <"$MACHINE$CONFIG")
install_build
is "$before" eval 'cksum <"$MACHINE$CONFIG"'
expect 0 inside systemctl start multi-user.target
judges silent
inside systemctl poweroff
wait_for 20 gone machine
collect machine
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
