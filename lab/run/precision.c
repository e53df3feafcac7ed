/* SPDX-License-Identifier: MIT */
#include "lab/run/precision.h"

#include "base/clock.h"
#include "lab/files/json_file.h"
#include "lab/run/record.h"
#include "lab/samples/samples.h"
#include "lab/stats/compare.h"

#include <math.h>
#include <stdlib.h>

static const char stopped_name[] = "stopped.json";

/* Median of one size's measured mails, in ms; NAN without any. */
static double median_of(const struct sample_file *f, uint32_t size, double *room)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++) {
		const struct sample *m = &f->samples[i];

		if (m->size_bytes == size && (m->flags & SAMPLE_IS_WARMUP) == 0)
			room[count++] = m->outcome == OUTCOME_DELIVERED
						? (double)sample_latency_ns(m) / (double)NS_PER_MS
						: (double)INFINITY;
	}
	return stats_median(room, count);
}

/* medians[(cell * sizes + size) * blocks + block]; a trial without samples leaves NAN. */
static bool trial_take(const struct plan *plan, const char *folder, struct plan_trial at,
	unsigned blocks, double *medians, struct error *e)
{
	char place[PATH_MAX], path[PATH_MAX];
	struct sample_file file;

	if (!plan_trial_folder(plan, folder, at, place, e) ||
		!path_join(place, "samples.bin", path, e))
		return false;
	/* A trial that failed has none. */
	if (!file_is_there(path))
		return true;
	if (!samples_read(path, &file, e))
		return false;
	auto_free double *room = calloc(file.count + 1, sizeof *room);
	for (unsigned k = 0; k < plan->x.size_count && room != NULL; k++)
		medians[(at.cell * plan->x.size_count + k) * blocks + at.block] =
			median_of(&file, plan->x.sizes[k], room);
	sample_file_done(&file);
	return room != NULL || fail(e, FAULT_LATER, "look at the precision: no memory");
}

static bool is_precise(const double *a, const double *b, unsigned blocks, double limit)
{
	struct comparison c;

	compare_paired(a, b, blocks, 0, &c);
	double half = (log(c.ratio_ci.high) - log(c.ratio_ci.low)) / 2;

	return isfinite(half) && half <= limit;
}

static bool all_precise(const struct plan *plan, const double *medians, unsigned blocks)
{
	double limit = log(1 + plan->x.rules.precision_permille / 1000.0);
	unsigned sizes = plan->x.size_count;

	for (unsigned i = 0; i < plan->measured_count; i++) {
		for (unsigned k = 0; k < i; k++) {
			unsigned a = plan->measured[i], b = plan->measured[k];

			if (plan->x.cells[a].is_control || plan->x.cells[b].is_control)
				continue;
			for (unsigned size = 0; size < sizes; size++) {
				if (!is_precise(medians + (size_t)(a * sizes + size) * blocks,
					    medians + (size_t)(b * sizes + size) * blocks, blocks,
					    limit))
					return false;
			}
		}
	}
	return true;
}

bool precision_is_reached(
	const struct plan *plan, const char *folder, unsigned blocks, bool *ret, struct error *e)
{
	size_t count = (size_t)plan->x.cell_count * plan->x.size_count * blocks;
	auto_free double *medians = calloc(count + 1, sizeof *medians);

	*ret = false;
	if (plan->x.rules.precision_permille == 0 || blocks < PRECISION_BLOCKS_MIN)
		return true;
	if (medians == NULL)
		return fail(e, FAULT_LATER, "look at the precision: no memory");
	for (size_t i = 0; i < count; i++)
		medians[i] = (double)NAN;
	for (unsigned i = 0; i < blocks * plan->measured_count; i++) {
		if (!trial_take(plan, folder, plan_trial_at(plan, i), blocks, medians, e))
			return false;
	}
	*ret = all_precise(plan, medians, blocks);
	return true;
}

unsigned precision_blocks(const struct plan *plan, const char *folder)
{
	struct error ignored = { .fault = FAULT_NONE };
	char path[PATH_MAX];
	uint64_t blocks = 0;

	if (plan->x.rules.precision_permille == 0 ||
		!path_join(folder, stopped_name, path, &ignored) || !file_is_there(path))
		return plan->x.blocks;
	auto_json *document = json_file_load(path, &ignored);
	return json_count(document, "blocks", plan->x.blocks, &blocks) && blocks > 0
		       ? (unsigned)blocks
		       : plan->x.blocks;
}

bool precision_stop(const char *folder, unsigned blocks, struct error *e)
{
	char path[PATH_MAX];

	return path_join(folder, stopped_name, path, e) &&
	       json_file_save(path,
		       json_pack("{s:i, s:i, s:s}", "format", 1, "blocks", (int)blocks, "why",
			       "every ratio is as precise as was declared"),
		       e);
}
