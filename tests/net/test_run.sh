#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# daemon/run, the README's first command, on a host: it says what it guards and
# cuts, guards it, and Ctrl-C leaves nothing behind.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/8080
export BUILD=${BIN%/bin}

step "it says what it will cut and how to look inside, then guards"
start run guarded "$SOURCE/daemon/run" --socket "$SOCKET"
wait_for 100 eval 'gone run || ctl status'
running run || fail "it ended"
OUT=$(cat "$DIR/run.log")
says 'Closed.*tcp/8080'
says 'ephctl.*status'
says 'Ctrl-C'
if grep 'Closed.*tcp/22\b' <<<"$OUT"; then fail "22 is said to be closed"; fi
for i in 0 1; do
	is answered probe client tcp "${G[i]}" 22
	is silent probe client tcp "${G[i]}" 8080
done

step "Ctrl-C ends it, exit 0, and leaves nothing behind"
stop run INT
[ "$STATUS" -eq 0 ] || fail "exit $STATUS"
no_trace guarded
is answered probe client tcp "${G[0]}" 8080

step "it does not cut the ssh session that it is started from"
converse session client tcp "${G[0]}" 22 \
	--seconds 60 --every 100
port=$(on guarded ss -H -tn state established | awk '{ sub(/.*:/, "", $4); print $4 }')
export SSH_CONNECTION="${C[0]} $port ${G[0]} 22"
expect 1 on guarded timeout 60 "$SOURCE/daemon/run" --socket "$SOCKET"
says 'ssh session'
no_trace guarded
unset SSH_CONNECTION

step "options pass through; a bad config ends it with file:line"
printf 'inbound = (\n  { port = "ssl"; action = "allow"; }\n);\n' | write bad.conf
expect 5 on guarded timeout 60 "$SOURCE/daemon/run" -c "$DIR/bad.conf"
says 'bad\.conf:2: '
expect 0 on guarded timeout 60 "$SOURCE/daemon/run" --version
