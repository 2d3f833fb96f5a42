#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A port scanner before the shipped policy: of all its packets only a SYN to 22,
# 80 or 443 gets an answer.
. "$(dirname "$0")/lib.sh"

layout_host
serve server guarded tcp/22 tcp/80 tcp/443 tcp/8080 tcp/40000
watch_arrivals client

# scan KIND ADDRESS: of each port its number and state
scan()
{
	local family=-4
	case $2 in *:*) family=-6 ;; esac
	on client nmap $family "-s$1" -n -Pn -oG - -T4 --max-retries 1 \
		--max-rtt-timeout 500ms -p 22,23,80,443,8080,40000,40001 "$2" |
		grep -o '[0-9]*/[a-z|]*/tcp' | sed 's,/tcp,,' | xargs
}

every()
{
	for port in 22 23 80 443 8080 40000 40001; do
		echo "$port/$1"
	done | xargs
}

for g in "${G[@]}"; do
	step "$g: without the firewall the scanner learns of every port what it is"
	is '22/open 23/closed 80/open 443/open 8080/open 40000/open 40001/closed' scan S "$g"
	is "$(every unfiltered)" scan A "$g"
done

firewall guarded "$SOURCE/conf/ephemerald.conf"

for g in "${G[@]}"; do
	resets=$(arrived client resets) unreachables=$(arrived client unreachables)
	step "$g: a SYN is answered on 22, 80 and 443, and on no other port"
	is '22/open 23/filtered 80/open 443/open 8080/filtered 40000/filtered 40001/filtered' \
		scan S "$g"

	step "$g: an ACK, a FIN, no flag at all, FIN+PSH+URG are answered nowhere"
	is "$(every filtered)" scan A "$g"
	for kind in F N X; do
		is "$(every 'open|filtered')" scan $kind "$g"
	done
	is "$resets $unreachables" \
		echo "$(arrived client resets) $(arrived client unreachables)"
done
