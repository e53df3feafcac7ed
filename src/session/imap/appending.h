/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * appending - one APPEND or REPLACE under way: append.c reads the command, appending.c does what it has said so far.
 *
 * Once something is wrong `refusal` says what, and all later calls do nothing. Only for these two files.
 */
#include "mail/append.h"
#include "session/imap/change.h"
#include "syntax/imap_append.h"

struct appending {
	struct imap *s;
	struct imap_append command;
	struct slice line;     /* the newest of the segment */
	struct slice segment;  /* see imap_append.h; in the arena */
	struct imap_into into; /* its folder is NULL until the first message */
	struct append *append;
	struct body_writer *body; /* of the message `open` */
	/* How far we are in the command's list of messages: */
	const struct imap_append_message
		*open; /* some of its parts may still come; NULL: none is */
	const struct imap_append_message *added;
	const struct imap_append_part *part; /* the last of `open` whose bytes are taken */
	uint64_t copied;                     /* bytes that URLs brought */
	struct slice refusal;                /* what is wrong: the rest is dropped */
};

void appending_refuse(struct appending *a, struct slice text);
/* Notes it too. */
void appending_refuse_failure(struct appending *a, struct error *e);
/* With the first message, when the mailbox is known. */
void appending_open(struct appending *a);
/* For so many bytes more of the message that is open. */
void appending_check_room(struct appending *a, uint64_t more);
/*
 * Does what the command has said so far, up to a part (NULL: to its end): copies what URLs name, adds messages that are whole.
 * Literals on the way were taken when they came.
 */
void appending_catch_up(struct appending *a, const struct imap_append_part *until);
