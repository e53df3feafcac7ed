#!/bin/bash
# SPDX-License-Identifier: MIT
# Installs what debian/control names under Build-Depends, the one list of packages; nothing when all is there.
set -eu
cd "$(dirname "$0")/.."

wanted() { # the package names of Build-Depends, one a line
    awk '/^Build-Depends:/ {on = 1; sub(/^[^:]*:/, ""); print; next}
         on && (/^[A-Za-z-]+:/ || /^$/) {exit} on {print}' debian/control |
        sed 's/^#.*//; s/([^)]*)//g; s/<[^>]*>//g; s/\[[^]]*\]//g; s/|.*//' | tr ',' '\n' | tr -d ' \t' | grep -v '^$' |
        sed 's/^debhelper-compat$/debhelper/'
}

missing() {
    local name
    for name in $(wanted); do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' || echo "$name"
    done
}

packages=$(missing)
[ -z "$packages" ] && exit 0
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
echo "installing:" $packages
# Servers among the packages must not start by themselves on a build machine.
policy=/usr/sbin/policy-rc.d
made_policy=no
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
    made_policy=yes
fi
trap '[ $made_policy = no ] || $sudo rm -f $policy' EXIT
$sudo apt-get update -q
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $packages
