/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * trials - what is done to a server in its life, one function each; each does it once and writes into
 * the ledger.
 *
 * All but the first happen under load: mail comes in all the time and somebody knocks every 10 ms
 * (watch.h). Each verifies afterwards that no acknowledged mail is lost and that the still mailboxes
 * are as they should be, and writes that down as readings too, which must be 0.
 * A failure is one of this trial: the caller notes it and goes on with the next.
 */
#include "lab/lifecycle/ledger.h"
#include "lab/lifecycle/place.h"

typedef bool trial_fn(const struct life_options *o, const struct platform *platform,
	struct ledger *l, struct error *e);

/* Power-on to 220, to the first 250, to the first mail fetched; and the same from an empty folder. */
trial_fn trial_boot;
/* Building the appliance first. */
trial_fn trial_redeploy;
/* Everything is killed under load, as when the power fails, and started again on the same data. */
trial_fn trial_power_cut;
/* Snapshot under load; then all mail is removed; then back. */
trial_fn trial_snapshot;
/* Saved to files, ended, and started out of them. */
trial_fn trial_save;
/* To a second machine on this host, under load. */
trial_fn trial_migrate;
/* `mailvisor backup` under load, the server lost, `mailvisor restore`, a new server. */
trial_fn trial_backup;

struct trial_kind {
	const char *name; /* as --trials names it */
	trial_fn *run;
	/* Can this platform do it? False: a sentence why not. */
	bool (*fits)(const struct platform *p, const char **ret_reason);
	const char *reading;  /* the row that says why it was not measured */
	const char *failures; /* the row with a 1 for each time that it failed */
};
/* Ends with a name of NULL. */
extern const struct trial_kind trial_kinds[];

#define FAILURES_BOOT "boot: trials that failed"
#define FAILURES_CUT "power cut: trials that failed"
#define FAILURES_SNAPSHOT "snapshot: trials that failed"
#define FAILURES_MIGRATE "live migration: trials that failed"
#define FAILURES_BACKUP "backup: trials that failed"

/* Names of readings that promises look at. */
#define READING_FIRST_250 "redeployed from the image: to the first 250"
#define READING_NOTHING_250 "redeployed from nothing: to the first 250"
#define READING_SAVED_220 "saved state: to the first 220 again"
#define READING_CUT_220 "power cut: until the first 220 again"
#define READING_CUT_LOST "power cut: acknowledged mails lost"
#define READING_REVERT_DIFFERENT "revert: mails not as at the snapshot"
#define READING_REVERT_MS "revert: command to done"
#define READING_BACKUP_LOST "backup: mails missing in what was restored"
#define READING_BACKUP_GAP "backup: longest time without a connection"
#define READING_MIGRATE_GAP "live migration: longest time without a connection"
#define READING_MIGRATE_LOST "live migration: acknowledged mails lost"
