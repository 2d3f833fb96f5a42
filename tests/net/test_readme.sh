#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The demo of the README does what the README says, line by line.
. "$(dirname "$0")/lib.sh"

host unused
need_nfqueue unused
# Names of this run only; they are removed whatever the demo does.
NAMESPACES+=("eph$$-host" "eph$$-peer")
BUILD=${BIN%/bin}
export BUILD
awk '/^```sh/ { inside = 1; next } /^```/ { inside = 0 } inside' "$SOURCE/README.md" |
	sed "s#demo-#eph$$-#g; s#build/bin/ephctl#$BIN/ephctl --socket $SOCKET#
		s#daemon/run#& --socket $SOCKET#" >"$DIR/demo"
[ -s "$DIR/demo" ] || fail "the README has no demo"

step "the demo runs to its end"
OUT=$(cd "$SOURCE" && timeout 100 bash "$DIR/demo" 2>&1 </dev/null) ||
	fail "exit $?: $OUT"
echo "$OUT"

step "a reply was accepted: 200, and a flow is there"
says '^200$'
says '192\.0\.2\.2.*192\.0\.2\.1.*outbound'
step "the port was blocked, by rule inbound 4, and it says why"
says 'timed out'
says 'rule-block.*8080'
says 'ephemerald\.conf:[0-9]+'
step "nothing is left"
is '' find "$DIR" -name 'control.sock*'
