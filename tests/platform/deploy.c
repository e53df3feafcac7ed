/* SPDX-License-Identifier: MIT */
/*
 * deploy - one deployment for a test: deploys a server on a platform, says where, does what the lines of
 * its standard input ask for, and stops it at their end.
 *
 *     deploy PLATFORM SERVER IMAGE WORK ADDRESS PASSWORD…
 *
 * Prints a line of JSON: {"host": …, "smtp": …, "pop3": …, "lab": its own pid (for nsenter), "facts": …}.
 * Exit status 77 (a skipped test) and the reason when this machine does not have the platform.
 * Lines: snapshot NAME, revert NAME, save DIRECTORY, restore DIRECTORY (stops what is there, and then in
 * WORK again), migrate, cut, boot, durability; each is answered by a line of JSON.
 * The variable MAILVISOR_HARDWARE has "KEY=VALUE KEY=VALUE…", MAILVISOR_MEMORY and
 * MAILVISOR_DISK mebibytes, MAILVISOR_CPUS and MAILVISOR_DEADLINE (seconds) numbers.
 */
#include "lab/durability/durability.h"
#include "lab/files/file.h"
#include "lab/platform/platform.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77, DEADLINE_S = 180, MEMORY_BYTES = 512 << 20, DISK_BYTES = 256 << 20 };

static volatile bool is_cancelled;

static void cancel(int number)
{
	(void)number;
	is_cancelled = true;
}

static void print(const struct deployment *d)
{
	struct platform_usage usage = { 0 };
	json_t *stages = json_object(), *all;
	bool has_usage = d->platform->usage(d, &usage);
	json_error_t where;
	char describe[PLATFORM_FACTS_BYTES];

	d->platform->describe(describe);
	for (unsigned i = 0; i < d->stage_count; i++)
		(void)json_object_set_new(stages, d->stages[i].name,
			json_real((double)(d->stages[i].at_ns - d->spawn_ns) / 1e6));
	all = json_pack("{s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:b, s:I, s:I, s:I, s:f}", "host",
		d->host, "smtp", d->smtp_port, "pop3", d->pop3_port, "lab", (int)getpid(), "facts",
		json_loads(d->facts_json, 0, &where), "describe", json_loads(describe, 0, &where),
		"stages_ms", stages, "has_usage", has_usage, "cpu_ns", (json_int_t)usage.cpu_ns,
		"memory_bytes", (json_int_t)usage.memory_bytes, "flushes",
		(json_int_t)usage.flushes, "first_220_ms",
		(double)(d->first_220_ns - d->spawn_ns) / 1e6);
	(void)json_dumpf(all, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	(void)printf("\n");
	(void)fflush(stdout);
	json_decref(all);
}

static bool hardware_read(struct hardware *ret, struct error *e)
{
	struct slice rest = slice_of(getenv("MAILVISOR_HARDWARE"));

	while (rest.len > 0) {
		struct slice word = slice_first(rest, slice_find(rest, ' '));
		size_t equals = slice_find(word, '=');
		unsigned key = 0;

		while (key < HARDWARE_KEY_COUNT &&
			!slice_same(slice_first(word, equals), slice_of(hardware_key_name(key))))
			key++;
		if (key == HARDWARE_KEY_COUNT)
			return fail(e, FAULT_NEVER, "there is no hardware '%.*s'", S_FMT(word));
		if (!hardware_set(ret, key, slice_skip(word, equals + 1), e))
			return false;
		rest = slice_skip(rest, word.len + 1);
	}
	return true;
}

static void answer(const struct platform_span *span, const struct error *e)
{
	json_t *all =
		e->fault != FAULT_NONE
			? json_pack("{s:s}", "error", e->text)
			: json_pack("{s:f, s:I, s:I}", "ms",
				  (double)(span->end_ns - span->begin_ns) / 1e6, "paused_ns",
				  (json_int_t)span->paused_ns, "bytes", (json_int_t)span->bytes);

	(void)json_dumpf(all, stdout, JSON_COMPACT);
	(void)printf("\n");
	(void)fflush(stdout);
	json_decref(all);
}

/* What it printed at first, again: the same deployment in other circumstances. */
static void again(const struct deployment *d, const struct error *e)
{
	if (e->fault == FAULT_NONE)
		print(d);
	else
		answer(NULL, e);
}

static void restore(struct deployment *d, const struct deploy_plan *plan, const char *from)
{
	const struct platform *platform = d->platform;
	struct error e = { 0 };

	platform->stop(d);
	if (folder_remove(plan->work_path, &e) && folder_make(plan->work_path, &e))
		(void)!platform->states->restore(plan, from, d, &e);
	again(d, &e);
}

/* The lab's question whether an acknowledged mail is on the disk: its answer. */
static void durability(const struct deployment *d, const struct deploy_plan *plan)
{
	struct durability_found found;
	struct error e = { 0 };
	json_t *all;

	if (!durability_probe(d, plan->work_path, plan->accounts[0].address,
		    plan->accounts[0].address, &found, &e)) {
		answer(NULL, &e);
		return;
	}
	all = durability_json(&found);
	(void)json_dumpf(all, stdout, JSON_COMPACT);
	(void)printf("\n");
	(void)fflush(stdout);
	json_decref(all);
}

static void line_do(struct deployment *d, const struct deploy_plan *plan, char *line)
{
	const struct platform_states *states = d->platform->states;
	char *what = line + strcspn(line, " ");
	struct platform_span span = { 0 };
	struct error e = { 0 };

	if (*what != '\0')
		*what++ = '\0';
	if (strcmp(line, "restore") == 0) {
		restore(d, plan, what);
		return;
	}
	if (strcmp(line, "durability") == 0) {
		durability(d, plan);
		return;
	}
	if (strcmp(line, "boot") == 0) {
		(void)!states->boot(d, &e);
		again(d, &e);
		return;
	}
	if (strcmp(line, "snapshot") == 0)
		(void)!states->snapshot(d, what, &span, &e);
	else if (strcmp(line, "revert") == 0)
		(void)!states->revert(d, what, &span, &e);
	else if (strcmp(line, "save") == 0)
		(void)!states->save(d, what, &span, &e);
	else if (strcmp(line, "migrate") == 0)
		(void)!states->migrate(d, &span, &e);
	else if (strcmp(line, "cut") == 0)
		states->cut(d);
	else
		(void)fail(&e, FAULT_NEVER, "no such line: '%s'", line);
	answer(&span, &e);
}

static void lines_do(struct deployment *d, const struct deploy_plan *plan)
{
	char line[PLATFORM_PATH_BYTES];

	while (!is_cancelled && fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		line_do(d, plan, line);
	}
}

static int deploy(const struct platform *platform, const struct deploy_plan *plan)
{
	char reason[PLATFORM_REASON_BYTES] = "";
	struct deployment d;
	struct error e = { 0 };

	if (!platform_takes(platform, &plan->hardware, reason) || !platform->probe(plan, reason)) {
		(void)fprintf(stderr, "%s: %s\n", platform->name, reason);
		return SKIPPED;
	}
	if (!platform->deploy(plan, &d, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	print(&d);
	lines_do(&d, plan);
	if (d.state != NULL && !platform->is_alive(&d, reason))
		(void)fprintf(stderr, "%s\n", reason);
	platform->stop(&d);
	return 0;
}

static uint64_t wanted(const char *name, unsigned shift, uint64_t usual)
{
	const char *text = getenv(name);

	return text == NULL ? usual : strtoull(text, NULL, 10) << shift;
}

int main(int argc, char **argv)
{
	static const char *const domains[] = { "a.example", "b.example" };
	struct deploy_account accounts[PLATFORM_ACCOUNT_COUNT];
	struct deploy_plan plan = { .domains = domains,
		.domain_count = COUNT(domains),
		.accounts = accounts,
		.cpu_count = (unsigned)wanted("MAILVISOR_CPUS", 0, 2),
		.memory_bytes = wanted("MAILVISOR_MEMORY", 20, MEMORY_BYTES),
		.disk_bytes = wanted("MAILVISOR_DISK", 20, DISK_BYTES),
		.deadline_ms = 1000 * wanted("MAILVISOR_DEADLINE", 0, DEADLINE_S),
		.is_cancelled = &is_cancelled };
	struct error e = { 0 };
	const struct platform *platform = argc < 7 ? NULL : platform_find(slice_of(argv[1]));

	if (platform == NULL || !hardware_read(&plan.hardware, &e)) {
		(void)fprintf(stderr,
			"%s\nusage: deploy PLATFORM SERVER IMAGE WORK ADDRESS PASSWORD…\n", e.text);
		return 2;
	}
	plan.server_path = argv[2];
	plan.image_path = argv[3];
	plan.work_path = argv[4];
	for (int i = 5; i + 1 < argc && plan.account_count < PLATFORM_ACCOUNT_COUNT; i += 2)
		accounts[plan.account_count++] = (struct deploy_account){ argv[i], argv[i + 1] };
	(void)signal(SIGINT, cancel);
	(void)signal(SIGTERM, cancel);
	return deploy(platform, &plan);
}
