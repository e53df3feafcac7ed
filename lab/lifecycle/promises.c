/* SPDX-License-Identifier: MIT */
/*
 * What the study promises of virtual mail servers without having measured it, in words that can be
 * tested: a reading, a bound, a platform. A promise holds when every repeat was within the bound.
 */
#include "lab/lifecycle/lifecycle.h"
#include "lab/lifecycle/trials.h"

#include <math.h>
#include <stdio.h>

enum { MS_A_MINUTE = 60000, MS_A_SECOND = 1000 };

/* clang-format off */
static const struct promise {
	const char *words;
	const char *reading;
	double most;         /* every value must be at most this */
	const char *bound;
	const char *also;    /* a reading that must be 0; NULL: none */
	const char *failures; /* trials of it that failed: none may */
} promises[] = {
	{ "redeployed \"in minutes\"", READING_FIRST_250, MS_A_MINUTE, "takes mail within 60 s", NULL, FAILURES_BOOT },
	{ "quick recovery from a disaster", READING_CUT_220, MS_A_MINUTE,
	  "220 within 60 s of a power cut (no machine: kill -9), no acknowledged mail lost", READING_CUT_LOST, FAILURES_CUT },
	{ "back to a snapshot after a huge loss of data", READING_REVERT_DIFFERENT, 0,
	  "every mail as at the snapshot", NULL, FAILURES_SNAPSHOT },
	{ "backups are easy", READING_BACKUP_GAP, MS_A_SECOND,
	  "made while it serves, nobody waits over 1 s, all mail in it", READING_BACKUP_LOST, FAILURES_BACKUP },
	{ "less downtime: moved while it runs", READING_MIGRATE_GAP, MS_A_SECOND,
	  "nobody waits over 1 s for a connection, no mail lost", READING_MIGRATE_LOST, FAILURES_MIGRATE },
};
/* Needs hosts or hypervisors that a single machine does not have. */
static const char *const not_measured[] = { "load balancing", "better with a type-1 hypervisor" };
/* clang-format on */

static bool is_zero(const struct ledger_row *row)
{
	return row != NULL && row->count > 0 && ledger_most(row) < 1;
}

static void note_why_not(const struct promise *promise, const char *platform, const char *name,
	const struct ledger *measured, struct ledger *l)
{
	const struct ledger_row *row = ledger_find(measured, platform, promise->reading);

	if (row == NULL && promise->also != NULL)
		row = ledger_find(measured, platform, promise->also);
	ledger_verdict(l, "promises", name, "not measured");
	ledger_remark(l, "promises", name, "%s",
		row != NULL && row->remark[0] != '\0' ? row->remark : "no trial of it");
}

/* A trial that failed kept no promise. */
static void promise_judge(const struct promise *promise, const char *platform,
	const struct ledger *measured, struct ledger *l)
{
	const struct ledger_row *row = ledger_find(measured, platform, promise->reading);
	const struct ledger_row *failed = ledger_find(measured, platform, promise->failures);
	char name[LEDGER_TEXT_BYTES];

	(void)snprintf(name, sizeof name, "%s, on %s", promise->words, platform);
	if (failed == NULL && (row == NULL || row->count == 0)) {
		note_why_not(promise, platform, name, measured, l);
		return;
	}
	for (size_t i = 0; row != NULL && i < row->count; i++)
		ledger_add(l, "promises", name, row->unit, row->values[i]);
	if (failed != NULL) {
		ledger_verdict(l, "promises", name, "does not hold");
		ledger_remark(l, "promises", name, "%s; %zu of %zu trials failed: %s",
			promise->bound, failed->count,
			failed->count + (row == NULL ? 0 : row->count), failed->remark);
		return;
	}
	bool holds =
		ledger_most(row) <= promise->most &&
		(promise->also == NULL || is_zero(ledger_find(measured, platform, promise->also)));

	ledger_verdict(l, "promises", name, holds ? "holds" : "does not hold");
	ledger_remark(l, "promises", name, "%s", promise->bound);
}

void promises_judge(const struct life_plan *plan, const struct ledger *measured, struct ledger *l)
{
	for (size_t i = 0; i < COUNT(promises); i++) {
		for (unsigned p = 0; p < plan->count; p++)
			promise_judge(&promises[i], plan->platforms[p]->name, measured, l);
	}
	for (size_t i = 0; i < COUNT(not_measured); i++) {
		ledger_verdict(l, "promises", not_measured[i], "not measured");
		ledger_remark(l, "promises", not_measured[i],
			"needs more than one machine, or another hypervisor");
	}
}
