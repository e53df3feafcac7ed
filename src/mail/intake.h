/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * intake - accepts a mail: one commit for all local mailboxes and the spool, then 250.
 *
 *   begin -> add (the bytes, already un-dotted) ... -> commit -> answers
 *
 * The Received field and what submission adds are written first, as part of the bytes. Return-Path differs by
 * reverse-path only and goes in as the entry's prefix.
 * Quota is looked at again at commit time, under lock, together with mails still on their way.
 */
#include "mail/body.h"
#include "mail/directory.h"
#include "mail/timeline.h"
#include "message/envelope.h"

enum intake_answer { INTAKE_OK, INTAKE_OVER_QUOTA, INTAKE_TOO_BIG, INTAKE_FAILED };

struct intake_rcpt {
	struct targets targets; /* from directory_resolve, or one remote target */
	const struct envelope_rcpt *rcpt;
	enum intake_answer answer; /* result */
	struct error error;
};

struct intake {
	struct mail *mail;
	const struct envelope *envelope;
	struct body_writer body;
	/* for the timeline; the session's, or found in a body of one chunk */
	struct slice message_id;
};

void intake_begin(struct intake *i, struct mail *m, const struct envelope *e);
MUST_CHECK bool intake_add(struct intake *i, struct slice s, struct error *e);
/*
 * Commits for all recipients that have room. A recipient with several targets fails only when every one fails.
 * One commit is all or none: without local failure, all answers are INTAKE_OK, or all INTAKE_FAILED with e.
 * After it the intake is over in every case. The timeline's stages so far go in with it; `committed` (on disk) and
 * `notified` are noted after it, here and, without a sync of their own, in the store. The timeline may be NULL.
 */
void intake_commit(
	struct intake *i, struct intake_rcpt *rcpts, size_t count, struct timeline *timeline);
void intake_abandon(struct intake *i);
/* Would a message of this size fit now? For RCPT and MAIL SIZE=. */
enum intake_answer intake_may(struct mail *m, const struct targets *targets, uint64_t bytes);
