/* SPDX-License-Identifier: MIT */
#include "lab/report/summary.h"

#include "lab/files/json_file.h"
#include "lab/report/load.h"
#include "lab/run/precision.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What else the record says. */
static bool costs_load(const char *place, struct costs *ret, struct error *e)
{
	char path[PATH_MAX];

	if (!path_join(place, "trial.json", path, e))
		return false;
	auto_json *doc = json_file_load(path, e);
	if (doc == NULL)
		return false;
	costs_read(doc, ret);
	return true;
}

static bool trial_load(struct summary *s, const char *folder, struct plan_trial at, struct error *e)
{
	struct summary_trial *t = &s->trials[s->trial_count];
	char place[PATH_MAX], path[PATH_MAX];

	if (!plan_trial_folder(&s->plan, folder, at, place, e))
		return false;
	if (!record_is_there(place))
		return true;
	*t = (struct summary_trial){ .cell = at.cell };
	if (!record_load(place, &t->record, e))
		return false;
	s->trial_count++;
	if (t->record.block != at.block ||
		strcmp(t->record.label, s->plan.x.cells[at.cell].label) != 0)
		return fail(e, FAULT_NEVER, "'%s' holds the record of another trial", place);
	if (!t->record.is_measured)
		return true;
	if (!costs_load(place, &t->costs, e))
		return false;
	return path_join(place, "samples.bin", path, e) && samples_read(path, &t->samples, e);
}

bool summary_load(const char *folder, struct summary *ret, struct error *e)
{
	if (!plan_load(folder, &ret->plan, e))
		return false;
	ret->blocks_declared = ret->plan.x.blocks;
	ret->plan.x.blocks = precision_blocks(&ret->plan, folder);
	ret->planned_count = plan_trial_count(&ret->plan);
	ret->trials = calloc(ret->planned_count + 1, sizeof *ret->trials);
	if (ret->trials == NULL)
		return fail(e, FAULT_LATER, "load %zu trials: no memory", ret->planned_count);
	for (unsigned i = 0; i < ret->planned_count; i++) {
		if (!trial_load(ret, folder, plan_trial_at(&ret->plan, i), e))
			return false;
	}
	return true;
}

void summary_done(struct summary *s)
{
	for (size_t i = 0; i < s->trial_count; i++) {
		record_done(&s->trials[i].record);
		sample_file_done(&s->trials[i].samples);
	}
	for (unsigned i = 0; i < COUNT(s->cells); i++) {
		for (unsigned k = 0; k < COUNT(s->cells[i].sizes); k++)
			free(s->cells[i].sizes[k].sorted);
	}
	factors_done(&s->factors);
	free(s->trials);
	free(s->pairs);
	s->trials = NULL;
	s->pairs = NULL;
	s->trial_count = s->pair_count = 0;
	plan_done(&s->plan);
}
