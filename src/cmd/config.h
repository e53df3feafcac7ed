/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * config - the settings: one table of names, types, defaults, ranges and help; and their values.
 *
 * Values come from the defaults, then from a file, then from `--set key=value`, the last one wins.
 * The file is lines of `key = value`; under a `[section]` line, `key` means `section.key`. A list may
 * be continued on indented lines. Sizes take K, M and G (powers of 1024); times take ms, s, m, h, d.
 * Problems are told one by one, with where and what, so that one look at a file finds them all.
 * Owns: nothing; struct config is a value of fixed size.
 * Limits: CONFIG_TEXT_BYTES, CONFIG_LIST_BYTES; a line of the file has at most 198 bytes (libinih's).
 */
#include "base/buf.h"
#include "base/error.h"

enum {
	CONFIG_TEXT_BYTES = 256,   /* a host name, a path */
	CONFIG_LIST_BYTES = 1024,  /* a dozen addresses */
	CONFIG_SETTING_COUNT = 64, /* room; the table is checked against it */
};

struct config {
	char host[CONFIG_TEXT_BYTES], user[CONFIG_TEXT_BYTES], pid_file[CONFIG_TEXT_BYTES];
	char smtp_listen[CONFIG_LIST_BYTES], submission_listen[CONFIG_LIST_BYTES];
	char submissions_listen[CONFIG_LIST_BYTES], lmtp_listen[CONFIG_LIST_BYTES];
	char pop3_listen[CONFIG_LIST_BYTES], pop3s_listen[CONFIG_LIST_BYTES];
	char imap_listen[CONFIG_LIST_BYTES], imaps_listen[CONFIG_LIST_BYTES];
	char control_socket[CONFIG_TEXT_BYTES];
	char tls_cert[CONFIG_TEXT_BYTES], tls_key[CONFIG_TEXT_BYTES];
	uint64_t tls_on;
	char log_file[CONFIG_TEXT_BYTES];
	uint64_t log_level; /* enum log_level */
	uint64_t message_bytes, recipients, sessions, sessions_per_address, errors, logins;
	uint64_t unknown_recipients, body_rate;
	uint64_t wait_command_ms, wait_data_ms, wait_idle_ms, wait_stop_ms;
	uint64_t workers;
	uint64_t login_plain, trust_loopback, vrfy;
	char address_separator[CONFIG_TEXT_BYTES], postmaster[CONFIG_TEXT_BYTES];
	uint64_t password_threads;
	uint64_t store_engine; /* index into store_engine_choices */
	uint64_t store_memory;
	uint64_t trace_keep_ms;
	char relay_host[CONFIG_TEXT_BYTES];
	uint64_t relay_tls; /* enum smtp_tls */
	char relay_tls_ca[CONFIG_TEXT_BYTES], relay_tls_name[CONFIG_TEXT_BYTES];
	uint64_t relay_workers, relay_retry_first_ms, relay_retry_most_ms, relay_give_up_ms;
	uint64_t sandbox;                    /* enum config_sandbox */
	bool is_given[CONFIG_SETTING_COUNT]; /* by row of the table: not the default */
};

enum config_engine { CONFIG_ENGINE_ROCKSDB, CONFIG_ENGINE_MEM };
enum config_sandbox { CONFIG_SANDBOX_NO, CONFIG_SANDBOX_YES, CONFIG_SANDBOX_AUTO };

enum setting_type {
	SETTING_TEXT,
	SETTING_LIST, /* words between spaces */
	SETTING_COUNT,
	SETTING_SIZE, /* bytes */
	SETTING_TIME, /* milliseconds */
	SETTING_BOOL,
	SETTING_CHOICE,
};

struct setting {
	const char *name;
	enum setting_type type;
	size_t offset; /* into struct config */
	const char *fallback;
	uint64_t least, most; /* of the number; of a text: its length */
	bool is_live;         /* SIGHUP changes it */
	const char *const *choices;
	const char *help;
};
extern const struct setting settings[];
extern const size_t setting_count;

/* All defaults. */
void config_init(struct config *c);
/* Sets one key; a wrong name or value is in *e ("set 'x': no such setting; did you mean 'y'?"). */
MUST_CHECK bool config_set(
	struct config *c, struct slice name, struct slice value, struct error *e);
/* "key=value". */
MUST_CHECK bool config_set_pair(struct config *c, struct slice pair, struct error *e);
/* Told for each problem: line 0 is the file as a whole. */
typedef void config_problem_fn(void *context, const char *path, unsigned line, const char *text);
/* Reads the file; false when there was any problem. */
MUST_CHECK bool config_read(
	struct config *c, const char *path, config_problem_fn *problem, void *context);
/* What two correct settings can still get wrong together. */
MUST_CHECK bool config_check(const struct config *c, struct error *e);
bool config_is_given(const struct config *c, const char *name);
/* Appends all settings, in the syntax of the file. */
MUST_CHECK bool config_print(const struct config *c, struct buf *out);
MUST_CHECK bool config_print_value(
	const struct config *c, const struct setting *s, struct buf *out);
/* A setting that differs and needs a restart. */
typedef void config_stuck_fn(void *context, const struct setting *s);
/* Takes over the live values of *from, but those given in *kept; the others that differ are told to `stuck`. */
void config_reload(struct config *c, const struct config *from, const struct config *kept,
	config_stuck_fn *stuck, void *context);
/* Where the value of a setting of type TEXT or LIST begins. */
const char *config_text(const struct config *c, const struct setting *s);
/* The next word of a list: *at moves; false at the end. */
bool config_word(const char *list, size_t *at, struct slice *ret);
