#!/bin/bash
# SPDX-License-Identifier: MIT
# Every test of the tree. Builds with gcc and clang, runs all with gcc and what concerns memory and threads again under the
# sanitizers, and ends with one line "N passed, N failed". Arguments: names of the stages to run (default: all).
set -u
cd "$(dirname "$0")/.."
export MAKEFLAGS= LC_ALL=C.UTF-8
passed=0 failed=0
declare -a broken=()

note() { # NAME STATUS
    if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); broken+=("$1"); fi
}
run() { # NAME COMMAND...: one test that is a command
    local name=$1; shift
    echo "== $name"
    "$@"
    local status=$?
    note "$name" $status
    return $status
}
configure() { # DIR CC OPTION...
    local dir=$1 cc=$2; shift 2
    [ -f "$dir/build.ninja" ] || CC=$cc meson setup "$dir" "$@" >"$dir.setup.log" 2>&1 || { cat "$dir.setup.log"; return 1; }
}
suite() { # DIR WHAT-MESON-TEST-TAKES...: counts its tests
    local dir=$1 log name; shift
    log=$dir/check-$(echo "$*" | tr -cd 'a-z0-9-').log
    meson test -C "$dir" --no-rebuild --print-errorlogs "$@" 2>&1 | tee "$log" | grep -Ev '^(ninja:|$)' | sed "s|^|$dir: |"
    # Meson's closing table: "Ok: 12", "Fail: 0", "Timeout: 0", "Skipped: 1".
    local ok bad
    ok=$(awk '/^(Ok|Expected Fail):/ {s += $NF} END {print s + 0}' "$log")
    bad=$(awk '/^(Fail|Timeout|Unexpected Pass):/ {s += $NF} END {print s + 0}' "$log")
    [ "$((ok + bad))" -gt 0 ] || bad=1
    passed=$((passed + ok)) failed=$((failed + bad))
    [ "$bad" = 0 ] || while read -r name; do broken+=("$dir: $name"); done < <(grep -E ' (FAIL|TIMEOUT) ' "$log" | sort -u)
}

pytests() { # NAME DIR-OF-THE-BUILD FILE...: whole-program tests, counted one by one
    local name=$1 dir=$2 log=$2/check-$1.log ok bad; shift 2
    echo "== $name"
    MAILVISOR_BUILD=$PWD/$dir MAILVISOR=$PWD/$dir/src/mailvisor timeout 1500 /usr/bin/python3 -B -m pytest -q -p no:cacheprovider \
        --color=no "$@" 2>&1 | tee "$log"
    ok=$(grep -oE '[0-9]+ passed' "$log" | tail -1 | tr -dc 0-9)
    bad=$(tail -1 "$log" | grep -oE '[0-9]+ (failed|errors?)' | awk '{s += $1} END {print s + 0}')
    grep -qE '^[0-9]+ (passed|failed).* in ' "$log" || bad=$((bad + 1)) # it did not come to its end
    passed=$((passed + ${ok:-0})) failed=$((failed + bad))
    [ "$bad" = 0 ] || broken+=("$dir: $name: $(grep -E '^(FAILED|ERROR) ' "$log" | tr '\n' ' ')")
}

mkdir -p build
stages=${*:-style gcc clang tsan}
for stage in $stages; do
    case $stage in
    style)
        run "style: layers" python3 tests/style/layers.py
        run "style: rules and format" python3 tests/style/style.py
        run "style: the checks find what they look for" python3 tests/style/test_checks.py ;;
    gcc)
        run "configure: build/check" configure build/check gcc --buildtype=debugoptimized &&
            run "build: gcc" ninja -C build/check --quiet && suite build/check --no-suite machines &&
            pytests e2e build/check tests/e2e && pytests lab build/check tests/lab &&
            run "crash: 20 kills under load" timeout 900 \
                /usr/bin/python3 -B tests/crash/crash.py --server build/check/src/mailvisor &&
            run "stress: random IMAP commands against a model" timeout 300 \
                /usr/bin/python3 -B tests/stress/stress.py --server build/check/src/mailvisor --seconds 25 --seed 41 &&
            run "stress: sessions at once, and kills" timeout 300 \
                /usr/bin/python3 -B tests/stress/storm.py --server build/check/src/mailvisor --seconds 20 ;;
    clang) # with both memory sanitizers, and with the fuzzers' programs
        run "configure: build/check-clang" configure build/check-clang clang --buildtype=debugoptimized \
            -Db_sanitize=address,undefined -Db_lundef=false -Dfuzzers=true &&
            run "build: clang, address and undefined sanitizers, fuzzers" ninja -C build/check-clang --quiet &&
            suite build/check-clang --suite unit --suite store --suite fuzz --suite talk &&
            pytests e2e build/check-clang tests/e2e/test_clients.py ;;
    tsan)
        run "configure: build/check-tsan" configure build/check-tsan clang --buildtype=debugoptimized \
            -Db_sanitize=thread -Db_lundef=false &&
            run "build: thread sanitizer" ninja -C build/check-tsan --quiet &&
            TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp halt_on_error=1" \
                suite build/check-tsan --suite unit --suite store --suite threads ;;
    nested | machines) # nested alone; machines are not in the default run: see tests/platform/meson.build
        run "configure: build/check" configure build/check gcc --buildtype=debugoptimized &&
            run "build: gcc" ninja -C build/check --quiet && suite build/check --suite "$stage" ;;
    virtualbox) # for real, inside a machine of software emulation: a gigabyte of packages, and minutes
        run "configure: build/check" configure build/check gcc --buildtype=debugoptimized &&
            run "build: gcc" ninja -C build/check --quiet &&
            run "virtualbox: a machine of VirtualBox inside an emulated one" timeout 7200 /usr/bin/python3 -B \
                tests/platform/virtualbox_real.py build/virtualbox build/check/tests/platform/platform_deploy \
                build/check/lab/mailvisor-lab build/check/src/mailvisor ;;
    *) echo "check.sh: no stage '$stage' (style gcc clang tsan nested machines virtualbox)" >&2; exit 2 ;;
    esac
done
[ ${#broken[@]} = 0 ] || printf 'FAILED: %s\n' "${broken[@]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
