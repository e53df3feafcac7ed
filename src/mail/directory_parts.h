/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * directory_parts - how the directory stands in the store and in memory. Only for directory*.c, domain.c, account.c,
 * alias.c and resolve.c.
 *
 * Reads go through one cache of raw values by partition and key, which also remembers what is not there; a value is
 * decoded each time, into the caller's arena. A write takes the turn (one writer at a time; it may wait for the disk,
 * so it is no lock), reads, commits, and forgets the keys that it wrote.
 */
#include "base/lock.h"
#include "mail/batch.h"
#include "mail/directory.h"
#include "mail/table.h"

#include <stdatomic.h>

enum {
	/* 15,000 accounts; more than a busy server meets in a minute */
	DIRECTORY_CACHE_BYTES = 4 << 20,
	DIRECTORY_RECORD_BYTES = LIMIT_VALUE_BYTES,
	DIRECTORY_WAIT_S = 60, /* for another writer */
};

struct cached;
struct directory {
	struct store *store;
	const struct clock *clock;
	struct folders *folders;
	struct mailboxes *mailboxes;
	char separator;
	char postmaster[LIMIT_ADDRESS_BYTES];
	size_t postmaster_len;
	struct lock lock;
	struct signal turn_free;
	/* under lock: */
	bool has_writer;
	atomic_uint_fast64_t
		writes; /* grows under the lock; what was read before a write must not enter the cache after it */
	struct table cache;
	struct cached *oldest, *newest;
	/* as of so many writes: the postmaster of the oldest domain, empty if there is none */
	bool is_oldest_known;
	uint64_t oldest_at_writes;
	char oldest_postmaster[LIMIT_ADDRESS_BYTES];
	size_t oldest_postmaster_len;
	size_t cache_bytes;
};

/* An address in its two keys, and both together as "local@domain"; the text is in the arena. */
struct name {
	struct slice local, domain, address;
};
enum name_answer { NAME_OK, NAME_BAD, NAME_SHORT };
/* With postmaster_ok, "postmaster" alone has an empty domain. NAME_SHORT: the arena is full. */
enum name_answer name_parse(
	struct slice address, bool postmaster_ok, struct arena *a, struct name *ret);
enum name_answer name_domain(struct slice domain, struct arena *a, struct slice *ret);

/* A domain with what only the store knows. */
struct domain_row {
	struct domain domain;
	struct id id;
};
/* What a local part is. */
enum entity_kind { ENTITY_NONE, ENTITY_ACCOUNT, ENTITY_ALIAS };
struct entity {
	enum entity_kind kind;
	struct account account;
	struct alias alias;
};

MUST_CHECK bool domain_encode(const struct domain_row *row, struct buf *out);
MUST_CHECK bool domain_decode(struct slice name, struct slice value, struct domain_row *ret);
MUST_CHECK bool account_encode(const struct account *account, struct buf *out);
MUST_CHECK bool alias_encode(const struct alias *alias, struct buf *out);
/* Targets are put into the arena; the rest points into value. */
MUST_CHECK bool entity_decode(
	struct slice address, struct slice value, struct arena *a, struct entity *ret);
MUST_CHECK bool counts_encode(const struct domain_counts *counts, struct buf *out);
MUST_CHECK bool counts_decode(struct slice value, struct domain_counts *ret);

struct key domain_partition(void);
struct key counts_partition(struct id domain);
struct key entity_partition(struct id domain, struct slice local);
struct key quick_partition(struct slice address);

/* Through the cache; domain names and local parts are keys already. */
MUST_CHECK bool directory_domain(struct directory *d, struct slice name, struct arena *a,
	struct domain_row *ret, bool *ret_found, struct error *e);
MUST_CHECK bool directory_entity(struct directory *d, const struct domain_row *domain,
	struct slice local, struct arena *a, struct entity *ret, struct error *e);
/* The account or alias of that kind at an address that is to be looked at as it is, without aliases of domains. Its slices are in
 * the arena; *ret_domain may be NULL. */
MUST_CHECK bool directory_find(struct directory *d, struct slice address, enum entity_kind kind,
	struct arena *a, struct entity *ret, struct domain_row *ret_domain, bool *ret_found,
	struct error *e);
void directory_forget(struct directory *d, const struct key *partition, struct slice key);

MUST_CHECK bool directory_turn_take(struct directory *d, struct error *e);
void directory_turn_drop(struct directory **d);
/* For the writer: what the disk says, with the partition's version. Value is empty when not found. */
MUST_CHECK bool directory_fresh(struct directory *d, const struct key *partition, struct slice key,
	struct buf *ret_value, bool *ret_found, uint64_t *ret_version, struct error *e);
/* For the writer: the counts of a domain, with the version of their partition. */
MUST_CHECK bool directory_counts(struct directory *d, struct id domain, struct domain_counts *ret,
	uint64_t *ret_version, struct error *e);
/* What there is of a domain now, and the version that a change expects; and the change. */
MUST_CHECK bool domain_fresh(struct directory *d, struct slice name, struct arena *a,
	struct domain_row *ret, bool *ret_found, uint64_t *ret_version, struct error *e);
MUST_CHECK bool domain_stage(struct batch *b, const struct domain_row *row, uint64_t expect);
/* Writes a batch in the turn and turns the store's answer into ours. */
enum change directory_write(struct directory *d, struct batch *b, struct error *e);
/* CHANGE_BAD and CHANGE_LIMIT with words. */
enum change change_says(enum change change, struct error *e, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Replaces the password if it is still `before`; for strengthening. */
enum change account_swap_password(struct directory *d, struct slice address, struct slice before,
	struct slice after, struct error *e);
/* Removes mail of accounts whose removal was cut short. */
MUST_CHECK bool accounts_remove_go_on(struct directory *d, struct error *e);
/* The password has a form that password_strengthen should look at. */
bool account_is_quick(const struct account *account);
