/* SPDX-License-Identifier: MIT */
#pragma once
/* check_parts - what check.c (reads all rows) and check_compare.c (compares and mends) have in common. */
#include "mail/check.h"
#include "mail/folder_head.h"
#include "mail/metadata_parts.h"

enum { CHECK_WORDS_BYTES = 320 };

/* What the rows say about one folder; counted is what its entries add up to. */
struct seen_folder {
	struct table_node node; /* first, see table.h */
	struct id id;
	struct folder_head head;
	bool has_head, needs_head;
	bool has_owner; /* it is an account's INBOX, has a name, or is on its way out */
	uint64_t counted, counted_bytes, unseen, deleted, deleted_bytes;
	uint32_t uid_first, uid_last; /* 0: no entry */
	uint32_t *removing;
	size_t removing_count;
};

/* One that has a body: an entry or a spool item. */
struct seen_body {
	struct table_node node; /* first, see table.h */
	struct id blob;
	uint64_t bytes;
	uint64_t holders;        /* found */
	uint64_t holders_stored; /* by partition b; 0: none */
	bool is_marked_shared;
	struct id folder; /* of the last holder seen; zero for a spool item */
	uint32_t uid;
	struct id item; /* a spool item that holds it; zero when there is none */
};

struct seen_domain {
	struct table_node node; /* first, see table.h */
	struct id id;
	char name[256];
	bool has_record, has_counts;
	uint64_t accounts, aliases, accounts_stored, aliases_stored;
};

/* What an account's mailboxes have of METADATA, and what its sum says. */
struct seen_metadata {
	struct table_node node; /* first, see table.h */
	struct id account;
	struct metadata_sum counted, stored;
};

/* An entry on a removal list, or one whose body is gone: to be counted or mended after all rows were seen. */
struct seen_entry {
	struct id folder, blob;
	uint32_t uid, flags;
	uint64_t bytes;
};

struct check {
	struct store *store;
	bool may_salvage;
	mail_check_fn *report;
	void *context;
	struct mail_check_result *result;
	struct table folders, bodies, domains, metadata;
	struct seen_entry *entries;
	size_t entry_count, entry_room;
};

void check_says(struct check *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* Finds or makes; NULL: out of memory. */
struct seen_folder *check_folder(struct check *c, struct id id);
struct seen_body *check_body(struct check *c, struct id blob);
struct seen_domain *check_domain(struct check *c, struct id id);
/* In check_metadata.c: */
MUST_CHECK bool check_see_metadata(
	struct check *c, struct slice partition, struct slice key, struct slice value);
MUST_CHECK bool check_compare_metadata(struct check *c, struct error *e);
/* Writes one key over what is there; an empty value removes it. */
MUST_CHECK bool check_mend(struct check *c, const struct key *partition, struct slice key,
	struct slice value, struct error *e);
struct table_node *check_find_or_make(struct table *t, struct id id, size_t id_at, size_t bytes);
/* After all rows were seen. */
MUST_CHECK bool check_compare(struct check *c, struct error *e);
