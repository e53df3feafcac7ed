#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds the Debian packages in build/deb, from a copy of the tree so that the tree stays clean.
set -eu
cd "$(dirname "$0")/.."
out=$PWD/build/deb
rm -rf "$out"
mkdir -p "$out/source"
git ls-files -z -co --exclude-standard | xargs -0 cp --parents -t "$out/source" 2>/dev/null
cd "$out/source"
dpkg-buildpackage -us -uc -b
ls -1 "$out"/*.deb
