# SPDX-License-Identifier: MIT
# How ../shared/peers (and bench/run.sh) configures, starts and stops us. Sourced by bash; the ports, $V (our folder), in_cg,
# each_user and stop_pidfile come from there. MAILVISOR names the program, default the release build.
MAILVISOR=${MAILVISOR:-${PROJECT:-$PWD}/build/release/src/mailvisor}

peer_settings() { # the settings of a benchmark: its ports, on loopback
    printf -- '--set %s\n' smtp.listen=127.0.0.1:$SMTP_PORT submission.listen= submissions.listen=127.0.0.1:$SMTPS_PORT \
        lmtp.listen=127.0.0.1:$LMTP_PORT pop3.listen=127.0.0.1:$POP3_PORT pop3s.listen=127.0.0.1:$POP3S_PORT \
        imap.listen=127.0.0.1:$IMAP_PORT imaps.listen=127.0.0.1:$IMAPS_PORT \
        user= pid_file=$V/pid log.file=$V/log limit.sessions_per_address=20000
}
peer_serve() { # shellcheck disable=SC2046
    "$MAILVISOR" serve --data "$V/data" $(peer_settings)
}
peer_conf() { # the domains and accounts, once
    mkdir -p "$V"
    [ -e "$V/data/.bench-users" ] && return 0
    local d
    peer_serve 2>>"$V/stderr" &
    for _ in $(seq 200); do "$MAILVISOR" status --data "$V/data" >/dev/null 2>&1 && break; sleep 0.05; done
    "$MAILVISOR" status --data "$V/data" >/dev/null || { tail -n 3 "$V/stderr"; return 1; }
    for d in $DOMAINS; do "$MAILVISOR" domain add "$d" --data "$V/data" >/dev/null || return 1; done
    each_user | sed "s/\$/ $PASS/" | "$MAILVISOR" account add --file - --data "$V/data" >/dev/null || return 1
    sleep "${BENCH_SETTLE_S:-8}" # imported passwords become argon2id in the background
    stop_pidfile "$V/pid"
    touch "$V/data/.bench-users"
}
peer_up()   { # shellcheck disable=SC2046
    in_cg "$MAILVISOR" serve --data "$V/data" $(peer_settings) 2>>"$V/stderr" &
}
peer_down() { stop_pidfile "$V/pid"; }
