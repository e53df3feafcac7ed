/* SPDX-License-Identifier: MIT */
/* The first page: the question, the answer, one table, what was not measured, and what to be careful about. */
#include "lab/report/outputs.h"

#include "lab/report/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static const double steal_percent_warning = 2; /* as declared in docs/lab.md */
static const double spread_warning = 1.5;      /* of the canary, p95 to median */

static uint64_t exactly_once(const struct summary *s)
{
	uint64_t count = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct sample_file *f = &s->trials[i].samples;

		for (size_t k = 0; k < f->count; k++)
			count += f->samples[k].outcome == OUTCOME_DELIVERED &&
				 (f->samples[k].flags & SAMPLE_IS_DUPLICATED) == 0;
	}
	return count;
}

static void warnings(struct doc *d, const struct summary *s)
{
	unsigned unsteady = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		unsteady += s->cells[i].unsteady_trials;
	if (s->trial_count < s->planned_count)
		doc_say(d, "warn", "This run is not complete: %zu of %zu trials are here.",
			s->trial_count, s->planned_count);
	if (s->steal_max > steal_percent_warning || s->spin_spread > spread_warning)
		doc_say(d, "warn",
			"This machine was busy with other things: fixed work took up to %.1f times "
			"its "
			"median, and at most %.1f %% of a trial’s time went to other machines. "
			"Trust "
			"large differences, not small ones.",
			s->spin_spread, isfinite(s->steal_max) ? s->steal_max : 0);
	if (unsteady > 0)
		doc_say(d, "warn",
			"In %u of %zu trials the times had not settled after the warm-up. They are "
			"kept; "
			"see below.",
			unsteady, s->trial_count);
	if (s->has_flushes)
		doc_say(d, "warn",
			"The platforms are not equally durable; what was found stands beside each "
			"name. A "
			"platform that ignores flushes is fast because it risks mail.");
}

static void head(struct doc *d, const struct summary *s)
{
	auto_buf answer = { .max = 8192 };
	uint64_t sent = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		sent += s->cells[i].sent;
	if (words_answer(s, &answer))
		doc_say(d, "answer", "%.*s", S_FMT(buf_slice(&answer)));
	doc_say(d, "facts",
		"%zu deployments in %u blocks of random order · %" PRIu64 " mails, %" PRIu64
		" of them delivered exactly once with the right content · %s, sender and receiver "
		"on one clock",
		s->trial_count, s->plan.x.blocks, sent, exactly_once(s),
		s->has_load ? "sent when they were due, whatever the server did"
			    : "one at a time, each over a new connection");
	if (s->blocks_declared > s->plan.x.blocks)
		doc_say(d, "facts",
			"Stopped after %u of %u blocks by the rule that was declared: half the "
			"width of "
			"every ratio’s 95 %% interval is at most %.1f %%. No p value was looked "
			"at.",
			s->plan.x.blocks, s->blocks_declared,
			s->plan.x.rules.precision_permille / 10.0);
	warnings(d, s);
}

/* Median, interval and factor to the fastest, in one cell. */
static void front_cell(
	struct sheet *t, const struct summary *s, unsigned cell, unsigned size, unsigned best)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];
	struct comparison c;

	sheet_cell(t, "%s", words_ms(z->median, room));
	if (isfinite(z->median_ci.low))
		sheet_small(
			t, "%s", words_range(z->median_ci.low, z->median_ci.high, words_ms, range));
	if (cell != best && summary_compare(s, cell, best, size, &c) && isfinite(c.ratio))
		sheet_small(t, "× %s", words_ratio(c.ratio, room));
}

/* The same platform again: what looks like a difference and is none. */
static void front_noise(struct sheet *t, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];

	for (size_t i = 0; i < s->noise_count; i++) {
		const struct comparison *c = &s->noise[i].comparison;

		if (s->noise[i].size == 0) {
			sheet_row(t, "missing");
			sheet_cell(t, "%s again: the noise", words_title(s, s->noise[i].b));
		}
		sheet_cell(t, "× %s", words_ratio(c->ratio, room));
		if (isfinite(c->ratio_ci.low))
			sheet_small(t, "%s",
				words_range(c->ratio_ci.low, c->ratio_ci.high, words_ratio, range));
	}
}

static void front_missing(struct sheet *t, const struct summary *s)
{
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (s->cells[i].is_measured || s->plan.x.cells[i].is_control)
			continue;
		sheet_row(t, "missing");
		sheet_cell(t, "%s", words_title(s, i));
		sheet_rest(t, "not measured: %s", s->cells[i].reason);
	}
}

static void front_table(struct doc *d, const struct summary *s)
{
	unsigned ranking[EXPERIMENT_CELLS_MAX];
	unsigned count = words_ranking(s, 0, ranking);
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "front",
		"Median delivery time in milliseconds, 95 %% interval; × is the multiple of the "
		"fastest, paired by block.");
	t.is_large = true;
	sheet_head(&t, "Platform");
	for (unsigned k = 0; k < s->plan.x.size_count; k++)
		sheet_head(&t, "%s", words_size(s->plan.x.sizes[k], room));
	for (unsigned i = 0; i < count; i++) {
		const struct summary_cell *c = &s->cells[ranking[i]];

		sheet_row(&t, i == 0 ? "best" : "");
		sheet_cell(&t, "%s", words_title(s, ranking[i]));
		if (s->has_flushes)
			sheet_small(
				&t, "durability: %s", c->flush[0] != '\0' ? c->flush : "unknown");
		for (unsigned k = 0; k < s->plan.x.size_count; k++)
			front_cell(&t, s, ranking[i], k, ranking[0]);
	}
	front_noise(&t, s);
	front_missing(&t, s);
	doc_sheet(d, &t);
}

/* Who would be first if it were done again, and does anything differ at all? */
static void ranking_table(struct doc *d, const struct summary *s)
{
	unsigned ranking[EXPERIMENT_CELLS_MAX];
	unsigned count = words_ranking(s, 0, ranking);
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "ranking",
		"How often each would be the fastest (and one of the two fastest) if the blocks "
		"were "
		"drawn again, in %% of 10,000 draws.");
	sheet_head(&t, "Platform");
	for (unsigned k = 0; k < s->plan.x.size_count; k++)
		sheet_head(&t, "%s", words_size(s->plan.x.sizes[k], room));
	for (unsigned i = 0; i < count && count > 1 && s->plan.x.blocks > 1; i++) {
		sheet_row(&t, "");
		sheet_cell(&t, "%s", words_title(s, ranking[i]));
		for (unsigned k = 0; k < s->plan.x.size_count; k++) {
			const struct summary_size *z = &s->cells[ranking[i]].sizes[k];

			sheet_cell(&t, "%s", words_number(round(100 * z->best), room));
			sheet_small(&t, "%s", words_number(round(100 * z->second), room));
		}
	}
	doc_sheet(d, &t);
}

void part_front(struct doc *d, const struct summary *s)
{
	head(d, s);
	front_table(d, s);
	ranking_table(d, s);
}

void report_write(struct doc *d, const struct summary *s, const json_t *environment)
{
	char kicker[200];

	(void)snprintf(kicker, sizeof kicker, "Mailvisor lab · experiment %s · %.10s",
		s->plan.x.name, s->plan.created);
	doc_begin(d, s->plan.x.question, kicker);
	part_front(d, s);
	part_study(d, s);
	part_literal(d, s);
	part_claims(d, s);
	part_effects(d, s);
	part_compared(d, s);
	part_spread(d, s);
	part_sizes(d, s);
	part_factors(d, s);
	part_load(d, s);
	part_stages(d, s);
	part_costs(d, s);
	part_deployment(d, s);
	part_sections(d, json_object_get(environment, "sections"));
	part_trust(d, s);
	part_where(d, s, environment);
	part_again(d, s);
	doc_end(d);
}
