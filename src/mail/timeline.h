/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline - what happened to a mail, stage by stage, with times.
 *
 * A session fills a `struct timeline` in its own memory (no lock, no I/O). It becomes log lines (ev=mail.stage) through
 * timeline_log(), and a record in the store that travels with the accepting commit. Later stages (fetched, remote
 * attempts, removed) are added with lazy transactions, which need no sync.
 * In the store: buckets "t<number>", rolled at TIMELINE_BUCKET_MESSAGES or an hour, dropped whole when older than
 * the configured hours, in bounded commits. Keys: "i<id><seq>" stages, "m<hash of Message-ID><id>", "a<hash of address><id>";
 * what is lazy stands under these keys in packs, see timeline_rows.h.
 */
#include "base/arena.h"
#include "mail/mail.h"

enum stage {
	STAGE_CONNECTED,
	STAGE_TLS,
	STAGE_AUTHENTICATED,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_RECEIVED,
	STAGE_CHECKED,
	STAGE_COMMITTED,
	STAGE_NOTIFIED,
	STAGE_FETCHED,
	STAGE_ATTEMPT,
	STAGE_RELAYED,
	STAGE_BOUNCED,
	STAGE_REFUSED,
	STAGE_REMOVED,
	STAGE_COUNT
};
const char *stage_name(enum stage s);

enum { TIMELINE_STAGES = 16, TIMELINE_BUCKET_MESSAGES = 8000, TIMELINE_TEXT_BYTES = 2048 };

struct timeline_stage {
	enum stage stage;
	uint64_t mono_ns, wall_ns, bytes;
	struct slice note; /* outcome, address, peer; in the timeline's own text */
};

struct timeline {
	struct id id;
	struct timeline_stage stages[TIMELINE_STAGES]; /* further RCPTs are counted in the last */
	size_t stage_count;
	uint64_t rcpts_not_noted;
	char text[TIMELINE_TEXT_BYTES];
	size_t text_len;
};

void timeline_begin(struct timeline *t, struct id id);
/* Adds a stage now. Note is copied, cut when there is no room. */
void timeline_note(struct timeline *t, const struct clock *clock, enum stage stage, uint64_t bytes,
	struct slice note);
/* With times taken earlier (connected, tls, authenticated come before the mail). */
void timeline_note_at(struct timeline *t, enum stage stage, uint64_t mono_ns, uint64_t wall_ns,
	uint64_t bytes, struct slice note);
/* Writes the stages as log lines (event mail.stage, level info): one buffer, one call into the log. */
void timeline_log(const struct timeline *t);

struct timelines;
/* Stores stages of a mail that was not accepted by intake (refused after MAIL), or later ones. Lazy. */
void timelines_add(struct timelines *t, const struct timeline *timeline, struct slice message_id,
	const struct slice *addresses, size_t address_count);
/* One stage for a mail that is already known. Lazy. */
void timelines_note(
	struct timelines *t, struct id id, enum stage stage, uint64_t bytes, struct slice note);

/* A finished trace for `mailvisor trace`; all in the arena. */
struct trace {
	struct id id;
	struct timeline_stage *stages;
	size_t stage_count;
};
/* what: a message id of ours (26 letters), a Message-ID with or without <>, or an address. Newest first. */
MUST_CHECK bool timelines_find(struct timelines *t, struct slice what, size_t limit,
	struct arena *a, struct trace **ret, size_t *ret_count, struct error *e);
/* Drops buckets that are too old; one bounded step. Called by a background thread. */
MUST_CHECK bool timelines_expire(struct timelines *t, bool *ret_more, struct error *e);
