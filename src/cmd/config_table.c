/* SPDX-License-Identifier: MIT */
#include "cmd/config.h"

#include "base/limits.h"

#define S_ (UINT64_C(1000))
#define M_ (60 * S_)
#define H_ (60 * M_)
#define D_ (24 * H_)

static const char *const levels[] = { "error", "warn", "info", "debug", NULL };
static const char *const engines[] = { "rocksdb", "mem", NULL };
static const char *const relay_tls[] = { "none", "may", "encrypt", "verify", NULL };
static const char *const sandboxes[] = { "no", "yes", "auto", NULL };

#define AT(member) offsetof(struct config, member)
#define TEXT SETTING_TEXT
#define LIST SETTING_LIST
#define COUNT_ SETTING_COUNT
#define SIZE SETTING_SIZE
#define TIME SETTING_TIME
#define BOOL SETTING_BOOL
#define CHOICE SETTING_CHOICE
enum { FIXED = false, LIVE = true };

/* clang-format off */
const struct setting settings[] = {
	{ "host", TEXT, AT(host), "", 0, 255, LIVE, NULL,
	  "Our name in greetings, Received and bounces. Empty: the machine's own host name." },
	{ "user", TEXT, AT(user), "mailvisor", 0, 255, FIXED, NULL,
	  "Who to become after the ports are bound, when started as root. Empty: stay root." },
	{ "pid_file", TEXT, AT(pid_file), "", 0, 255, FIXED, NULL,
	  "File that gets our process number when we are ready. Empty: none." },

	{ "smtp.listen", LIST, AT(smtp_listen), "0.0.0.0:25 [::]:25", 0, 1023, FIXED, NULL,
	  "Addresses for mail from other servers (SMTP). Empty: off; port 0: any free port." },
	{ "submission.listen", LIST, AT(submission_listen), "0.0.0.0:587 [::]:587", 0, 1023, FIXED, NULL,
	  "Addresses for mail from our users, with STARTTLS (submission)." },
	{ "submissions.listen", LIST, AT(submissions_listen), "0.0.0.0:465 [::]:465", 0, 1023, FIXED, NULL,
	  "Addresses for mail from our users, over TLS (submissions)." },
	{ "lmtp.listen", LIST, AT(lmtp_listen), "unix:lmtp.sock", 0, 1023, FIXED, NULL,
	  "Addresses for mail from local programs (LMTP); unix: paths are relative to the data directory." },
	{ "pop3.listen", LIST, AT(pop3_listen), "0.0.0.0:110 [::]:110", 0, 1023, FIXED, NULL,
	  "Addresses for reading mail, with STLS (POP3)." },
	{ "pop3s.listen", LIST, AT(pop3s_listen), "0.0.0.0:995 [::]:995", 0, 1023, FIXED, NULL,
	  "Addresses for reading mail, over TLS (POP3S)." },
	{ "imap.listen", LIST, AT(imap_listen), "0.0.0.0:143 [::]:143", 0, 1023, FIXED, NULL,
	  "Addresses for reading mail in folders, with STARTTLS (IMAP). Empty: off." },
	{ "imaps.listen", LIST, AT(imaps_listen), "0.0.0.0:993 [::]:993", 0, 1023, FIXED, NULL,
	  "Addresses for reading mail in folders, over TLS (IMAPS)." },
	{ "control.socket", TEXT, AT(control_socket), "control.sock", 1, 100, FIXED, NULL,
	  "Unix socket for the mailvisor command; relative to the data directory." },

	{ "tls.enabled", BOOL, AT(tls_on), "yes", 0, 1, FIXED, NULL,
	  "Offer TLS. Without it there is no submissions, no POP3S, no IMAPS and no login beyond this machine." },
	{ "tls.cert", TEXT, AT(tls_cert), "cert.pem", 1, 255, FIXED, NULL,
	  "Certificate chain (PEM); relative to the data directory. Made, self-signed, when missing there." },
	{ "tls.key", TEXT, AT(tls_key), "key.pem", 1, 255, FIXED, NULL,
	  "Its private key (PEM). SIGHUP reads both again." },

	{ "log.file", TEXT, AT(log_file), "-", 1, 255, FIXED, NULL,
	  "Where the log goes, relative to the data directory; '-' is standard error. SIGHUP opens it again." },
	{ "log.level", CHOICE, AT(log_level), "info", 0, 3, LIVE, levels,
	  "Least important lines to write." },

	{ "limit.message_size", SIZE, AT(message_bytes), "50M", 1 << 10, UINT64_C(1) << 32, LIVE, NULL,
	  "Largest message taken." },
	{ "limit.recipients", COUNT_, AT(recipients), "1000", 100, LIMIT_RCPT_COUNT, LIVE, NULL,
	  "Most recipients of one message (RFC 5321 4.5.3.1.8: at least 100)." },
	{ "limit.sessions", COUNT_, AT(sessions), "20000", 1, 1000000, FIXED, NULL,
	  "Most open connections." },
	{ "limit.sessions_per_address", COUNT_, AT(sessions_per_address), "200", 1, 1000000, FIXED, NULL,
	  "Most open connections of one address (of one /64 for IPv6)." },
	{ "limit.errors", COUNT_, AT(errors), "20", 1, 10000, LIVE, NULL,
	  "Bad commands before we hang up." },
	{ "limit.logins", COUNT_, AT(logins), "5", 1, 1000, LIVE, NULL,
	  "Failed logins before we hang up." },
	{ "limit.unknown_recipients", COUNT_, AT(unknown_recipients), "50", 1, 10000, LIVE, NULL,
	  "Unknown recipients before we hang up: somebody is guessing." },
	{ "limit.body_rate", SIZE, AT(body_rate), "100", 0, 1 << 20, LIVE, NULL,
	  "Slowest body taken, in bytes a second over half a minute. 0: any." },

	{ "wait.command", TIME, AT(wait_command_ms), "5m", 1 * S_, 1 * H_, LIVE, NULL,
	  "How long a command may take to arrive (RFC 5321 4.5.3.2: 5 minutes)." },
	{ "wait.data", TIME, AT(wait_data_ms), "3m", 1 * S_, 1 * H_, LIVE, NULL,
	  "How long the next block of a body may take, in either direction." },
	{ "wait.idle", TIME, AT(wait_idle_ms), "10m", 1 * S_, 24 * H_, LIVE, NULL,
	  "How long a client may be silent (RFC 1939 3: at least 10 minutes)." },
	{ "wait.stop", TIME, AT(wait_stop_ms), "10s", 0, 1 * H_, LIVE, NULL,
	  "How long a stop waits for sessions to end." },
	{ "workers", COUNT_, AT(workers), "64", 1, 1024, FIXED, NULL,
	  "Most threads for active sessions; silent ones need none, slow readers have up to 192 more." },

	{ "login.plain", BOOL, AT(login_plain), "no", 0, 1, LIVE, NULL,
	  "Take passwords without TLS also from other machines." },
	{ "login.trust_loopback", BOOL, AT(trust_loopback), "yes", 0, 1, LIVE, NULL,
	  "Clients on this machine need no TLS. Say no where a proxy or NAT makes strangers look local." },
	{ "login.hash_threads", COUNT_, AT(password_threads), "0", 0, 64, FIXED, NULL,
	  "How many passwords are hashed at once. 0: one a processor." },
	{ "smtp.vrfy", BOOL, AT(vrfy), "no", 0, 1, LIVE, NULL,
	  "Tell strangers by VRFY which addresses exist." },
	{ "address.separator", TEXT, AT(address_separator), "+", 0, 1, FIXED, NULL,
	  "What stands before the detail in alice+detail@a.example. Empty: off." },
	{ "address.postmaster", TEXT, AT(postmaster), "", 0, 255, FIXED, NULL,
	  "Who gets mail for postmaster@ of a domain that has none of its own. Empty: the oldest domain's postmaster." },

	{ "store.engine", CHOICE, AT(store_engine), "rocksdb", 0, 1, FIXED, engines,
	  "Where mail is kept; mem forgets all with the process and is for tests." },
	{ "store.memory", SIZE, AT(store_memory), "0", 0, UINT64_C(1) << 40, FIXED, NULL,
	  "Memory for the store's caches and write buffers. 0: its own small default." },
	{ "trace.keep", TIME, AT(trace_keep_ms), "3d", 0, 3650 * D_, FIXED, NULL,
	  "How long timelines are kept for mailvisor trace, in whole hours. 0: not at all." },

	{ "relay.host", TEXT, AT(relay_host), "", 0, 255, FIXED, NULL,
	  "Next hop for mail to other domains: host:port, or lmtp:unix:PATH. Empty: such mail is refused." },
	{ "relay.tls", CHOICE, AT(relay_tls), "may", 0, 3, FIXED, relay_tls,
	  "TLS to it: when it offers TLS (may), always (encrypt), or always with a certificate for its name (verify)." },
	{ "relay.tls_ca", TEXT, AT(relay_tls_ca), "/etc/ssl/certs/ca-certificates.crt", 1, 255, FIXED, NULL,
	  "Authorities that verify believes: a PEM file or a directory of them; relative to the data directory." },
	{ "relay.tls_name", TEXT, AT(relay_tls_name), "", 0, 255, FIXED, NULL,
	  "The name its certificate must have. Empty: that of relay.host." },
	{ "relay.workers", COUNT_, AT(relay_workers), "2", 1, 64, FIXED, NULL,
	  "How many mails are relayed at once." },
	{ "relay.retry_first", TIME, AT(relay_retry_first_ms), "5m", 1 * S_, 1 * D_, FIXED, NULL,
	  "Wait after the first failed attempt; it doubles with each." },
	{ "relay.retry_most", TIME, AT(relay_retry_most_ms), "4h", 1 * S_, 7 * D_, FIXED, NULL,
	  "Longest wait between attempts." },
	{ "relay.give_up", TIME, AT(relay_give_up_ms), "5d", 1 * S_, 30 * D_, FIXED, NULL,
	  "After how long a mail that cannot be relayed goes back (RFC 5321 4.5.4.1: 4-5 days)." },

	{ "sandbox", CHOICE, AT(sandbox), "auto", 0, 2, FIXED, sandboxes,
	  "Give up what a mail server never needs: auto uses what the kernel has, yes fails without it." },
};
/* clang-format on */
const size_t setting_count = COUNT(settings);
_Static_assert(COUNT(settings) <= CONFIG_SETTING_COUNT, "is_given has a place for each");
