/* SPDX-License-Identifier: MIT */
#include "lab/report/outputs.h"

#include "lab/report/chart.h"
#include "lab/report/style.h"
#include "lab/report/words.h"

#include <math.h>
#include <string.h>

static const double steal_percent_warning = 2; /* as declared in docs/lab.md */
static const double spread_warning = 1.5;      /* of the canary, p95 to median */

static void put_ms(struct page *p, double ms)
{
	char room[WORDS_NUMBER_BYTES];

	put(p, "%s", words_ms(ms, room));
}

static void put_title(struct page *p, const struct summary *s, unsigned cell)
{
	put_text(p, slice_of(words_title(s, cell)));
}

static bool is_compared(const struct summary_cell *c)
{
	return c->is_measured && !c->cell->is_control;
}

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

static void head(struct page *p, const struct summary *s)
{
	auto_buf answer = { .max = 8192 };
	uint64_t sent = 0, delivered = exactly_once(s);

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		sent += s->cells[i].sent;
	put(p, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
	put_text(p, slice_of(s->plan.x.question));
	put(p,
		"</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<header>\n"
		"<p class=\"kicker\">Mailvisor lab &middot; experiment ",
		report_style);
	put_text(p, slice_of(s->plan.x.name));
	put(p, " &middot; %.10s</p>\n<h1>", s->plan.created);
	put_text(p, slice_of(s->plan.x.question));
	put(p, "</h1>\n<p class=\"answer\">");
	if (words_answer(s, &answer))
		put_text(p, buf_slice(&answer));
	put(p,
		"</p>\n<p class=\"facts\">%zu deployments in %u blocks of random order &middot; "
		"%llu mails, "
		"%llu of them delivered exactly once with the right content &middot; one at a "
		"time, each over "
		"a new connection, sender and receiver on one clock</p>\n",
		s->trial_count, s->plan.x.blocks, (unsigned long long)sent,
		(unsigned long long)delivered);
	if (s->trial_count < s->planned_count)
		put(p,
			"<p class=\"warn\">This run is not complete: %zu of %zu trials are "
			"here.</p>\n",
			s->trial_count, s->planned_count);
	if (s->steal_max > steal_percent_warning || s->spin_spread > spread_warning)
		put(p,
			"<p class=\"warn\">This machine was busy with other things: fixed work "
			"took up to %.1f "
			"times its median, and at most %.1f&nbsp;%% of a trial&rsquo;s time went "
			"to other "
			"machines. Trust large differences, not small ones.</p>\n",
			s->spin_spread, isfinite(s->steal_max) ? s->steal_max : 0);
	put(p, "</header>\n");
}

/* How many times as long as the fastest: the paired ratio, as in the sentences below. */
static double factor_of(const struct summary *s, unsigned cell, unsigned best, unsigned size)
{
	const struct summary_pair *pair = summary_pair_find(s, cell, best, size);

	if (pair != NULL)
		return pair->comparison.ratio;
	pair = summary_pair_find(s, best, cell, size);
	return pair != NULL ? 1 / pair->comparison.ratio : (double)NAN;
}

/* Median, interval and factor to the fastest, in one table cell. */
static void front_cell(
	struct page *p, const struct summary *s, unsigned cell, unsigned size, unsigned best)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	double factor = factor_of(s, cell, best, size);
	char room[WORDS_NUMBER_BYTES];

	put(p, "<td><b>");
	put_ms(p, z->median);
	put(p, "</b>");
	if (isfinite(z->median_ci.low)) {
		put(p, "<small>");
		put_ms(p, z->median_ci.low);
		put(p, "&thinsp;&ndash;&thinsp;");
		put_ms(p, z->median_ci.high);
		put(p, "</small>");
	}
	if (cell != best && isfinite(factor))
		put(p, "<small class=\"factor\">&times;&thinsp;%s</small>",
			words_ratio(factor, room));
	put(p, "</td>");
}

static void size_heads(struct page *p, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];

	for (unsigned k = 0; k < s->plan.x.size_count; k++)
		put(p, "<th scope=\"col\">%s</th>", words_size(s->plan.x.sizes[k], room));
}

/* The same platform again: what looks like a difference and is none. */
static void front_noise(struct page *p, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];

	for (size_t i = 0; i < s->noise_count; i++) {
		const struct comparison *c = &s->noise[i].comparison;

		if (i % s->plan.x.size_count == 0) {
			put(p, "%s<tr class=\"missing\"><th scope=\"row\">",
				i > 0 ? "</tr>\n" : "");
			put_title(p, s, s->noise[i].b);
			put(p, " again: the noise</th>");
		}
		put(p, "<td>&times;&thinsp;%s", words_ratio(c->ratio, room));
		if (isfinite(c->ratio_ci.low)) {
			put(p, "<small>%s&thinsp;&ndash;&thinsp;",
				words_ratio(c->ratio_ci.low, room));
			put(p, "%s</small>", words_ratio(c->ratio_ci.high, room));
		}
		put(p, "</td>");
	}
	put(p, "%s", s->noise_count > 0 ? "</tr>\n" : "");
}

static void front_table(struct page *p, const struct summary *s)
{
	unsigned ranking[EXPERIMENT_CELLS_MAX];
	unsigned count = words_ranking(s, 0, ranking);

	put(p, "<section>\n<div class=\"wide\"><table>\n<caption>Median delivery time in "
	       "milliseconds, 95&nbsp;%% "
	       "interval below; &times; is the multiple of the fastest, paired by "
	       "block.</caption>\n<thead><tr><th "
	       "scope=\"col\">Platform</th>");
	size_heads(p, s);
	put(p, "</tr></thead>\n<tbody>\n");
	for (unsigned i = 0; i < count; i++) {
		put(p, "<tr%s><th scope=\"row\">", i == 0 ? " class=\"best\"" : "");
		put_title(p, s, ranking[i]);
		put(p, "</th>");
		for (unsigned k = 0; k < s->plan.x.size_count; k++)
			front_cell(p, s, ranking[i], k, ranking[0]);
		put(p, "</tr>\n");
	}
	front_noise(p, s);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (s->cells[i].is_measured || s->cells[i].cell->is_control)
			continue;
		put(p, "<tr class=\"missing\"><th scope=\"row\">");
		put_title(p, s, i);
		put(p, "</th><td colspan=\"%u\">not measured: ", s->plan.x.size_count);
		put_text(p, slice_of(s->cells[i].reason));
		put(p, "</td></tr>\n");
	}
	put(p,
		"<tr class=\"missing\"><th scope=\"row\">VirtualBox</th><td colspan=\"%u\">not "
		"measured: "
		"no driver in this version</td></tr>\n<tr class=\"missing\"><th "
		"scope=\"row\">VMware</th>"
		"<td colspan=\"%u\">not measured: no driver in this version</td></tr>\n"
		"</tbody></table></div>\n</section>\n",
		s->plan.x.size_count, s->plan.x.size_count);
}

static void charts(struct page *p, const struct summary *s)
{
	put(p, "<section>\n<h2>The study&rsquo;s bar charts, redrawn</h2>\n<p>The study drew one "
	       "chart of "
	       "average times for each size (its figures 3, 4 and 5: 1, 3 and 10&nbsp;KB; "
	       "5&nbsp;KB stands in its "
	       "method). Here each bar is the mean of all trials with its 95&nbsp;%% interval, "
	       "each dot is one "
	       "trial &mdash; a fresh deployment &mdash; in order of time from left to right, and "
	       "every axis "
	       "begins at zero.</p>\n<div class=\"charts\">\n");
	for (unsigned k = 0; k < s->plan.x.size_count; k++)
		chart_bars(p, s, k);
	put(p, "</div>\n</section>\n");
}

static void means_row(struct page *p, const struct summary *s, unsigned cell, unsigned size)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	const double values[] = { z->mean, z->mean_ci.low, z->mean_ci.high, z->median,
		z->median_ci.low, z->median_ci.high, z->p90, z->p95, z->p99, z->max };

	put(p, "<tr%s><th scope=\"row\">",
		s->cells[cell].cell->is_control ? " class=\"missing\"" : "");
	put_title(p, s, cell);
	put(p, "</th><td>%zu</td><td>%zu</td>", z->trials, z->mails);
	for (size_t i = 0; i < COUNT(values); i++) {
		put(p, "<td>");
		put_ms(p, values[i]);
		put(p, "</td>");
	}
	put(p, "</tr>\n");
}

static void means(struct page *p, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];

	put(p, "<section>\n<h2>Means, medians and tails</h2>\n<p>In milliseconds. Mean and median "
	       "are over "
	       "trials, with intervals from resampling blocks and then mails; percentiles are over "
	       "all mails of "
	       "a row and stand there only when there are enough of them (p90 29, p95 59, p99 "
	       "299). A mail that "
	       "never came counts as infinitely slow.</p>\n<div class=\"wide\"><table "
	       "class=\"dense\">\n<thead><tr>"
	       "<th "
	       "scope=\"col\">Platform</th><th>trials</th><th>mails</th><th>mean</th><th>from</"
	       "th><th>to"
	       "</th><th>median</th><th>from</th><th>to</th><th>p90</th><th>p95</th><th>p99</"
	       "th><th>max</th>"
	       "</tr></thead>\n");
	for (unsigned k = 0; k < s->plan.x.size_count; k++) {
		put(p, "<tbody><tr class=\"group\"><th colspan=\"13\">%s</th></tr>\n",
			words_size(s->plan.x.sizes[k], room));
		for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
			if (s->cells[i].is_measured)
				means_row(p, s, i, k);
		}
		put(p, "</tbody>\n");
	}
	put(p, "</table></div>\n</section>\n");
}

static const char *verdict_class(enum verdict v)
{
	switch (v) {
	case VERDICT_BETTER:
	case VERDICT_WORSE:
		return "sure";
	case VERDICT_SMALL:
	case VERDICT_EQUIVALENT:
		return "same";
	case VERDICT_INCONCLUSIVE:
	case VERDICT_NOT_MEASURED:
	case VERDICT_COUNT:
		break;
	}
	return "open";
}

/* The verdict behind the last colon stands out, and p_Holm gets its index. */
static void put_sentence(struct page *p, struct slice text)
{
	size_t colon = slice_find_last(text, ':');
	struct slice first = slice_first(text, colon), last = slice_skip(text, colon + 1);
	const char *holm = memmem(first.at, first.len, "p_Holm", 6);

	if (holm != NULL) {
		put_text(p, (struct slice){ first.at, (size_t)(holm - first.at) });
		put(p, "<i>p</i><sub>Holm</sub>");
		first = slice_skip(first, (size_t)(holm - first.at) + 6);
	}
	put_text(p, first);
	if (last.len > 0)
		put(p, ": <b>%.*s</b>", S_FMT(slice_trim(last)));
}

static void sentences(struct page *p, const struct summary *s)
{
	put(p,
		"<section>\n<h2>How much better, and how sure</h2>\n<p>&ldquo;A in p&nbsp;%% less "
		"time than B&rdquo; is "
		"100&thinsp;(1&nbsp;&minus;&nbsp;A/B) of the trials&rsquo; medians, paired by "
		"block. The test is the "
		"exact sign-flip test, corrected by Holm over this family of %zu comparisons; with "
		"%u blocks its "
		"smallest p is %.2g before and %.2g after correction. Less than %u&nbsp;%% counts "
		"as small.</p>\n"
		"<ul class=\"sentences\">\n",
		s->pair_count, s->plan.x.blocks, 2 / exp2(s->plan.x.blocks),
		fmin(1, 2 / exp2(s->plan.x.blocks) * (double)s->pair_count),
		s->plan.x.sesoi_percent);
	for (size_t i = 0; i < s->pair_count; i++) {
		auto_buf text = { .max = 4096 };

		if (!words_pair(s, &s->pairs[i], &text))
			continue;
		put(p, "<li class=\"%s\">", verdict_class(s->pairs[i].comparison.verdict));
		put_sentence(p, buf_slice(&text));
		put(p, "</li>\n");
	}
	put(p, "</ul>\n");
	if (s->pair_count == 0)
		put(p, "<p>There is only one platform: nothing to compare.</p>\n");
	put(p, "</section>\n");
}

static void literal_row(struct page *p, const struct summary *s, unsigned cell, unsigned size)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	unsigned base = 0;

	while (base < s->plan.x.cell_count && !is_compared(&s->cells[base]))
		base++;
	put(p, "<tr><th scope=\"row\">");
	put_title(p, s, cell);
	put(p, "</th><td class=\"list\">");
	for (unsigned i = 0; i < z->literal_count; i++) {
		put(p, "%s", i > 0 ? "&ensp;" : "");
		put_ms(p, z->literal[i]);
	}
	put(p, "</td><td><b>");
	put_ms(p, z->literal_mean);
	put(p, "</b></td><td>");
	put_ms(p, z->mean);
	put(p, "</td><td>");
	if (cell != base && isfinite(z->literal_mean))
		put(p, "%+.0f&nbsp;%%",
			100 * (z->literal_mean / s->cells[base].sizes[size].literal_mean - 1));
	put(p, "</td></tr>\n");
}

static void literal(struct page *p, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];

	put(p,
		"<section>\n<h2>The study&rsquo;s way: %u mails and a mean</h2>\n<p>The first %u "
		"measured mails of "
		"each size from the first deployment, and their mean, exactly as the study "
		"compared platforms. "
		"<strong>Such numbers cannot reach significance by construction</strong>: with "
		"five against five the "
		"smallest possible two-sided p is 2/252 = 0.008, and nine comparisons need 0.0056; "
		"five mails of one "
		"deployment are also one observation, not five. They stand here to show how far "
		"they stray from the "
		"mean of all trials.</p>\n<div class=\"wide\"><table "
		"class=\"dense\">\n<thead><tr><th scope=\"col\">Platform"
		"</th><th class=\"list\">the mails, ms</th><th>their mean</th><th>mean of "
		"all</th><th>against the first"
		"</th></tr></thead>\n",
		s->plan.x.literal_count, s->plan.x.literal_count);
	for (unsigned k = 0; k < s->plan.x.size_count; k++) {
		put(p, "<tbody><tr class=\"group\"><th colspan=\"5\">%s</th></tr>\n",
			words_size(s->plan.x.sizes[k], room));
		for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
			if (is_compared(&s->cells[i]))
				literal_row(p, s, i, k);
		}
		put(p, "</tbody>\n");
	}
	put(p, "</table></div>\n</section>\n");
}

static void stages(struct page *p, const struct summary *s)
{
	put(p, "<section>\n<h2>Where the time goes</h2>\n<p>Mean share of each stage of a "
	       "mail&rsquo;s way: "
	       "<i>connect</i> until the 220, <i>hello</i> until EHLO is answered, <i>envelope</i> "
	       "MAIL and RCPT, "
	       "<i>data</i> until the last byte is sent, <i>accept</i> until the 250 (the mail is "
	       "on disk then), "
	       "<i>look</i> until a new POP3 session shows the mail, <i>fetch</i> until its hash "
	       "is checked.</p>\n");
	chart_stages(p, s, 0);
	if (s->plan.x.size_count > 1)
		chart_stages(p, s, s->plan.x.size_count - 1);
	put(p, "</section>\n<section>\n<h2>Deployment</h2>\n<p>The study praises redeployment "
	       "&ldquo;in minutes&rdquo; "
	       "without measuring it. This is the time from starting the platform to the "
	       "server&rsquo;s first 220; "
	       "the first mail after a start is cold and slower than the rest.</p>\n<div "
	       "class=\"charts\">\n");
	chart_deploy(p, s);
	put(p, "</div>\n<div class=\"wide\"><table class=\"dense\"><thead><tr><th "
	       "scope=\"col\">Platform</th><th>start to 220, ms"
	       "</th><th>first mail, ms</th><th>CPU a mail, ms</th><th>memory, "
	       "MiB</th></tr></thead><tbody>\n");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const double values[] = { s->cells[i].deploy_ms, s->cells[i].cold_ms,
			s->cells[i].cpu_ms, s->cells[i].memory_mib };

		if (!is_compared(&s->cells[i]))
			continue;
		put(p, "<tr><th scope=\"row\">");
		put_title(p, s, i);
		put(p, "</th>");
		for (size_t k = 0; k < COUNT(values); k++) {
			put(p, "<td>");
			put_ms(p, values[k]);
			put(p, "</td>");
		}
		put(p, "</tr>\n");
	}
	put(p, "</tbody></table></div>\n</section>\n");
}

void html_write(struct page *p, const struct summary *s, const json_t *environment)
{
	head(p, s);
	front_table(p, s);
	charts(p, s);
	sentences(p, s);
	means(p, s);
	literal(p, s);
	stages(p, s);
	html_appendix(p, s, environment);
	put(p, "</main>\n</body>\n</html>\n");
}
