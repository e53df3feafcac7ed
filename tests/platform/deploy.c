/* SPDX-License-Identifier: MIT */
/*
 * deploy - one deployment for a test: deploys a server on a platform, says where, waits for the end of
 * its standard input, and stops it.
 *
 *     deploy PLATFORM SERVER IMAGE WORK ADDRESS PASSWORD…
 *
 * Prints a line of JSON: {"host": …, "smtp": …, "pop3": …, "lab": its own pid (for nsenter), "facts": …}.
 * Exit status 77 (a skipped test) and the reason when this machine does not have the platform.
 */
#include "lab/platform/platform.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77, DEADLINE_MS = 180000, MEMORY_BYTES = 512 << 20, DISK_BYTES = 256 << 20 };

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
	all = json_pack("{s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:b, s:I, s:I, s:f}", "host", d->host,
		"smtp", d->smtp_port, "pop3", d->pop3_port, "lab", (int)getpid(), "facts",
		json_loads(d->facts_json, 0, &where), "describe", json_loads(describe, 0, &where),
		"stages_ms", stages, "has_usage", has_usage, "cpu_ns", (json_int_t)usage.cpu_ns,
		"memory_bytes", (json_int_t)usage.memory_bytes, "first_220_ms",
		(double)(d->first_220_ns - d->spawn_ns) / 1e6);
	(void)json_dumpf(all, stdout, JSON_COMPACT | JSON_SORT_KEYS);
	(void)printf("\n");
	(void)fflush(stdout);
	json_decref(all);
}

int main(int argc, char **argv)
{
	static const char *const domains[] = { "a.example", "b.example" };
	struct deploy_account accounts[PLATFORM_ACCOUNT_COUNT];
	struct deploy_plan plan = { .domains = domains,
		.domain_count = COUNT(domains),
		.accounts = accounts,
		.cpu_count = 2,
		.memory_bytes = MEMORY_BYTES,
		.disk_bytes = DISK_BYTES,
		.deadline_ms = DEADLINE_MS,
		.is_cancelled = &is_cancelled };
	char reason[PLATFORM_REASON_BYTES] = "";
	struct deployment d;
	struct error e = { 0 };
	const struct platform *platform = argc < 7 ? NULL : platform_find(slice_of(argv[1]));

	if (platform == NULL) {
		(void)fprintf(
			stderr, "usage: deploy PLATFORM SERVER IMAGE WORK ADDRESS PASSWORD…\n");
		return 2;
	}
	plan.server_path = argv[2];
	plan.image_path = argv[3];
	plan.work_path = argv[4];
	for (int i = 5; i + 1 < argc && plan.account_count < PLATFORM_ACCOUNT_COUNT; i += 2)
		accounts[plan.account_count++] = (struct deploy_account){ argv[i], argv[i + 1] };
	(void)signal(SIGINT, cancel);
	(void)signal(SIGTERM, cancel);
	if (!platform->probe(&plan, reason)) {
		(void)fprintf(stderr, "%s: %s\n", platform->name, reason);
		return SKIPPED;
	}
	if (!platform->deploy(&plan, &d, &e)) {
		(void)fprintf(stderr, "%s\n", e.text);
		return 1;
	}
	print(&d);
	while (!is_cancelled && platform->is_alive(&d, reason) && getchar() != EOF)
		continue;
	if (!platform->is_alive(&d, reason))
		(void)fprintf(stderr, "%s\n", reason);
	platform->stop(&d);
	return 0;
}
