/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pop3 - one POP3 session: what its files share. RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH), 6856 (UTF8).
 *
 *   pop3.c          the step, the table of verbs, replies
 *   pop3_login.c    CAPA, STLS, USER and PASS, AUTH, UTF8
 *   pop3_maildrop.c the list of messages, STAT LIST UIDL DELE RSET, and QUIT, which removes
 *   pop3_fetch.c    RETR and TOP
 *
 * Not here: APOP. It needs the password itself on the server, and we keep only hashes.
 * Limits: a message that a BINARYMIME sender wrote with bare LFs is sent with CRLFs, so it is longer than STAT says.
 * Headers in UTF-8 are sent as they are, also without the UTF8 command.
 */
#include "base/buf.h"
#include "mail/folder.h"
#include "session/client.h"

enum pop3_phase {
	PHASE_AUTHORIZATION = 1u << 0,
	PHASE_TRANSACTION = 1u << 1,
};

enum {
	/* messages of one session, 16 bytes each; the oldest come first */
	LIMIT_MAILDROP_ROWS = 1000000,
	/* noted together: a log line for each RETR would wake the log's writer each time */
	LIMIT_FETCHED = 64,
	LIMIT_POP3_PIECE_BYTES = 16 << 10, /* of a message, encoded at once */
};

/* What we keep of each message while the session lasts: 16 bytes. */
struct maildrop_row {
	uint32_t uid;
	uint32_t is_deleted : 1;
	uint32_t is_fetched : 1; /* noted in its timeline */
	uint32_t : 30;
	uint64_t bytes;
};

struct maildrop {
	struct folder *folder; /* ours alone: its maildrop lock is held */
	struct maildrop_row *rows;
	size_t row_count, row_room;
	size_t kept_count; /* not marked as deleted */
	uint64_t kept_bytes;
	uint32_t uid_validity;
};

/* A message that was sent for the first time, and is not yet noted: neither \Seen nor in its timeline. */
struct fetched {
	struct id message;
	uint32_t uid;
	uint64_t bytes;
	struct moment when;
};

struct pop3 {
	struct client client; /* first */
	unsigned phase;
	char *user; /* between USER and PASS */
	struct maildrop maildrop;
	struct entry_page page; /* of RETR and TOP; given back while parked */
	struct buf encoded;
	struct fetched *fetched; /* LIMIT_FETCHED of them, or NULL */
	size_t fetched_count;
};

/* pop3.c */
enum next pop3_say(struct pop3 *p, struct slice reply);
enum next pop3_say_format(struct pop3 *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* A command that is wrong; at the limit of errors it is the last. */
enum next pop3_wrong(struct pop3 *p, struct slice reply);
/* The one place where a failure becomes a reply. */
enum next pop3_failed(struct pop3 *p, const struct error *e);
enum next pop3_last_word(struct pop3 *p, struct slice reply);

/* pop3_login.c */
enum next pop3_capa(struct pop3 *p, struct slice args);
enum next pop3_stls(struct pop3 *p, struct slice args);
enum next pop3_user(struct pop3 *p, struct slice args);
enum next pop3_pass(struct pop3 *p, struct slice args);
enum next pop3_auth(struct pop3 *p, struct slice args);
enum next pop3_utf8(struct pop3 *p, struct slice args);

/* pop3_maildrop.c */
enum maildrop_answer { MAILDROP_OPEN, MAILDROP_BUSY, MAILDROP_FAILED };
MUST_CHECK enum maildrop_answer maildrop_open(
	struct maildrop *d, struct folders *folders, struct id account, struct error *e);
/* Unlocks; what is marked as deleted stays. */
void maildrop_close(struct maildrop *d);
enum next pop3_stat(struct pop3 *p, struct slice args);
enum next pop3_list(struct pop3 *p, struct slice args);
enum next pop3_uidl(struct pop3 *p, struct slice args);
enum next pop3_dele(struct pop3 *p, struct slice args);
enum next pop3_rset(struct pop3 *p, struct slice args);
enum next pop3_quit(struct pop3 *p, struct slice args);
/* The row with this number, or NULL after a reply was said. */
MUST_CHECK struct maildrop_row *pop3_row(struct pop3 *p, uint32_t number, enum next *ret_next);

/* pop3_fetch.c */
/* Makes \Seen what was sent since the last call, and writes its stage `fetched`, with the true times. */
void pop3_note_fetched(struct pop3 *p);
enum next pop3_retr(struct pop3 *p, struct slice args);
enum next pop3_top(struct pop3 *p, struct slice args);
