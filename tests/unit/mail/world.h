/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * world - a whole mail/ over one of the stores, with its clock, for the tests of mail.
 *
 * Each test runs over every row of world_stores: memory and RocksDB, each also with the fault mode on.
 */
#include "check.h"

#include "base/limits.h"
#include "mail/body.h"
#include "mail/directory.h"
#include "mail/folder.h"
#include "mail/intake.h"
#include "mail/password.h"
#include "mail/quota.h"
#include "mail/spool.h"
#include "mail/timeline.h"

struct world_store {
	const char *name;
	const struct store_engine *engine;
	uint32_t fault_percent;
};
extern const struct world_store world_stores[];
extern const size_t world_store_count;

struct world {
	const struct world_store *which;
	char path[64];
	uint64_t wall_ns; /* 0: the real one */
	uint32_t keep_hours;
	struct clock clock;
	struct mail mail;
	struct arena arena; /* for results */
};

void world_open(struct world *w, const struct world_store *which);
void world_reopen(struct world *w);     /* closes and opens again; not over memory */
void world_open_again(struct world *w); /* after mail_close(&w->mail) */
void world_close(struct world *w);

/* Checked shortcuts; addresses are C strings. */
void world_domain(struct world *w, const char *name);
void world_account(struct world *w, const char *address);
void world_alias(struct world *w, const char *address, const char *const *targets, size_t count);
struct account world_account_get(struct world *w, const char *address);
struct folder *world_folder(struct world *w, const char *address);
/* One mail to one address, with these bytes. */
enum intake_answer world_deliver(struct world *w, const char *to, struct slice bytes);
/* One mail to many; answers may be NULL. */
void world_deliver_many(struct world *w, const char *const *to, size_t count, struct slice bytes,
	enum intake_answer *answers);
/* The UIDs of a folder. */
size_t world_uids(struct folder *f, uint32_t *uids, size_t room);
/* The whole message, as RETR sends it. */
void world_read(struct world *w, struct folder *f, uint32_t uid, struct buf *out);
/* Runs a list of tests over all stores; returns how many failed. */
struct world_test {
	const char *name;
	void (*run)(struct world *w);
	bool needs_disk;
};
int world_run(const char *group, const struct world_test *tests, size_t count);
