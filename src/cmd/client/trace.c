/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/*
 * Offsets come from the wall clock: stages may lie days and restarts apart, where monotonic time has no
 * meaning.
 */
static void add_offset(struct table *t, uint64_t from_ns, uint64_t at_ns)
{
	uint64_t us = at_ns > from_ns ? (at_ns - from_ns) / 1000 : 0;
	char room[48];

	if (us < 100 * 1000 * UINT64_C(1000))
		(void)snprintf(
			room, sizeof room, "+%" PRIu64 ".%03" PRIu64 " ms", us / 1000, us % 1000);
	else
		(void)snprintf(room, sizeof room, "+%" PRIu64 " s", us / 1000000);
	table_add(t, room);
}

/* The last stage that decides what became of it. */
static const char *outcome_of(const json_t *stages)
{
	static const struct {
		const char *stage, *outcome;
	} outcomes[] = {
		{ "committed", "delivered: on disk, and in the mailbox or the spool" },
		{ "fetched", "fetched by its reader" },
		{ "removed", "removed by its reader" },
		{ "attempt", "waits for another attempt to relay it" },
		{ "relayed", "relayed to the next host" },
		{ "bounced", "bounced: its sender was told" },
		{ "refused", "refused" },
	};
	const char *outcome = "not finished";

	for (size_t i = 0; i < json_array_size(stages); i++)
		for (size_t k = 0; k < COUNT(outcomes); k++)
			if (strcmp(text_of(json_array_get(stages, i), "stage"),
				    outcomes[k].stage) == 0)
				outcome = outcomes[k].outcome;
	return outcome;
}

static void print_trace(const json_t *trace)
{
	struct table t = { .column_count = 5,
		.names = { "TIME (UTC)", "AFTER", "STAGE", "BYTES", "WHAT" },
		.is_right = { [1] = true, [3] = true } };
	const json_t *stages = json_object_get(trace, "stages");
	uint64_t first_ns = number_of(json_array_get(stages, 0), "wall_ns");

	(void)printf("mail %s: %s\n", text_of(trace, "id"), outcome_of(stages));
	for (size_t i = 0; i < json_array_size(stages); i++) {
		const json_t *stage = json_array_get(stages, i);

		table_add(&t, text_of(stage, "time"));
		add_offset(&t, first_ns, number_of(stage, "wall_ns"));
		table_add(&t, text_of(stage, "stage"));
		table_add_number(&t, number_of(stage, "bytes"), "");
		table_add(&t, text_of(stage, "note"));
	}
	table_print(&t);
}

int trace_show(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "GET", .collection = "trace", .query = { "what", a->words[0] }
	};
	json_t *json = NULL;
	int status = call_send(c, &call, &json);
	const json_t *traces;

	if (status != EXIT_DONE)
		return status;
	traces = json_object_get(json, "traces");
	if (json_array_size(traces) == 0) {
		(void)fprintf(stderr,
			"mailvisor: %s: no trace of it; they are kept for trace.keep\n",
			a->words[0]);
		status = EXIT_FAILED;
	} else if (!call_print_json(c, json)) {
		for (size_t i = 0; i < json_array_size(traces); i++) {
			if (i > 0)
				(void)putchar('\n');
			print_trace(json_array_get(traces, i));
		}
	}
	json_decref(json);
	return status;
}
