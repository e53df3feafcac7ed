#!/bin/bash
# SPDX-License-Identifier: MIT
# Makes docs/example-report again: ten blocks of the experiment `paper` on every platform of this machine, then everything of
# its folder but the raw samples. Arguments: [BUILD [FOLDER]]; a FOLDER with results of such a run is taken instead of a new one.
# Run it as root (uml, container and tap need it) on a machine that does nothing else.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/release}
from=${2:-/var/tmp/mailvisor-example}
to=docs/example-report
lab=$build/lab/mailvisor-lab
[ -x "$lab" ] || { echo "example-report: build first: make all" >&2; exit 1; }

if [ $# -lt 2 ]; then
    "$lab" run paper --blocks 10 --out "$from" # goes on where it was stopped
else
    "$lab" report "$from" >/dev/null
fi
rm -rf "$to"
mkdir -p "$to"
for part in experiment.conf plan.json env figures sections report.html report.md results.csv comparisons.csv \
    factors.csv trials.csv summary.json; do
    [ ! -e "$from/$part" ] || cp -r "$from/$part" "$to/"
done
du -sh "$to"
