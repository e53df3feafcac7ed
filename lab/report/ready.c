/* SPDX-License-Identifier: MIT */
#include "lab/report/ready.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_measured(const struct summary *s, size_t trial)
{
	const struct summary_trial *t = &s->trials[trial];

	return summary_is_compared(&s->cells[t->cell]) && t->record.is_measured;
}

void ready_names(const struct summary *s, struct ready *ret)
{
	const json_t *most = NULL;
	const char *name;
	json_t *value;

	*ret = (struct ready){ .count = 0 };
	for (size_t i = 0; i < s->trial_count; i++) {
		const json_t *stages = s->trials[i].record.stages;

		if (is_measured(s, i) && json_object_size(stages) > json_object_size(most))
			most = stages;
	}
	json_t *walked = json_deep_copy(most); /* the iterator wants a mutable one */
	json_object_foreach(walked, name, value)
	{
		if (strcmp(name, "spawn") != 0 && ret->count < READY_STAGES_MAX)
			(void)snprintf(ret->names[ret->count++], READY_NAME_BYTES, "%s", name);
	}
	json_decref(walked);
}

double ready_seconds(const struct summary *s, unsigned cell, const char *name)
{
	auto_free double *room = calloc(s->trial_count + 1, sizeof *room);
	size_t count = 0;

	for (size_t i = 0; i < s->trial_count && room != NULL; i++) {
		const json_t *ms = json_object_get(s->trials[i].record.stages, name);

		if (s->trials[i].cell == cell && is_measured(s, i) && json_is_number(ms))
			room[count++] = json_number_value(ms) / 1000;
	}
	return room == NULL ? (double)NAN : stats_median(room, count);
}
