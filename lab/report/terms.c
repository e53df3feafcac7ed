/* SPDX-License-Identifier: MIT */
/* What each factor does to the middle and to the slow end: the terms of factors.h as a section and as a file. */
#include "lab/report/outputs.h"

#include "lab/report/words.h"

#include <math.h>
#include <string.h>

static void term_row(struct sheet *t, const struct factor_term *term, bool is_first)
{
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];

	sheet_row(t, "");
	sheet_cell(t, "%s", term->name);
	for (size_t q = 0; q < FACTOR_QUANTILES; q++) {
		sheet_cell(t, "%s%s", is_first || !isfinite(term->factor[q]) ? "" : "× ",
			words_ratio(term->factor[q], room));
		sheet_cell(t, "%s",
			words_range(term->ci[q].low, term->ci[q].high, words_ratio, range));
		sheet_cell(t, "%s", isfinite(term->p_bh[q]) ? words_p(term->p_bh[q], room) : "–");
	}
}

static void terms_table(struct doc *d, const struct factors *f)
{
	auto_sheet t = { .columns = 0 };
	bool is_both = false;

	sheet_begin(&t, "factors",
		"Quantile regression on the logarithm of every mail’s time; 95 %% intervals by "
		"drawing "
		"blocks again; p corrected by Benjamini and Hochberg over this table, which "
		"explores "
		"and declares nothing; – where the mails do not carry the percentile, or "
		"with "
		"fewer than six blocks.");
	sheet_heads(&t, "term\tmedian\t95 %\tp\tp95\t95 %\tp\tp99\t95 %\tp");
	for (size_t i = 0; i < f->count; i++) {
		if (f->terms[i].is_both && !is_both)
			sheet_group(&t, "More than both together");
		is_both = f->terms[i].is_both;
		term_row(&t, &f->terms[i], i == 0);
	}
	doc_sheet(d, &t);
}

void part_factors(struct doc *d, const struct summary *s)
{
	const struct factors *f = &s->factors;

	if (f->count < 2)
		return;
	doc_section(d, "What each factor does, in the middle and at the slow end");
	doc_text(d,
		"The first row is the time from which all others are counted (%s). Each further "
		"row is "
		"the multiple that its factor alone makes of it: of the median, of the time that "
		"95 of "
		"100 mails do not exceed, and of 99 of 100. A row “A × B” is what A and B make "
		"together "
		"beyond their two own multiples: × 1 means that neither changes what the other "
		"does.",
		f->terms[0].name);
	terms_table(d, f);
	if (f->omitted[0] != '\0')
		doc_text(d, "Not told apart from the others by the cells of this experiment: %s.",
			f->omitted);
}

void csv_factors(struct page *p, const struct summary *s)
{
	put(p, "term,quantile,factor,low,high,p,p_bh\r\n");
	for (size_t i = 0; i < s->factors.count; i++) {
		const struct factor_term *t = &s->factors.terms[i];

		for (size_t q = 0; q < FACTOR_QUANTILES; q++) {
			put_csv(p, t->name);
			put(p, ",%g", factor_quantiles[q]);
			put_real(p, t->factor[q]);
			put_real(p, t->ci[q].low);
			put_real(p, t->ci[q].high);
			put_real(p, t->p[q]);
			put_real(p, t->p_bh[q]);
			put(p, "\r\n");
		}
	}
}
