/* SPDX-License-Identifier: MIT */
#include "lab/report/outputs.h"

#include "lab/report/effects.h"
#include "lab/report/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	BAR_COLUMNS = 24,
	SENTENCES_MAX = 12, /* comparisons that fit a screen; the report has all */
};

/* printf's width counts bytes; "–" has three and takes one column. */
static void cell_print(FILE *to, int width, const char *text)
{
	int columns = 0;

	for (const char *at = text; *at != '\0'; at++)
		columns += ((unsigned char)*at & 0xc0) != 0x80;
	(void)fprintf(to, "%*s%s", width > columns ? width - columns : 0, "", text);
}

static void bar_print(FILE *to, double part)
{
	int eighths = isfinite(part) ? (int)lround(part * BAR_COLUMNS * 8) : 0;
	static const char *const tips[] = { "", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

	(void)fprintf(to, "  ");
	for (int i = 0; i < eighths / 8; i++)
		(void)fprintf(to, "█");
	(void)fprintf(to, "%s\n", eighths == 0 && part > 0 ? "▏" : tips[eighths % 8]);
}

static void row_print(FILE *to, const struct summary *s, unsigned cell, unsigned size, double top)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	char room[WORDS_NUMBER_BYTES], low[WORDS_NUMBER_BYTES], high[WORDS_NUMBER_BYTES];
	char interval[2 * WORDS_NUMBER_BYTES + 4];

	(void)fprintf(to, "  %-17s", words_title(s, cell));
	cell_print(to, 8, words_ms(z->mean, room));
	(void)snprintf(interval, sizeof interval, "%s..%s", words_ms(z->mean_ci.low, low),
		words_ms(z->mean_ci.high, high));
	cell_print(to, 16, interval);
	cell_print(to, 9, words_ms(z->median, room));
	cell_print(to, 9, words_ms(z->p95, room));
	cell_print(to, 9, words_ms(z->literal_mean, room));
	bar_print(to, z->mean / top);
}

static void size_print(FILE *to, const struct summary *s, unsigned size)
{
	double top = 0;
	char room[WORDS_NUMBER_BYTES];

	(void)fprintf(to, "\n%-19s%8s%16s%9s%9s%9s\n", words_size(s->plan.x.sizes[size], room),
		"mean", "95 % CI", "median", "p95", "study's");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (s->cells[i].is_measured && isfinite(s->cells[i].sizes[size].mean))
			top = fmax(top, s->cells[i].sizes[size].mean);
	}
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (s->cells[i].is_measured)
			row_print(to, s, i, size, top);
	}
}

static void sentence_print(FILE *to, const struct summary *s, const struct summary_pair *pair)
{
	auto_buf text = { .max = 4096 };

	if (words_pair(s, pair, &text))
		(void)fprintf(to, "  %.*s\n", S_FMT(buf_slice(&text)));
}

/* What says most first: proven ones, then those with what everything is compared with. */
static bool is_wanted(const struct summary *s, const struct summary_pair *pair, unsigned round)
{
	bool is_proven = pair->comparison.verdict != VERDICT_INCONCLUSIVE &&
			 pair->comparison.verdict != VERDICT_NOT_MEASURED;
	unsigned base = 0;
	bool is_base = summary_base(s, &base) && (pair->a == base || pair->b == base);

	return round == 0 ? is_proven : round == 1 ? !is_proven && is_base : !is_proven && !is_base;
}

static void sentences_print(FILE *to, const struct summary *s)
{
	size_t shown = 0;

	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < s->pair_count && shown < SENTENCES_MAX; i++) {
			if (!is_wanted(s, &s->pairs[i], round))
				continue;
			sentence_print(to, s, &s->pairs[i]);
			shown++;
		}
	}
	if (s->pair_count > shown)
		(void)fprintf(to, "  and %zu more comparisons: they are in the report.\n",
			s->pair_count - shown);
}

/* Cells that share a reason stand on one line, at the first of them. */
static void unmeasured_print(FILE *to, const struct summary *s, unsigned first)
{
	for (unsigned i = 0; i < first; i++) {
		if (!s->cells[i].is_measured &&
			strcmp(s->cells[i].reason, s->cells[first].reason) == 0)
			return;
	}
	(void)fprintf(to, "\nnot measured: ");
	for (unsigned i = first; i < s->plan.x.cell_count; i++) {
		if (!s->cells[i].is_measured &&
			strcmp(s->cells[i].reason, s->cells[first].reason) == 0)
			(void)fprintf(to, "%s%s", i > first ? ", " : "", words_title(s, i));
	}
	(void)fprintf(to, ": %s", s->cells[first].reason);
}

static void troubles_print(FILE *to, const struct summary *s)
{
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct summary_cell *c = &s->cells[i];

		if (!c->is_measured)
			unmeasured_print(to, s, i);
		else if (c->delivered != c->sent || c->duplicated + c->strange > 0)
			(void)fprintf(to,
				"\n%s: %llu of %llu mails delivered, %llu duplicated, %llu strange",
				words_title(s, i), (unsigned long long)c->delivered,
				(unsigned long long)c->sent, (unsigned long long)c->duplicated,
				(unsigned long long)c->strange);
	}
	(void)fprintf(to, "\n");
}

/* A row a rate: what was asked is in the last column. */
static void rates_print(FILE *to, const struct summary *s)
{
	char p50[WORDS_NUMBER_BYTES], p99[WORDS_NUMBER_BYTES];

	(void)fprintf(to, "\n%-19s%9s%10s%9s%9s%10s\n", "", "offered", "achieved", "median", "p99",
		"goal");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct costs *costs = &s->cells[i].costs;

		for (unsigned k = 0; s->cells[i].is_measured && k < costs->step_count; k++) {
			const struct cost_step *one = &costs->steps[k];

			(void)fprintf(to, "  %-17s%9.0f%10.1f", k == 0 ? words_title(s, i) : "",
				one->rate, one->achieved);
			cell_print(to, 9, words_ms(one->p50, p50));
			cell_print(to, 9, words_ms(one->p99, p99));
			(void)fprintf(to, "%10s\n", one->meets ? "met" : "not met");
		}
	}
}

static void effects_print(FILE *to, const struct summary *s, const struct effects *all)
{
	char room[WORDS_NUMBER_BYTES];

	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		(void)fprintf(to, "%s\n", words_size(s->plan.x.sizes[size], room));
		for (unsigned i = 0; i < all->count; i++) {
			auto_buf text = { .max = 1024 };

			if (effect_text(&all->parts[i], size, &text))
				(void)fprintf(to, "  %.*s\n", S_FMT(buf_slice(&text)));
		}
	}
}

static void compared_print(FILE *to, const struct summary *s)
{
	auto_free struct effects *all = calloc(1, sizeof *all);
	struct error ignored = { .fault = FAULT_NONE };

	(void)fprintf(to, "\n");
	if (all != NULL && effects_make(s, all, &ignored) && all->count > 0)
		effects_print(to, s, all);
	else
		sentences_print(to, s);
}

static void latency_print(FILE *to, const struct summary *s)
{
	(void)fprintf(to,
		"\nDelivery time in milliseconds, %s to checked mail; %zu of %zu trials.\n"
		"\"study's\" is the mean of the first %u mails, as the study did it.\n",
		load_is_plain(&s->plan.x.load) || s->plan.x.load.kind == LOAD_CLOSED
			? "connect"
			: "when it was due",
		s->trial_count, s->planned_count, s->plan.x.literal_count);
	for (unsigned size = 0; size < s->plan.x.size_count; size++)
		size_print(to, s, size);
	compared_print(to, s);
}

void table_print(FILE *to, const struct summary *s)
{
	auto_buf answer = { .max = 8192 };

	(void)fprintf(to, "\n%s\n", s->plan.x.question);
	if (words_answer(s, &answer))
		(void)fprintf(to, "%.*s\n", S_FMT(buf_slice(&answer)));
	if (s->plan.x.load.kind == LOAD_SWEEP)
		rates_print(to, s);
	else
		latency_print(to, s);
	troubles_print(to, s);
}
