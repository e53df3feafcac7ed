/* SPDX-License-Identifier: MIT */
#include "lab/run/plan.h"

#include "base/clock.h"
#include "lab/files/file.h"
#include "lab/files/json_file.h"
#include "lab/run/order.h"
#include "lab/run/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert((int)ORDER_CELLS_MAX >= (int)EXPERIMENT_CELLS_MAX, "an order holds all cells");

static bool order_fill(struct plan *plan, struct error *e)
{
	plan->measured_count = 0;
	for (unsigned i = 0; i < plan->x.cell_count; i++) {
		if (plan->cells[i].is_available)
			plan->measured[plan->measured_count++] = i;
	}
	plan->order = calloc((size_t)plan->x.blocks * EXPERIMENT_CELLS_MAX, sizeof *plan->order);
	if (plan->order == NULL)
		return fail(e, FAULT_LATER, "plan %u blocks: no memory", plan->x.blocks);
	order_make(plan->x.blocks, plan->measured_count, plan->x.seed, plan->order);
	return true;
}

bool plan_make(struct plan *plan, uint64_t wall_ns, struct error *e)
{
	(void)snprintf(plan->tool, sizeof plan->tool, "%s", LAB_VERSION);
	(void)clock_text(wall_ns, plan->created);
	return experiment_hash(&plan->x, plan->hash, e) && order_fill(plan, e);
}

void plan_done(struct plan *plan)
{
	free(plan->order);
	plan->order = NULL;
}

static json_t *cells_json(const struct plan *plan)
{
	json_t *cells = json_array();

	for (unsigned i = 0; i < plan->x.cell_count; i++)
		(void)json_array_append_new(
			cells, json_pack("{s:s, s:b, s:s}", "label", plan->x.cells[i].label,
				       "is_available", (int)plan->cells[i].is_available, "reason",
				       plan->cells[i].reason));
	return cells;
}

/* For people: the order itself is made again from the seed. */
static json_t *order_json(const struct plan *plan)
{
	json_t *blocks = json_array();

	for (unsigned b = 0; b < plan->x.blocks; b++) {
		json_t *row = json_array();

		for (unsigned i = 0; i < plan->measured_count; i++) {
			unsigned cell = plan->measured[plan->order[b * plan->measured_count + i]];

			(void)json_array_append_new(row, json_string(plan->x.cells[cell].label));
		}
		(void)json_array_append_new(blocks, row);
	}
	return blocks;
}

bool plan_save(const struct plan *plan, const char *folder, struct error *e)
{
	char path[PATH_MAX];
	auto_buf text = { .max = EXPERIMENT_FILE_BYTES_MAX };

	if (!folder_make(folder, e) || !path_join(folder, "experiment.conf", path, e))
		return false;
	if (!experiment_print(&plan->x, &text))
		return fail(e, FAULT_LATER, "write '%s': no memory", path);
	if (!file_put(path, buf_slice(&text), e) || !path_join(folder, "plan.json", path, e))
		return false;
	return json_file_save(path,
		json_pack("{s:i, s:s, s:s, s:s, s:I, s:o, s:o}", "format", 1, "experiment_sha256",
			plan->hash, "created", plan->created, "tool", plan->tool, "seed",
			(json_int_t)plan->x.seed, "cells", cells_json(plan), "order",
			order_json(plan)),
		e);
}

static bool cells_load(const json_t *cells, struct plan *ret, struct error *e)
{
	if (!json_is_array(cells) || json_array_size(cells) != ret->x.cell_count)
		return fail(e, FAULT_NEVER, "read the plan: its cells are not the experiment's");
	for (unsigned i = 0; i < ret->x.cell_count; i++) {
		const json_t *cell = json_array_get(cells, i);

		ret->cells[i].is_available = json_is_true(json_object_get(cell, "is_available"));
		if (!json_text(cell, "reason", ret->cells[i].reason, sizeof ret->cells[i].reason))
			return fail(e, FAULT_NEVER, "read the plan: cell %u has no reason", i);
	}
	return true;
}

bool plan_load(const char *folder, struct plan *ret, struct error *e)
{
	char path[PATH_MAX], hash[EXPERIMENT_HASH_TEXT_BYTES + 1];

	*ret = (struct plan){ .order = NULL };
	if (!path_join(folder, "experiment.conf", path, e) || !experiment_read(path, &ret->x, e) ||
		!experiment_hash(&ret->x, hash, e) || !path_join(folder, "plan.json", path, e))
		return false;
	auto_json *document = json_file_load(path, e);
	if (document == NULL)
		return false;
	if (!json_text(document, "experiment_sha256", ret->hash, sizeof ret->hash) ||
		!json_text(document, "created", ret->created, sizeof ret->created) ||
		!json_text(document, "tool", ret->tool, sizeof ret->tool))
		return fail(e, FAULT_NEVER, "'%s' is not a plan", path);
	if (strcmp(hash, ret->hash) != 0)
		return fail(e, FAULT_NEVER,
			"'%s' belongs to another experiment than '%s/experiment.conf'", path,
			folder);
	return cells_load(json_object_get(document, "cells"), ret, e) && order_fill(ret, e);
}

unsigned plan_trial_count(const struct plan *plan)
{
	return plan->x.blocks * plan->measured_count;
}

struct plan_trial plan_trial_at(const struct plan *plan, unsigned index)
{
	return (struct plan_trial){ .block = index / plan->measured_count,
		.position = index % plan->measured_count,
		.cell = plan->measured[plan->order[index]] };
}

bool plan_trial_folder(const struct plan *plan, const char *folder, struct plan_trial trial,
	char ret[PATH_MAX], struct error *e)
{
	char name[LABEL_BYTES + 40];

	(void)snprintf(name, sizeof name, "blocks/%02u/%02u-%s", trial.block + 1,
		trial.position + 1, plan->x.cells[trial.cell].label);
	return path_join(folder, name, ret, e);
}
