/* SPDX-License-Identifier: MIT */
#include "lab/report/effects.h"

#include "lab/stats/tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_CPUS = HARDWARE_KEY_COUNT, KEY_MEMORY, KEY_SUBMIT, KEY_COUNT };

static unsigned level_of(const struct experiment *x, const struct experiment_cell *c, unsigned key)
{
	switch (key) {
	case KEY_CPUS:
		return experiment_cpus(x, c);
	case KEY_MEMORY:
		return experiment_memory_mib(x, c);
	case KEY_SUBMIT:
		return (unsigned)c->way.submit;
	default:
		return c->hardware.value[key];
	}
}

static void level_word(const struct experiment *x, const struct experiment_cell *c, unsigned key,
	char ret[EFFECT_WORD_BYTES])
{
	unsigned level = level_of(x, c, key);

	if (key == KEY_CPUS || key == KEY_MEMORY)
		(void)snprintf(ret, EFFECT_WORD_BYTES, "%u", level);
	else
		(void)snprintf(ret, EFFECT_WORD_BYTES, "%s",
			key == KEY_SUBMIT ? submit_kind_name(c->way.submit)
					  : hardware_value_name(&c->hardware, key));
}

static const char *key_name(unsigned key)
{
	static const char *const names[] = { "cpus", "memory_mib", "submit" };

	return key < HARDWARE_KEY_COUNT ? hardware_key_name(key) : names[key - KEY_CPUS];
}

/* Controls repeat a cell of the plan and take no part in it. */
static bool part_read(const struct experiment *x, unsigned key, struct effect_part *ret)
{
	const struct experiment_cell *low = NULL, *high = NULL;

	memset(ret, 0, sizeof *ret);
	for (unsigned i = 0; i < x->cell_count; i++) {
		const struct experiment_cell *c = &x->cells[i];

		if (c->is_control)
			continue;
		if (low == NULL)
			low = c;
		ret->is_high[i] = level_of(x, c, key) != level_of(x, low, key);
		if (!ret->is_high[i])
			continue;
		if (high != NULL && level_of(x, c, key) != level_of(x, high, key))
			return false;
		high = c;
	}
	if (high == NULL)
		return false;
	(void)snprintf(ret->name, sizeof ret->name, "%s", key_name(key));
	level_word(x, low, key, ret->low);
	level_word(x, high, key, ret->high);
	return true;
}

/* All four combinations of two parts (or, of a part with itself, both levels) equally often. */
static bool is_balanced(
	const struct experiment *x, const struct effect_part *a, const struct effect_part *b)
{
	unsigned counts[4] = { 0 };

	for (unsigned i = 0; i < x->cell_count; i++) {
		if (!x->cells[i].is_control)
			counts[2 * a->is_high[i] + b->is_high[i]]++;
	}
	return a == b ? counts[0] == counts[3]
		      : counts[0] == counts[1] && counts[1] == counts[2] && counts[2] == counts[3];
}

static bool is_one_platform(const struct experiment *x)
{
	for (unsigned i = 1; i < x->cell_count; i++) {
		if (strcmp(x->cells[i].platform, x->cells[0].platform) != 0 ||
			strcmp(x->cells[i].server, x->cells[0].server) != 0)
			return false;
	}
	return true;
}

void effects_find(const struct experiment *x, struct effects *ret)
{
	ret->count = 0;
	if (!is_one_platform(x))
		return;
	for (unsigned key = 0; key < KEY_COUNT && ret->count < EFFECT_PARTS_MAX; key++)
		ret->count += part_read(x, key, &ret->parts[ret->count]) ? 1 : 0;
	for (unsigned i = 0; i < ret->count; i++) {
		for (unsigned k = 0; k <= i; k++) {
			if (!is_balanced(x, &ret->parts[i], &ret->parts[k])) {
				ret->count = 0;
				return;
			}
		}
	}
	ret->count = ret->count < 2 ? 0 : ret->count;
}

/* Of one block and one level: the geometric mean of its cells' medians; NAN when one is missing. */
static double level_mean(const struct summary *s, const struct effect_part *part, bool is_high,
	unsigned block, unsigned size)
{
	double sum = 0;
	unsigned want = 0, have = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		want += !s->plan.x.cells[i].is_control && part->is_high[i] == is_high;
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];

		if (t->record.block != block || !t->record.is_measured ||
			s->plan.x.cells[t->cell].is_control || part->is_high[t->cell] != is_high ||
			!isfinite(t->medians[size]) || t->medians[size] <= 0)
			continue;
		sum += log(t->medians[size]);
		have++;
	}
	return have == want ? exp(sum / have) : (double)NAN;
}

static void part_compare(
	const struct summary *s, struct effect_part *part, unsigned size, double *high, double *low)
{
	size_t count = 0;

	for (unsigned block = 0; block < s->plan.x.blocks; block++) {
		high[count] = level_mean(s, part, true, block, size);
		low[count] = level_mean(s, part, false, block, size);
		count += !isnan(high[count]) && !isnan(low[count]);
	}
	compare_paired(high, low, count, s->plan.x.seed, &part->by_size[size]);
}

/* Holm's correction over all parts at all sizes, then the verdicts. */
static void judge(const struct summary *s, struct effects *all, double *p)
{
	unsigned sizes = s->plan.x.size_count;
	size_t family = (size_t)all->count * sizes;

	for (size_t i = 0; i < family; i++)
		p[i] = all->parts[i / sizes].by_size[i % sizes].p;
	stats_holm(p, family);
	for (size_t i = 0; i < family; i++) {
		struct comparison *c = &all->parts[i / sizes].by_size[i % sizes];

		c->p_holm = p[i];
		compare_judge(c, s->plan.x.sesoi_percent / 100.0, family);
	}
}

bool effects_make(const struct summary *s, struct effects *ret, struct error *e)
{
	effects_find(&s->plan.x, ret);
	size_t room = s->plan.x.blocks + (size_t)EFFECT_PARTS_MAX * WORKLOAD_SIZES_MAX;
	auto_free double *a = calloc(room, sizeof *a);
	auto_free double *b = calloc(room, sizeof *b);

	if (a == NULL || b == NULL)
		return fail(e, FAULT_LATER, "compare an experiment's parts: no memory");
	for (unsigned i = 0; i < ret->count; i++) {
		for (unsigned size = 0; size < s->plan.x.size_count; size++)
			part_compare(s, &ret->parts[i], size, a, b);
	}
	judge(s, ret, a);
	return true;
}

static bool less_text(const struct comparison *c, struct buf *to)
{
	double percent = 100 * fabs(1 - c->ratio), low = 100 * (1 - c->ratio_ci.high),
	       high = 100 * (1 - c->ratio_ci.low);
	bool is_more = c->ratio > 1;

	if (!isfinite(c->ratio))
		return buf_add(to, S("not known, because trials are missing"));
	if (!buf_add_format(to, "%.1f %% %s time", percent, is_more ? "more" : "less"))
		return false;
	return !isfinite(low) || !isfinite(high) ||
	       buf_add_format(to, " (95 %% CI %.1f..%.1f %%)", is_more ? -high : low,
		       is_more ? -low : high);
}

bool effect_text(const struct effect_part *part, unsigned size, struct buf *to)
{
	const struct comparison *c = &part->by_size[size];

	return buf_add_format(to, "%s = %s instead of %s: ", part->name, part->high, part->low) &&
	       less_text(c, to) &&
	       buf_add_format(to, ", %zu block%s, p_Holm %.3f: %s", c->blocks,
		       c->blocks == 1 ? "" : "s", c->p_holm, verdict_name(c->verdict));
}
