#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The Debian package, from its source package to its purge, on a machine with a
# real systemd: it starts nothing of its own accord, an upgrade keeps the host
# guarded and the config as it is, a removal leaves the kernel clean, and a
# purge the disk too.  ROOT=FOLDER takes that system for the machine's, not this
# host's; it must have what the package depends on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/machine.sh"

for program in dpkg-buildpackage dh; do
	command -v $program >/dev/null || skip "no $program"
done
host client
need_nfqueue client

step "the source package holds all that it is built from"
cd "$DIR"
dpkg-source -b "$SOURCE" >source.log 2>&1
dpkg-source -x ephemerald_*.dsc tree >>source.log 2>&1
cd tree
is "$(sed -n 's/^project(ephemerald VERSION \([^ ]*\).*/\1/p' CMakeLists.txt)" \
	dpkg-parsechangelog -S Version
DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)" DEB_BUILD_PROFILES=nocheck \
	dpkg-buildpackage -b -us -uc >"$DIR/build.log" 2>&1
cd "$DIR"
package=$(echo "$DIR"/ephemerald_*.deb)

step "lintian has nothing to say about source and package"
if command -v lintian >/dev/null; then
	expect 0 lintian --allow-root --fail-on error,warning ./*.dsc ./*.deb
	is '' echo "$OUT"
fi

step "a machine with systemd boots"
boot guarded
wire client eth0 guarded eth0
address client eth0 192.0.2.1/24
address guarded eth0 192.0.2.2/24
serve server guarded tcp/22 tcp/8080
# Where it is there, it has services left alone whatever the package wants.
inside rm -f /usr/sbin/policy-rc.d
mkdir "$MACHINE/packages"
cp "$package" "$MACHINE/packages/old.deb"
dpkg-deb -R "$package" next
sed -i 's/^Version: .*/&+next/' next/DEBIAN/control
dpkg-deb --root-owner-group -b next "$MACHINE/packages/new.deb" >build.log
cp "$SOURCE/debian/tests/service" "$MACHINE/packages"
CONFIG=/etc/ephemerald/ephemerald.conf

# dpkg OPTION...: in the machine
dpkg()
{
	inside env DEBIAN_FRONTEND=noninteractive dpkg "$@" >>"$DIR/dpkg.log" 2>&1
}

# judges WORD: 22 is open, and what becomes of 8080
judges()
{
	is "answered $1" probe client tcp 192.0.2.2 22 8080
}

pid()
{
	inside systemctl show --value -p MainPID ephemerald
}

# The unit is in that state, and enabled or disabled.
unit_is()
{
	OUT=$(inside systemctl is-active ephemerald || true)
	OUT+=" $(inside systemctl is-enabled ephemerald || true)"
	is "$*" echo "$OUT"
}

step "installed, it is neither enabled nor started; its user and folders are there"
dpkg -i /packages/old.deb
unit_is inactive disabled
judges answered
is "644 root root" inside stat -c '%a %U %G' $CONFIG
is "750 ephemerald ephemerald" inside stat -c '%a %U %G' /run/ephemerald
is "700 ephemerald ephemerald" inside stat -c '%a %U %G' /var/lib/ephemerald
expect 0 inside dpkg-query -W -f '${Conffiles}' ephemerald
says "^ $CONFIG [0-9a-f]{32}\$"

step "its own test passes"
expect 0 inside /packages/service
unit_is inactive disabled

step "started by hand, it guards"
echo '# by the administrator' >>"$MACHINE$CONFIG"
mkdir "$MACHINE/etc/ephemerald/rules.d"
touch "$MACHINE/etc/ephemerald/rules.d/10-own.conf"
inside systemctl start ephemerald
judges silent

step "an upgrade restarts it, enables nothing, and leaves the config alone"
before=$(pid)
dpkg -i /packages/new.deb
unit_is active disabled
[ "$(pid)" != "$before" ] || fail "it was not restarted"
judges silent
is '# by the administrator' tail -n 1 "$MACHINE$CONFIG"

step "an upgrade does not start it when it is stopped, and it stays enabled"
inside systemctl stop ephemerald
inside systemctl enable ephemerald
dpkg -i /packages/old.deb
unit_is inactive enabled
judges answered

step "a removal stops it, leaves nothing in the kernel, and leaves the config"
inside systemctl start ephemerald
judges silent
dpkg -r ephemerald
expect 3 inside systemctl is-active ephemerald
is '' on guarded nft list tables
is '' on guarded cat /proc/net/netfilter/nfnetlink_queue
judges answered
is '# by the administrator' tail -n 1 "$MACHINE$CONFIG"

step "a purge leaves nothing on disk but its user"
dpkg -i /packages/old.deb
dpkg -P ephemerald
is '' find "$MACHINE"/{etc,lib,run,usr,var} -xdev -name '*ephemerald*'
