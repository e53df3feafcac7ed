/* SPDX-License-Identifier: MIT */
#include "lab/report/factors.h"

#include "lab/report/summary.h"
#include "lab/report/words.h"
#include "lab/stats/quantreg.h"
#include "lab/stats/tests.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More cells x sizes than this make no table that anybody reads. */
enum { GROUPS_MAX = QUANTREG_TERMS_MAX, LEVELS_MAX = 64 };

const double factor_quantiles[FACTOR_QUANTILES] = { 0.5, 0.95, 0.99 };

/* A level of a factor: which groups have it. */
struct level {
	char name[FACTOR_NAME_BYTES];
	double column[GROUPS_MAX];
	bool is_platform;
};

/* The design while it is made. */
struct design {
	const struct summary *s;
	struct {
		unsigned cell, size;
	} groups[GROUPS_MAX];
	size_t group_count;
	struct level levels[LEVELS_MAX];
	size_t level_count;
	double columns[QUANTREG_TERMS_MAX][GROUPS_MAX];
	double basis[QUANTREG_TERMS_MAX]
		    [GROUPS_MAX]; /* the same, each at right angles to those before */
	struct factors *to;
};

static const struct experiment_cell *cell_of(const struct design *d, size_t group)
{
	return &d->s->plan.x.cells[d->groups[group].cell];
}

static bool groups_fill(struct design *d)
{
	for (unsigned i = 0; i < d->s->plan.x.cell_count; i++) {
		for (unsigned k = 0; k < d->s->plan.x.size_count; k++) {
			if (!summary_is_compared(&d->s->cells[i]) ||
				d->s->cells[i].sizes[k].mails == 0)
				continue;
			if (d->group_count == GROUPS_MAX)
				return false;
			d->groups[d->group_count].cell = i;
			d->groups[d->group_count++].size = k;
		}
	}
	return d->group_count > 1;
}

/* Two cells are the same platform when driver and server are: devices are factors of their own. */
static bool same_platform(const struct experiment_cell *a, const struct experiment_cell *b)
{
	struct experiment_cell x = *a, y = *b;

	x.hardware = y.hardware = (struct hardware){ { 0 } };
	x.cpu_count = y.cpu_count = x.memory_mib = y.memory_mib = 0;
	return experiment_is_same(&x, &y);
}

/* A platform that has cells with different devices is called by its driver. */
static const char *platform_name(const struct design *d, const struct experiment_cell *cell)
{
	for (size_t g = 0; g < d->group_count; g++) {
		if (cell_of(d, g) != cell && same_platform(cell_of(d, g), cell))
			return words_label_title(cell->platform);
	}
	return words_label_title(cell->label);
}

/* The level of a factor that a cell has; factor 0 .. HARDWARE_KEY_COUNT - 1 are devices, then processors, memory. */
enum { FACTOR_CPUS = HARDWARE_KEY_COUNT, FACTOR_MEMORY, FACTOR_COUNT };

static unsigned value_of(const struct design *d, size_t group, unsigned factor)
{
	const struct experiment_cell *c = cell_of(d, group);

	if (factor == FACTOR_CPUS)
		return experiment_cpus(&d->s->plan.x, c);
	if (factor == FACTOR_MEMORY)
		return experiment_memory_mib(&d->s->plan.x, c);
	return c->hardware.value[factor];
}

static void value_name(const struct design *d, size_t group, unsigned factor, struct level *l)
{
	unsigned value = value_of(d, group, factor);

	if (factor == FACTOR_CPUS)
		(void)snprintf(l->name, sizeof l->name, "%u processors", value);
	else if (factor == FACTOR_MEMORY)
		(void)snprintf(l->name, sizeof l->name, "%u MiB", value);
	else
		(void)snprintf(l->name, sizeof l->name, "%s %s", hardware_key_name(factor),
			hardware_value_name(&cell_of(d, group)->hardware, factor));
}

static bool has_level(const struct level *l, size_t groups)
{
	for (size_t g = 0; g < groups; g++) {
		if (l->column[g] > 0)
			return true;
	}
	return false;
}

/* Adds the level, or its name to the one with the same groups. */
static void level_add(struct design *d, const struct level *l)
{
	if (!has_level(l, d->group_count))
		return;
	for (size_t i = 0; i < d->level_count; i++) {
		struct level *other = &d->levels[i];
		size_t len = strlen(other->name);

		if (memcmp(other->column, l->column, sizeof l->column) != 0)
			continue;
		(void)snprintf(other->name + len, sizeof other->name - len, ", %.60s", l->name);
		return;
	}
	if (d->level_count < LEVELS_MAX)
		d->levels[d->level_count++] = *l;
}

static void platforms_add(struct design *d)
{
	for (size_t g = 1; g < d->group_count; g++) {
		struct level l = { .is_platform = true };
		bool is_known = same_platform(cell_of(d, g), cell_of(d, 0));

		for (size_t k = 0; k < g && !is_known; k++)
			is_known = same_platform(cell_of(d, g), cell_of(d, k));
		if (is_known)
			continue;
		for (size_t k = 0; k < d->group_count; k++)
			l.column[k] = same_platform(cell_of(d, g), cell_of(d, k));
		(void)snprintf(l.name, sizeof l.name, "%s", platform_name(d, cell_of(d, g)));
		level_add(d, &l);
	}
}

static void sizes_add(struct design *d)
{
	char room[WORDS_NUMBER_BYTES];

	for (unsigned size = 1; size < d->s->plan.x.size_count; size++) {
		struct level l = { .is_platform = false };

		for (size_t g = 0; g < d->group_count; g++)
			l.column[g] = d->groups[g].size == size;
		(void)snprintf(
			l.name, sizeof l.name, "%s", words_size(d->s->plan.x.sizes[size], room));
		level_add(d, &l);
	}
}

static void devices_add(struct design *d, unsigned factor)
{
	for (size_t g = 1; g < d->group_count; g++) {
		struct level l = { .is_platform = false };
		unsigned value = value_of(d, g, factor);
		bool is_known = value == value_of(d, 0, factor);

		for (size_t k = 0; k < g && !is_known; k++)
			is_known = value == value_of(d, k, factor);
		if (is_known)
			continue;
		for (size_t k = 0; k < d->group_count; k++)
			l.column[k] = value == value_of(d, k, factor);
		value_name(d, g, factor, &l);
		level_add(d, &l);
	}
}

/* What is left of a column when everything before it is taken out; false when that is nothing. */
static bool basis_add(struct design *d, const double *column, double *ret)
{
	double before = 0, left = 0;

	memcpy(ret, column, sizeof d->basis[0]);
	for (size_t t = 0; t < d->to->count; t++) {
		double shared = 0;

		for (size_t g = 0; g < d->group_count; g++)
			shared += ret[g] * d->basis[t][g];
		for (size_t g = 0; g < d->group_count; g++)
			ret[g] -= shared * d->basis[t][g];
	}
	for (size_t g = 0; g < d->group_count; g++) {
		before += column[g] * column[g];
		left += ret[g] * ret[g];
	}
	if (!(left > 1e-9 * before))
		return false;
	for (size_t g = 0; g < d->group_count; g++)
		ret[g] /= sqrt(left);
	return true;
}

static void term_add(struct design *d, const char *name, const double *column, bool is_both)
{
	struct factors *to = d->to;
	size_t len = strlen(to->omitted);

	if (to->count == QUANTREG_TERMS_MAX || !basis_add(d, column, d->basis[to->count])) {
		(void)snprintf(to->omitted + len, sizeof to->omitted - len, "%s%s",
			len > 0 ? "; " : "", name);
		return;
	}
	memcpy(d->columns[to->count], column, sizeof d->columns[0]);
	struct factor_term *term = &to->terms[to->count++];
	*term = (struct factor_term){ .is_both = is_both };
	(void)snprintf(term->name, sizeof term->name, "%s", name);
	for (size_t q = 0; q < FACTOR_QUANTILES; q++) {
		term->factor[q] = term->p[q] = term->p_bh[q] = (double)NAN;
		term->ci[q] = INTERVAL_NONE;
	}
}

static void terms_add(struct design *d)
{
	double column[GROUPS_MAX];
	char name[2 * FACTOR_NAME_BYTES + 8], room[WORDS_NUMBER_BYTES];

	for (size_t g = 0; g < GROUPS_MAX; g++)
		column[g] = g < d->group_count;
	(void)snprintf(name, sizeof name, "%s, %s, ms", words_title(d->s, d->groups[0].cell),
		words_size(d->s->plan.x.sizes[d->groups[0].size], room));
	term_add(d, name, column, false);
	for (size_t i = 0; i < d->level_count; i++)
		term_add(d, d->levels[i].name, d->levels[i].column, false);
	for (size_t a = 0; a < d->level_count; a++) {
		for (size_t b = 0; b < d->level_count && d->levels[a].is_platform; b++) {
			if (d->levels[b].is_platform)
				continue;
			bool is_somewhere = false;

			for (size_t g = 0; g < GROUPS_MAX; g++) {
				column[g] = d->levels[a].column[g] * d->levels[b].column[g];
				is_somewhere = is_somewhere || column[g] > 0;
			}
			(void)snprintf(
				name, sizeof name, "%s × %s", d->levels[a].name, d->levels[b].name);
			if (is_somewhere)
				term_add(d, name, column, true);
		}
	}
}

static size_t values_fill(const struct design *d, struct quantreg_value *ret)
{
	const struct summary *s = d->s;
	size_t count = 0;

	for (size_t g = 0; g < d->group_count; g++) {
		for (size_t i = 0; i < s->trial_count; i++) {
			const struct summary_trial *t = &s->trials[i];

			for (size_t k = 0; t->cell == d->groups[g].cell && t->record.is_measured &&
					   k < t->samples.count;
				k++) {
				const struct sample *m = &t->samples.samples[k];

				if (sample_is_counted(m, s->plan.x.sizes[d->groups[g].size]))
					ret[count++] =
						(struct quantreg_value){ log(sample_latency_ms(m)),
							(uint32_t)g, t->record.block };
			}
		}
	}
	quantreg_sort(ret, count);
	return count;
}

/* Every group must carry the quantile: one that does not would be guessed from the others. */
static bool is_carried(const struct design *d, double q)
{
	for (size_t g = 0; g < d->group_count; g++) {
		if (d->s->cells[d->groups[g].cell].sizes[d->groups[g].size].mails <
			stats_quantile_count_min(q))
			return false;
	}
	return true;
}

static bool quantile_fill(struct design *d, size_t at, const struct quantreg_data *data)
{
	auto_free struct quantreg_term *found = calloc(d->to->count, sizeof *found);

	if (found == NULL || !quantreg_bootstrap(data, factor_quantiles[at], QUANTREG_RESAMPLES,
				     d->s->plan.x.seed, found))
		return found != NULL;
	for (size_t t = 0; t < d->to->count; t++) {
		struct factor_term *term = &d->to->terms[t];

		term->factor[at] = exp(found[t].estimate);
		term->ci[at] = (struct interval){ exp(found[t].ci.low), exp(found[t].ci.high) };
		term->p[at] = found[t].p;
	}
	return true;
}

/* The table explores, it declares nothing: the share of false rows is kept at 5 %. */
static bool correct(struct factors *f)
{
	auto_free double *p = calloc(f->count * FACTOR_QUANTILES + 1, sizeof *p);
	size_t count = 0, at = 0;

	if (p == NULL)
		return false;
	for (size_t t = 1; t < f->count; t++) {
		for (size_t q = 0; q < FACTOR_QUANTILES; q++) {
			if (isfinite(f->terms[t].p[q]))
				p[count++] = f->terms[t].p[q];
		}
	}
	stats_benjamini_hochberg(p, count);
	for (size_t t = 1; t < f->count; t++) {
		for (size_t q = 0; q < FACTOR_QUANTILES; q++) {
			if (isfinite(f->terms[t].p[q]))
				f->terms[t].p_bh[q] = p[at++];
		}
	}
	return true;
}

static bool fit(struct design *d)
{
	size_t mails = 1;

	for (size_t i = 0; i < d->s->trial_count; i++)
		mails += d->s->trials[i].samples.count;
	auto_free struct quantreg_value *values = calloc(mails, sizeof *values);
	auto_free double *rows = calloc(d->group_count * d->to->count + 1, sizeof *rows);
	if (values == NULL || rows == NULL)
		return false;
	for (size_t g = 0; g < d->group_count; g++) {
		for (size_t t = 0; t < d->to->count; t++)
			rows[g * d->to->count + t] = d->columns[t][g];
	}
	const struct quantreg_data data = { rows, values, d->group_count, d->to->count,
		values_fill(d, values), d->s->plan.x.blocks };

	for (size_t q = 0; q < FACTOR_QUANTILES; q++) {
		if (is_carried(d, factor_quantiles[q]) && !quantile_fill(d, q, &data))
			return false;
	}
	return correct(d->to);
}

bool factors_fill(const struct summary *s, struct factors *ret, struct error *e)
{
	auto_free struct design *d = calloc(1, sizeof *d);

	*ret = (struct factors){ .terms = calloc(QUANTREG_TERMS_MAX, sizeof *ret->terms) };
	if (d == NULL || ret->terms == NULL)
		return fail(e, FAULT_LATER, "look at factors: no memory");
	d->s = s;
	d->to = ret;
	/* Steps of different rates have no common level. */
	if (s->plan.x.load.kind == LOAD_SWEEP || !groups_fill(d))
		return true;
	platforms_add(d);
	sizes_add(d);
	for (unsigned factor = 0; factor < FACTOR_COUNT; factor++)
		devices_add(d, factor);
	terms_add(d);
	return fit(d) || fail(e, FAULT_LATER, "look at factors: no memory");
}

void factors_done(struct factors *f)
{
	free(f->terms);
	*f = (struct factors){ .count = 0 };
}
