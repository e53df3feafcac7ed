#!/bin/bash
# SPDX-License-Identifier: MIT
# make bench: ours and Postfix+Dovecot in turn on this machine, printed as ratios. See bench/run.py --help.
set -eu
cd "$(dirname "$0")/.."
exec python3 bench/run.py --build "${1:-build/release}" "${@:2}"
