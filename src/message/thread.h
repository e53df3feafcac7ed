/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * thread - which messages answer which: ORDEREDSUBJECT and REFERENCES of RFC 5256 3.
 *
 *   thread_new -> thread_add, a message each, in the order of the mailbox -> thread_finish -> thread_say
 *
 * Needs of a message only what its structure record knows (structure.h), not its bytes. Time is n log n in messages and
 * references, whatever the mails say: loops are looked for in a link-cut tree (thread_links.c).
 * Not here: reading messages, who matches, the numbers' meaning.
 * Threads: one user. Owns: copies of all it was given.
 * Limits: THREAD_NODES_MAX messages and ids that are named but not there, about 90 bytes each; THREAD_TEXT_BYTES_MAX of
 * ids, and as much of subjects. 100,000 messages of a mailing list take about 20 MB.
 */
#include "base/slice.h"

enum {
	THREAD_NODES_MAX = 1 << 20,
	THREAD_TEXT_BYTES_MAX = 64 << 20,
};

enum thread_how { THREAD_BY_SUBJECT, THREAD_BY_REFERENCES };

struct thread_message {
	uint32_t number; /* what thread_say() tells; not 0, and greater than the one before */
	int64_t sent_s;
	bool is_reply;                       /* its subject says so: thread_subject.h */
	struct slice subject;                /* the base subject, folded */
	struct slice message_id, references; /* as in struct structure_summary */
};

struct thread;
/* The secret is any random number: see text_table.h. NULL: out of memory. */
MUST_CHECK struct thread *thread_new(enum thread_how how, uint64_t secret);
void thread_free(struct thread *t); /* NULL is fine */
/* False: over a limit, or out of memory. */
MUST_CHECK bool thread_add(struct thread *t, const struct thread_message *m);
MUST_CHECK bool thread_finish(struct thread *t);

/* The answer in pieces: '(' and ')' with number 0, or a message's number with mark 0. A space stands where a number is
 * followed by a number or by '('. */
typedef void thread_say_fn(void *context, char mark, uint32_t number);
void thread_say(const struct thread *t, thread_say_fn *say, void *context);
