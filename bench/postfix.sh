# SPDX-License-Identifier: MIT
# Postfix -> LMTP -> Dovecot with sdbox, as Debian ships them, without throttles for the one client on loopback; durability
# is left at the defaults (Postfix syncs its queue file before 250, Dovecot syncs the delivery). Sourced by bench/run.py.
peer_conf() {
    local d=$V/dovecot p=$V/postfix
    chmod 755 "$V"
    mkdir -p "$d" "$V/run" "$V/mail" "$p" "$V/queue" "$V/state" "$p/dynamicmaps.cf.d" "$p/postfix-files.d"
    id vmail >/dev/null 2>&1 || useradd -r -U -d /nonexistent -s /usr/sbin/nologin vmail
    chown vmail:vmail "$V/mail"; chown postfix "$V/state"
    openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=mx.test -keyout "$V/key.pem" -out "$V/cert.pem" 2>/dev/null
    each_user | sed "s/\$/:{PLAIN}$PASS::::::/" > "$d/users"
    dovecot_conf > "$d/dovecot.conf"
    cp /etc/postfix/postfix-files /etc/postfix/dynamicmaps.cf "$p/" 2>/dev/null
    postfix_main > "$p/main.cf"
    postfix_master > "$p/master.cf"
    each_user | sed 's/$/ x/' > "$p/users"
    postmap -c "$p" "hash:$p/users"
}
dovecot_conf() {
    cat <<END
base_dir = $V/run
state_dir = $V/run
log_path = $V/dovecot.log
protocols = pop3 lmtp
listen = 127.0.0.1
mail_location = sdbox:~/sdbox
mail_uid = vmail
mail_gid = vmail
first_valid_uid = 1
mail_max_userip_connections = 0
disable_plaintext_auth = no
auth_failure_delay = 0
ssl = yes
ssl_cert = <$V/cert.pem
ssl_key = <$V/key.pem
ssl_dh =
auth_username_format = %Lu
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $V/dovecot/users
}
userdb {
  driver = static
  args = uid=vmail gid=vmail home=$V/mail/%d/%n
}
service pop3-login {
  service_count = 0
  process_min_avail = 2
  client_limit = 2000
  inet_listener pop3 {
    port = $POP3_PORT
  }
  inet_listener pop3s {
    port = $POP3S_PORT
    ssl = yes
  }
}
service pop3 {
  service_count = 1000
  process_limit = 2000
  process_min_avail = 2
}
service lmtp {
  process_min_avail = 4
  process_limit = 128
  unix_listener lmtp {
    mode = 0666
  }
}
service auth {
  client_limit = 8192
}
service anvil {
  client_limit = 8192
}
namespace inbox {
  inbox = yes
}
END
}
postfix_main() {
    cat <<END
compatibility_level = 3.6
queue_directory = $V/queue
data_directory = $V/state
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
maillog_file = $V/postfix.log
maillog_file_prefixes = $V
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.test
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
biff = no
virtual_mailbox_domains = $DOMAINS
virtual_mailbox_maps = hash:$V/postfix/users
virtual_transport = lmtp:unix:$V/run/lmtp
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
in_flow_delay = 0
default_process_limit = 150
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
smtpd_client_message_rate_limit = 0
smtpd_peername_lookup = no
message_size_limit = 52428800
mailbox_size_limit = 0
END
}
postfix_master() { # Debian's services, not in a chroot, with our ports
    awk '/^[a-z]/ {keep = $2 ~ /^(unix|unix-dgram|fifo)$/
                   if ($1 ~ /^(submissions?|smtps|uucp|ifmail|maildrop|bsmtp|scalemail|mailman)$/) keep = 0
                   if (keep) {$5 = "n"; print}}' /usr/share/postfix/master.cf.dist
    echo "127.0.0.1:$SMTP_PORT inet n - n - - smtpd"
}
peer_up() { in_cg dovecot -c "$V/dovecot/dovecot.conf" && in_cg postfix -c "$V/postfix" start >/dev/null 2>&1; }
peer_down() { stop_pidfile "$V/queue/pid/master.pid"; stop_pidfile "$V/run/master.pid"; }
