#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The three commands of our action for fail2ban, run as fail2ban runs them: each
# by a shell, with what stands in <> filled in.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22
action=$SOURCE/conf/fail2ban/ephemerald.conf

# act NAME ADDRESS SECONDS: its exit status is fail2ban's to judge
act()
{
	local command
	command=$(sed -n "s/^$1 = //p" "$action")
	[ -n "$command" ] || fail "no $1 in $action"
	command=${command//<ephctl>/$BIN/ephctl --socket $SOCKET}
	command=${command//<ip>/$2}
	sh -c "${command//<bantime>/$3}"
}

# left ADDRESS: for how many seconds it is banned
left()
{
	ctl --json set list banned | jq --arg who "$1" 'select(.member == $who) | .expires_seconds'
}

step "without a firewall the check says so"
act actioncheck "${C[0]}" 600 2>/dev/null && fail "it is content"
firewall guarded "$SOURCE/conf/ephemerald.conf"
act actioncheck "${C[0]}" 600

for i in 0 1; do
	step "${C[i]}: banned for a time, and let in again"
	is answered probe client tcp "${G[i]}" 22
	act actionban "${C[i]}" 600
	is silent probe client tcp "${G[i]}" 22
	is true jq -n "$(left "${C[i]}") | . > 500 and . <= 600"
	act actionunban "${C[i]}" 600
	is answered probe client tcp "${G[i]}" 22

	step "${C[i]}: no error, if its ban has ended by itself"
	act actionunban "${C[i]}" 600 2>/dev/null

	step "${C[i]}: -1 is for ever"
	act actionban "${C[i]}" -1
	is null left "${C[i]}"
	act actionunban "${C[i]}" -1
done

step "any other failure of an unban is one"
stop daemon TERM
act actionunban "${C[0]}" 600 2>/dev/null && fail "it is content"
if command -v fail2ban-client >/dev/null; then
	step "fail2ban itself reads the action"
	mkdir -p "$DIR/fail2ban/action.d" "$DIR/fail2ban/filter.d"
	cp "$action" "$DIR/fail2ban/action.d"
	printf '[Definition]\nfailregex = SRC=<HOST>\n' >"$DIR/fail2ban/filter.d/try.conf"
	printf '[Definition]\n' >"$DIR/fail2ban/fail2ban.conf"
	printf '%s\n' '[try]' 'enabled = true' 'filter = try' 'action = ephemerald' \
		"logpath = $DIR/server.log" >"$DIR/fail2ban/jail.conf"
	expect 0 fail2ban-client -c "$DIR/fail2ban" -d
	says "actionban.*<ephctl> ban <ip> --for <bantime>"
fi
