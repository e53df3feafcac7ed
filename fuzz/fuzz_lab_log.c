/* SPDX-License-Identifier: MIT */
/* Lines of a mail server's log, read as each format, and as stages of a whole log. */
#include "fuzz.h"
#include "lab/run/stages.h"
#include "lab/server/server.h"

#include <string.h>

static void check_line(const struct server_log *log, struct slice line)
{
	struct log_event event = { .span_count = 0 };

	if (!log->line(line, &event))
		return;
	invariant(event.point < LOG_POINT_COUNT && event.span_count <= LOG_SPANS_MAX);
	invariant(strlen(event.mail) < sizeof event.mail);
	invariant(event.message_id.len == 0 || fuzz_is_inside(event.message_id, line));
	for (unsigned i = 0; i < event.span_count; i++)
		invariant(event.spans[i].name != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = fuzz_input(data, size);

	for (size_t i = 0; servers[i] != NULL; i++) {
		for (struct slice rest = text; rest.len > 0;) {
			struct slice line = slice_first(rest, slice_find(rest, '\n'));

			check_line(servers[i]->log, line);
			rest = slice_skip(rest, line.len + 1);
		}
		json_t *stages = stages_make(NULL, 0, servers[i]->log, text, 0);

		invariant(stages != NULL);
		json_decref(stages);
	}
	return 0;
}
