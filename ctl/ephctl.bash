# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What bash completes after ephctl.  Commands, options and arguments are what
# ephctl --help says; here are only the words that some arguments take.

# As bash calls it: PROGRAM WORD, and the line in COMP_WORDS.
_ephctl()
{
	local word=$2 help command='' wanted='' arguments=() words='' i
	help=$("$1" --help 2>/dev/null)
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		=) ;; # of --config=FILE
		-*)
			wanted=
			if [[ $help =~ $'\n  '"${COMP_WORDS[i]} "([A-Z]+) ]]; then
				wanted=${BASH_REMATCH[1]}
			fi
			;;
		*)
			if [ -n "$wanted" ]; then
				wanted=
			elif [ -n "$command" ]; then
				arguments=("${arguments[@]:1}")
			else
				command=${COMP_WORDS[i]}
				help+=$'\n'$("$1" "$command" --help 2>/dev/null) || return 0
				if [[ $help =~ "usage: ephctl $command "([^$'\n']*) ]]; then
					read -ra arguments <<<"${BASH_REMATCH[1]}"
				fi
			fi
			;;
		esac
	done
	[ "$word" != = ] || word=

	if [ -n "$command" ] && [ -z "$wanted" ]; then
		wanted=${arguments[0]:-}
	fi
	case $wanted:$word in
	*:-*) words=$(grep -oE -- '--[a-z][a-z-]*' <<<"$help") ;;
	:*) [ -n "$command" ] || words=$(sed -nE 's/^  ([a-z][a-z-]*)  .*/\1/p' <<<"$help") ;;
	FILE*:* | PATH:*) compopt -o default ;; # of readline: names of files
	DIRECTION:*) words='inbound outbound forward' ;;
	KIND:*) words='aws-network-acls aws-security-groups' ;;
	WHAT:*) words='add del list test' ;;
	OPENING:*) words='del list' ;;
	'[promote]':*) words=promote ;;
	PROTOCOL:*) words='tcp udp icmp icmpv6' ;;
	VERDICT:*) words='accept drop reject' ;;
	PROFILE:*) words='linux iana freebsd windows2003 any npf pf windows macos nat elb' ;;
	STATE:*)
		words='syn-sent syn-sent2 syn-received established fin-wait close-wait
			last-ack time-wait closed one-way both-ways'
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word" | sort -u)
}
complete -F _ephctl ephctl
