#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job, end to end: a virtual mail server with two domains that share user names, real mails through every platform
# this machine can run, a table, and a report. The last line is the report's path. Arguments: BUILD [what `run paper` takes].
set -eu
cd "$(dirname "$0")/.."
build=${1:-build/release}
shift || true
server=$build/src/mailvisor lab=$build/lab/mailvisor-lab
[ -x "$server" ] && [ -x "$lab" ] || { echo "demo: build first: make all" >&2; exit 1; }

data=$(mktemp -d /tmp/mailvisor-demo.XXXXXX)
pid=
finish() {
    [ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true
    [ -z "$pid" ] || wait "$pid" 2>/dev/null || true
    rm -rf "$data"
}
trap finish EXIT

echo "== A virtual mail server: two domains, each with its own alice"
"$server" serve --data "$data/server" --set user= --set smtp.listen=127.0.0.1:0 --set submission.listen=127.0.0.1:0 \
    --set submissions.listen= --set pop3.listen=127.0.0.1:0 --set pop3s.listen= \
    --set imap.listen= --set imaps.listen= --set log.file="$data/log" &
pid=$!
control="$data/server"
for _ in $(seq 100); do "$server" status --data "$control" >/dev/null 2>&1 && break; sleep 0.05; done
"$server" domain add a.example --data "$control"
"$server" domain add b.example --data "$control"
echo "for-the-demo" | "$server" account add alice@a.example --password-stdin --data "$control"
echo "for-the-demo" | "$server" account add alice@b.example --password-stdin --data "$control"
python3 scripts/demo_mail.py "$("$server" status --json --data "$control")"
echo
"$server" trace alice@a.example --data "$control"
echo
kill -TERM "$pid"; wait "$pid" || true; pid=

echo "== Where does it run best? The study's evaluation on every platform of this machine"
"$lab" run paper --quick "$@"
