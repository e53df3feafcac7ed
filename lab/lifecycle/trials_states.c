/* SPDX-License-Identifier: MIT */
/* Snapshots, saved states, live migration, and the server's own backup. */
#include "base/clock.h"
#include "lab/files/run.h"
#include "lab/lifecycle/imap.h"
#include "lab/lifecycle/load.h"
#include "lab/lifecycle/trials.h"
#include "lab/workload/wire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMAND_WAIT_MS = 60000 };

static double ms(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / (double)NS_PER_MS : 0;
}

static double gap_ms(uint64_t gap_ns)
{
	return gap_ns == UINT64_MAX ? (double)INFINITY : (double)gap_ns / (double)NS_PER_MS;
}

static void span_add(
	struct ledger *l, const char *group, const char *what, const struct platform_span *span)
{
	char name[LEDGER_TEXT_BYTES];

	(void)snprintf(name, sizeof name, "%s: command to done", what);
	ledger_add(l, group, name, "ms", ms(span->begin_ns, span->end_ns));
	if (span->paused_ns != UINT64_MAX) {
		(void)snprintf(
			name, sizeof name, "%s: guest stood still, says the hypervisor", what);
		ledger_add(l, group, name, "ms", (double)span->paused_ns / (double)NS_PER_MS);
	}
	if (span->bytes != UINT64_MAX) {
		(void)snprintf(name, sizeof name, "%s: written or moved", what);
		ledger_add(l, group, name, "MiB", (double)span->bytes / (1 << 20));
	}
}

enum {
	SHOWN_MS = 1000,                   /* of a timeline, before an operation */
	GAP_SHOWN_MS = 3 * WATCH_KNOCK_MS, /* shorter ones are the knocking itself */
};

/* Milliseconds since a moment, which may lie behind. */
static double since_ms(uint64_t from_ns, uint64_t at_ns)
{
	return ((double)at_ns - (double)from_ns) / (double)NS_PER_MS;
}

/* The operation as a line in time: when nobody who knocked got through. */
static void timeline_add(struct ledger *l, const char *group, const char *what,
	const struct watch *w, const struct platform_span *span)
{
	struct reading_span line = {
		.group = group, .name = what, .length_ms = ms(span->begin_ns, span->end_ns)
	};
	uint64_t gaps[READING_GAPS_MAX][2];
	size_t count = 0;
	const uint64_t *knocks = watch_knocks(w, &count);

	line.gap_count = watch_gaps(knocks, count, span->begin_ns - SHOWN_MS * NS_PER_MS,
		span->end_ns, GAP_SHOWN_MS * NS_PER_MS, gaps, READING_GAPS_MAX);
	for (size_t i = 0; i < line.gap_count; i++) {
		line.gaps[i][0] = since_ms(span->begin_ns, gaps[i][0]);
		line.gaps[i][1] = since_ms(span->begin_ns, gaps[i][1]);
	}
	ledger_span(l, &line);
}

static void gaps_add(struct ledger *l, const char *group, const char *what, const struct watch *w,
	const struct platform_span *span)
{
	char name[LEDGER_TEXT_BYTES];

	(void)snprintf(name, sizeof name, "%s: longest time without a connection", what);
	ledger_add(
		l, group, name, "ms", gap_ms(watch_knock_gap_ns(w, span->begin_ns, span->end_ns)));
	(void)snprintf(name, sizeof name, "%s: longest time without a 250", what);
	ledger_add(
		l, group, name, "ms", gap_ms(watch_mail_gap_ns(w, span->begin_ns, span->end_ns)));
	timeline_add(l, group, what, w, span);
}

/* "Even after huge data loss": the still mailboxes are emptied. */
static bool mails_destroy(struct place *p, struct error *e)
{
	static const char *const commands[] = { "SELECT \"INBOX\"",
		"UID STORE 1:* +FLAGS.SILENT (\\Deleted)", "EXPUNGE", "DELETE \"Archive/Old\"",
		"DELETE \"Archive\"" };
	auto_free struct imap *imap = calloc(1, sizeof *imap);
	bool is_done = imap != NULL || fail(e, FAULT_LATER, "empty mailboxes: no memory");

	for (unsigned n = 0; is_done && n < PLACE_STILL_COUNT; n++) {
		uint64_t until_ns = wire_now_ns() + COMMAND_WAIT_MS * NS_PER_MS;

		is_done = imap_open(imap, p->deployment.host, p->deployment.imap_port,
			p->accounts[n].address, p->accounts[n].password, until_ns, e);
		for (size_t i = 0; is_done && i < COUNT(commands); i++)
			is_done = imap_run(imap, commands[i], NULL, NULL, until_ns, e);
		imap_close(imap);
	}
	return is_done;
}

static bool snapshot_and_revert(struct load *load, struct ledger *l, struct error *e)
{
	const struct platform_states *states = load->place.platform->states;
	struct deployment *d = &load->place.deployment;
	const char *name = load->place.platform->name;
	struct platform_span taken, back;
	struct load_verdict v;

	if (!states->snapshot(d, "lab", &taken, e) || !load_wait(load, LOAD_MAILS_AFTER, e) ||
		!mails_destroy(&load->place, e) || !states->revert(d, "lab", &back, e) ||
		!load_wait(load, LOAD_MAILS_AFTER, e))
		return false;
	struct load_rules rules = { .must_until_ns = taken.begin_ns,
		.never_from_ns = taken.end_ns,
		.never_to_ns = back.begin_ns,
		.must_again_ns = back.end_ns };

	if (!load_judge(load, &load->place, &rules, &v, e))
		return false;
	span_add(l, name, "snapshot", &taken);
	gaps_add(l, name, "snapshot", load->watch, &taken);
	span_add(l, name, "revert", &back);
	gaps_add(l, name, "revert", load->watch, &back);
	ledger_add(l, name, "revert: mails compared with the snapshot", "mails",
		(double)(load->before.count + v.acknowledged));
	ledger_add(l, name, READING_REVERT_DIFFERENT, "mails",
		(double)(load_still_wrong(&v) + v.lost + v.strange + v.altered + v.doubled));
	if (v.still.first[0] != '\0')
		ledger_remark(l, name, READING_REVERT_DIFFERENT, "%s", v.still.first);
	return true;
}

bool trial_snapshot(const struct life_options *o, const struct platform *platform, struct ledger *l,
	struct error *e)
{
	struct load load;

	if (!load_begin(o, platform, true, &load, e))
		return false;
	bool is_done = snapshot_and_revert(&load, l, e);

	load_end(&load);
	return is_done;
}

static bool migrate(struct load *load, struct ledger *l, struct error *e)
{
	struct deployment *d = &load->place.deployment;
	const char *name = load->place.platform->name;
	struct platform_span span;
	struct load_verdict v;

	if (!load->place.platform->states->migrate(d, &span, e) ||
		!load_wait(load, LOAD_MAILS_AFTER, e) ||
		!load_judge(load, &load->place, &LOAD_ALL, &v, e))
		return false;
	span_add(l, name, "live migration", &span);
	gaps_add(l, name, "live migration", load->watch, &span);
	ledger_add(l, name, READING_MIGRATE_LOST, "mails", (double)v.lost);
	ledger_add(l, name, "live migration: mails altered, doubled or not as before", "mails",
		(double)(v.altered + v.doubled + load_still_wrong(&v)));
	return true;
}

bool trial_migrate(const struct life_options *o, const struct platform *platform, struct ledger *l,
	struct error *e)
{
	struct load load;

	if (!load_begin(o, platform, false, &load, e))
		return false;
	bool is_done = migrate(&load, l, e);

	load_end(&load);
	return is_done;
}

/* The saved files become another place, with a work folder of its own. */
static bool save_and_restore(struct load *load, struct place *again, const char *directory,
	struct ledger *l, struct error *e)
{
	const struct platform *platform = load->place.platform;
	struct platform_span saved;
	struct load_verdict v;

	if (!platform->states->save(&load->place.deployment, directory, &saved, e))
		return fail_in(e, "save");
	place_stop(&load->place);
	again->is_up = platform->states->restore(&again->plan, directory, &again->deployment, e);
	if (!again->is_up)
		return fail_in(e, "start from the saved state");
	watch_aim(load->watch, &again->deployment);
	if (!load_wait(load, LOAD_MAILS_AFTER, e) || !load_judge(load, again, &LOAD_ALL, &v, e))
		return false;
	span_add(l, platform->name, "save", &saved);
	ledger_add(l, platform->name, READING_SAVED_220, "ms",
		ms(again->deployment.spawn_ns, again->deployment.first_220_ns));
	ledger_add(l, platform->name, "saved state: mails lost or not as before", "mails",
		(double)(v.lost + v.altered + v.doubled + load_still_wrong(&v)));
	return true;
}

bool trial_save(const struct life_options *o, const struct platform *platform, struct ledger *l,
	struct error *e)
{
	auto_free struct place *again = calloc(1, sizeof *again);
	char directory[PATH_MAX];
	struct load load;

	if (again == NULL)
		return fail(e, FAULT_LATER, "save: no memory");
	if (!load_begin(o, platform, false, &load, e))
		return false;
	bool is_done = place_open(o, platform, again, e) &&
		       path_join(load.place.work, "saved", directory, e) &&
		       folder_make(directory, e) && save_and_restore(&load, again, directory, l, e);

	place_close(again);
	load_end(&load);
	return is_done;
}

static bool tool_run(const struct life_options *o, const char *verb, const char *backup,
	const char *data, struct error *e)
{
	const char *words[] = { o->server_path, verb, backup, "--data", data, NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	return run(words, S(""), &output, e);
}

/* Where the running server's data directory is: within reach for whatever is a process of this machine. */
static bool data_find(const struct place *p, char ret[PATH_MAX], struct error *e)
{
	if (!path_join(p->work, "data/mailvisor", ret, e))
		return false;
	return file_is_there(ret) || path_join(p->work, "data", ret, e);
}

/* The backup becomes the data of another place; the first one is lost before that. */
static bool backup_and_restore(
	struct load *load, struct place *again, struct ledger *l, struct error *e)
{
	const struct life_options *o = load->place.options;
	const char *name = load->place.platform->name;
	char backup[PATH_MAX], data[PATH_MAX], restored[PATH_MAX];
	struct platform_span made = { .paused_ns = UINT64_MAX, .bytes = UINT64_MAX };
	struct load_verdict v;

	if (!data_find(&load->place, data, e) || !path_join(again->work, "backup", backup, e) ||
		!path_join(again->work, "restored", restored, e))
		return false;
	made.begin_ns = wire_now_ns();
	if (!tool_run(o, "backup", backup, data, e))
		return false;
	made.end_ns = wire_now_ns();
	if (!load_wait(load, LOAD_MAILS_AFTER, e))
		return false;
	place_stop(&load->place);
	uint64_t lost_ns = wire_now_ns();

	if (!tool_run(o, "restore", backup, restored, e))
		return false;
	again->plan.data_from = restored;
	if (!place_deploy(again, e))
		return fail_in(e, "start from the backup");
	uint64_t ready_ns = wire_now_ns();
	struct load_rules rules = { made.begin_ns, UINT64_MAX, 0, UINT64_MAX };

	if (!load_judge(load, again, &rules, &v, e))
		return false;
	span_add(l, name, "backup", &made);
	gaps_add(l, name, "backup", load->watch, &made);
	ledger_add(l, name, "restore: from the loss until all can log in", "ms",
		ms(lost_ns, ready_ns));
	ledger_add(l, name, READING_BACKUP_LOST, "mails",
		(double)(v.lost + v.altered + v.doubled + load_still_wrong(&v)));
	if (v.still.first[0] != '\0')
		ledger_remark(l, name, READING_BACKUP_LOST, "%s", v.still.first);
	return true;
}

bool trial_backup(const struct life_options *o, const struct platform *platform, struct ledger *l,
	struct error *e)
{
	auto_free struct place *again = calloc(1, sizeof *again);
	struct load load;

	if (again == NULL)
		return fail(e, FAULT_LATER, "back up: no memory");
	if (!load_begin(o, platform, false, &load, e))
		return false;
	bool is_done = place_open(o, platform, again, e) && backup_and_restore(&load, again, l, e);

	place_close(again);
	load_end(&load);
	return is_done;
}
