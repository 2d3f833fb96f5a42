# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A machine with a real systemd: a container that boots from an overlay of this
# host's root and is gone without a trace afterwards.  Source it after lib.sh.
#
#   boot NAME                     a host of that name, for `wire`, `on` and such
#   inside COMMAND...             run it in the machine; `on` only has its network
#   $MACHINE                      the machine's root folder, seen from here
#   install_build                 what `cmake --install` installs, into it
#
# Where systemd cannot boot, the test is skipped with the reason.
INIT= # pid of the machine's
MACHINE=
CGROUPS=()

# The folder of this process in each hierarchy that systemd uses.
own_cgroups()
{
	local id controllers path wanted
	while IFS=: read -r id controllers path; do
		case $id:$controllers in
		0:) wanted=' - cgroup2 ' ;;
		*:name=systemd) wanted=' - cgroup .*name=systemd' ;;
		*) continue ;;
		esac
		awk -v wanted="$wanted" -v path="${path%/}" \
			'$0 ~ wanted { print $5 path; exit }' /proc/self/mountinfo
	done </proc/self/cgroup
}

booted()
{
	[ -n "$INIT" ] || INIT=$(pgrep -P "${PID[machine]}" -x systemd)
	[ -n "$INIT" ] && inside systemctl is-system-running --wait
}

boot()
{
	local until=$((SECONDS + 20))
	for program in systemd-nspawn unshare nsenter pgrep; do
		command -v $program >/dev/null || skip "no $program"
	done
	[ -x /lib/systemd/systemd ] || skip "this host has no systemd to boot"
	# Two machines in one folder would take each other's services for their own.
	for folder in $(own_cgroups); do
		CGROUPS+=("$folder/eph$$")
	done
	trap 'halt; cleanup' EXIT
	mkdir "$DIR/overlay"
	# Where /run lies on disk, what this host's systemd has there shows through.
	NAME=eph$$-$1 OVERLAY=$DIR/overlay ROOT=${ROOT:-/} unshare -m sh -ec '
		mount --make-rprivate /
		for folder; do
			mkdir "$folder"
			echo $$ >"$folder/cgroup.procs"
		done
		mount -t tmpfs tmpfs "$OVERLAY"
		mkdir "$OVERLAY/upper" "$OVERLAY/work" "$OVERLAY/root"
		[ ! -d /run/systemd ] || mount -t tmpfs tmpfs /run/systemd
		mount -t overlay overlay "$OVERLAY/root" \
			-o "lowerdir=$ROOT,upperdir=$OVERLAY/upper,workdir=$OVERLAY/work"
		exec systemd-nspawn -q -D "$OVERLAY/root" -M "$NAME" --boot \
			--register=no --keep-unit --link-journal=no --private-network \
			--console=pipe -- systemd.unit=basic.target
		' sh "${CGROUPS[@]}" >"$DIR/machine.log" 2>&1 </dev/null &
	PID[machine]=$!
	until booted >/dev/null 2>&1; do
		if gone machine || [ $SECONDS -gt $until ]; then
			skip "systemd does not boot here: $(tail -n 1 "$DIR/machine.log")"
		fi
		read -rt 0.05 <> <(:) || true
	done
	MACHINE=/proc/$INIT/root
	ip netns attach "eph$$-$1" "$INIT"
	NAMESPACES+=("eph$$-$1")
}

inside()
{
	timeout 20 nsenter -t "$INIT" -a -- "$@"
}

install_build()
{
	DESTDIR=$MACHINE cmake --install "${BIN%/bin}" >"$DIR/install.log" 2>&1
}

# Its processes and mounts end with its init; the folders in the hierarchies
# stay, and can be removed a moment later.
halt()
{
	trap - ERR
	set +e
	if [ -n "${PID[machine]:-}" ]; then
		kill -KILL "${PID[machine]}" $INIT 2>/dev/null
		wait "${PID[machine]}" 2>/dev/null
		unset "PID[machine]"
	fi
	for folder in "${CGROUPS[@]}"; do
		for _ in {1..100}; do
			[ -d "$folder" ] || break
			find "$folder" -depth -type d -exec rmdir {} \; 2>/dev/null
			read -rt 0.03 <> <(:)
		done
	done
}
