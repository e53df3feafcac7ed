/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * record - the structure records of messages (message/structure.h), read in step with their entries; made and kept where one
 * is missing.
 *
 * Begin with { .folder, .store }; ask for messages in the order of their UIDs; imap_records_done() keeps what was made.
 * A record is of the message without its prefix: see imap_range_shift().
 */
#include "mail/body.h"
#include "mail/structures.h"
#include "message/section.h"

struct imap_records {
	struct folder *folder;
	struct store *store;
	struct structure_page page;
	size_t at;
	uint32_t until; /* UIDs up to this one are in the page, or have none kept */
	bool has_keeper;
	struct structures keeper;
	struct buf made;
};

/* The record of this message, borrowed until the next call. `last` is the last UID that will be asked for soon. */
MUST_CHECK bool imap_records_find(struct imap_records *r, const struct entry *entry, uint32_t last,
	struct slice *ret, struct error *e);
/* The same, and what it says in front; a record that we cannot read is made anew. */
MUST_CHECK bool imap_records_summary(struct imap_records *r, const struct entry *entry,
	uint32_t last, struct structure_summary *ret, struct error *e);
/* All of it; the arena is the caller's. */
MUST_CHECK bool imap_records_structure(struct imap_records *r, const struct entry *entry,
	uint32_t last, struct arena *arena, struct structure *ret, struct error *e);
void imap_records_done(struct imap_records *r);
