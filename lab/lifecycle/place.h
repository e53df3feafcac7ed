/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * place - a server on a platform with its work folder and its accounts: what every measurement here starts
 * from and clears away.
 *
 * The accounts are the lab's own: PLACE_STILL_COUNT whose mail is put there once and must never change, and one
 * ("load@a.example") that gets mail while something happens.
 * Ownership: place_close() ends the server and removes the folder; the options outlive the place.
 * Threads: the lab's main thread.
 */
#include "lab/files/file.h"
#include "lab/lifecycle/inventory.h"
#include "lab/platform/platform.h"

enum { PLACE_STILL_COUNT = 3, PLACE_ACCOUNT_COUNT = PLACE_STILL_COUNT + 1 };

struct life_options {
	const char *work_root; /* where work folders are made */
	const char *server_path, *image_path;
	const char *password; /* of every account */
	unsigned cpu_count, memory_mib, disk_mib;
	struct hardware hardware; /* of virtual machines */
	unsigned mails;           /* in the still mailboxes */
	unsigned repeats;         /* of each measurement */
	uint64_t deadline_ms;     /* for a deployment */
	const volatile bool *is_cancelled;
	/* One line about what is going on; may be NULL. */
	void (*on_step)(void *context, const char *platform, const char *what);
	void *context;
};

struct place {
	const struct life_options *options;
	const struct platform *platform;
	char work[PATH_MAX];
	struct deploy_account accounts[PLACE_ACCOUNT_COUNT];
	struct deploy_plan plan;
	struct deployment deployment;
	bool is_up;
};

/* Makes the folder and the plan; nothing runs yet. *ret is not to be moved: the plan points into it. */
MUST_CHECK bool place_open(const struct life_options *o, const struct platform *platform,
	struct place *ret, struct error *e);
MUST_CHECK bool place_deploy(struct place *p, struct error *e);
/* Ends the server; with plan.keeps_data its data stays in the folder. */
void place_stop(struct place *p);
void place_close(struct place *p);
void place_step(const struct place *p, const char *what);

/*
 * Fills the still accounts: mails of several sizes in several mailboxes, with flags, and with holes in the
 * numbers where mails were removed, so that a copy that counts anew is found out.
 */
MUST_CHECK bool place_fill(struct place *p, struct error *e);
/* What is in the still accounts, and in the one that gets mail. */
MUST_CHECK bool place_inventory(const struct place *p, struct inventory *ret, struct error *e);
MUST_CHECK bool place_inventory_load(const struct place *p, struct inventory *ret, struct error *e);
const char *place_load_address(void);
