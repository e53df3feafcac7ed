/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap - the little of RFC 3501 that it takes to look through mailboxes and to fill them: one command, its
 * answers, its result.
 *
 * Blocking, one command at a time, over the lab's own wire. Answers come whole, with their literals in
 * them. The login is in clear text: servers under test allow it (login.plain).
 * Threads: one. Limits: IMAP_RESPONSE_BYTES for one answer, the deadline of each call.
 */
#include "base/buf.h"
#include "lab/workload/wire.h"

enum { IMAP_RESPONSE_BYTES = 40 << 20 }; /* the largest mail of an experiment has 32 MiB */

struct imap {
	struct wire wire;
	unsigned tag;
	struct buf response;
};

/* One untagged answer, without "* ". literal: the last one in it, or empty. */
typedef bool imap_answer_fn(
	void *context, struct slice answer, struct slice literal, struct error *e);

/* Connects and logs in. */
MUST_CHECK bool imap_open(struct imap *i, const char *host, uint16_t port, const char *user,
	const char *password, uint64_t until_ns, struct error *e);
/* Fails when the server does not say OK. on_answer may be NULL. */
MUST_CHECK bool imap_run(struct imap *i, const char *command, imap_answer_fn *on_answer,
	void *context, uint64_t until_ns, struct error *e);
/* Says LOGOUT, does not wait for it; fine on one that was never opened. */
void imap_close(struct imap *i);
/* The text behind `word` in an answer, up to the next space or bracket: imap_word(a, "UID ") is "17". */
struct slice imap_word(struct slice answer, const char *word);
/* The text behind `word` between these two marks: imap_between(a, "FLAGS (", ')'). */
struct slice imap_between(struct slice answer, const char *word, char end);
