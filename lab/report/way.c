/* SPDX-License-Identifier: MIT */
/* Where a mail's time goes, what it costs the machine, and how long a platform takes to be there. */
#include "lab/report/outputs.h"

#include "lab/report/effects.h"
#include "lab/report/ready.h"
#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void client_table(struct doc *d, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "stages", "Mean of each stage, as the client sees it, in milliseconds.");
	sheet_head(&t, "Platform");
	for (unsigned k = 0; k < STAGE_COUNT; k++) {
		if (summary_has_stage(s, k))
			sheet_head(&t, "%s", summary_stage_names[k]);
	}
	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		sheet_group(&t, "%s", words_size(s->plan.x.sizes[size], room));
		for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
			if (!summary_is_compared(&s->cells[i]))
				continue;
			sheet_row(&t, "");
			sheet_cell(&t, "%s", words_title(s, i));
			for (unsigned k = 0; k < STAGE_COUNT; k++) {
				if (summary_has_stage(s, k))
					sheet_cell(&t, "%s",
						words_ms(s->cells[i].sizes[size].stages[k], room));
			}
		}
	}
	doc_sheet(d, &t);
}

/* Every name that any platform has, in the order in which they come. */
static unsigned names_of(const struct summary *s, size_t at, const char **ret)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct cost_list *list =
			(const void *)((const char *)&s->cells[i].costs + at);

		for (unsigned k = 0; summary_is_compared(&s->cells[i]) && k < list->count; k++) {
			bool is_known = false;

			for (unsigned j = 0; j < count; j++)
				is_known = is_known || strcmp(ret[j], list->items[k].name) == 0;
			if (!is_known && count < COST_COUNT_MAX)
				ret[count++] = list->items[k].name;
		}
	}
	return count;
}

/* A column a name, a row a platform; "–" where a platform has no number. */
static void list_rows(struct sheet *t, const struct summary *s, size_t at, const char *const *names,
	unsigned count)
{
	char room[WORDS_NUMBER_BYTES];

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct cost_list *list =
			(const void *)((const char *)&s->cells[i].costs + at);

		if (!summary_is_compared(&s->cells[i]) || list->count == 0)
			continue;
		sheet_row(t, "");
		sheet_cell(t, "%s", words_title(s, i));
		for (unsigned k = 0; k < count; k++) {
			const struct cost_item *item = cost_find(list, names[k]);

			sheet_cell(t, "%s", item == NULL ? "–" : words_number(item->value, room));
		}
	}
}

static void server_table(struct doc *d, const struct summary *s)
{
	const char *names[COST_COUNT_MAX];
	size_t at = offsetof(struct costs, stages);
	unsigned count = names_of(s, at, names);
	auto_sheet t = { .columns = 0 };

	if (count == 0)
		return;
	doc_text(d, "The server’s own timeline splits what the client sees as one wait. Its clock "
		    "is the "
		    "platform’s; only lengths are taken from it, never times of day.");
	doc_figures_begin(d);
	doc_figure(d, "server");
	doc_figures_end(d);
	sheet_begin(&t, "server",
		"Stages inside the server, from its own timeline: medians over trials of each "
		"trial’s "
		"median, in milliseconds.");
	sheet_head(&t, "Platform");
	for (unsigned k = 0; k < count; k++)
		sheet_head(&t, "%s", names[k]);
	list_rows(&t, s, at, names, count);
	doc_sheet(d, &t);
}

void part_stages(struct doc *d, const struct summary *s)
{
	char id[FIGURE_ID_BYTES];
	unsigned sizes = s->plan.x.size_count;

	doc_section(d, "Where the time goes");
	doc_text(d, "The stages of a mail’s way, one after the other: **connect** until the 220, "
		    "**hello** until EHLO "
		    "is answered, **envelope** MAIL and RCPT, **data** until the last byte is "
		    "sent, **accept** "
		    "until the 250 (the mail is on disk then), **look** until the receiver sees "
		    "the mail, "
		    "**fetch** until its hash is checked.");
	if (summary_has_stage(s, 1))
		doc_text(d, "Where clients came as users, **tls** is the handshake and **login** "
			    "the password’s "
			    "check; connect and hello stand without them.");
	doc_figures_begin(d);
	for (unsigned k = 0; k<sizes; k += sizes> 1 ? sizes - 1 : 1) {
		(void)snprintf(id, sizeof id, "stages-%u", (unsigned)s->plan.x.sizes[k]);
		doc_figure(d, id);
	}
	doc_figures_end(d);
	client_table(d, s);
	server_table(d, s);
}

void part_effects(struct doc *d, const struct summary *s)
{
	auto_free struct effects *all = calloc(1, sizeof *all);
	struct error ignored = { .fault = FAULT_NONE };
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];
	auto_sheet t = { .columns = 0 };

	if (all == NULL || !effects_make(s, all, &ignored) || all->count == 0)
		return;
	doc_section(d, "What each part does");
	doc_text(d, "The platforms are a plan: each part has two levels, and every pair of parts "
		    "all four combinations equally often. So each row compares half of all trials "
		    "with the other half, whatever else they are made of.");
	sheet_begin(&t, "effects",
		"Time with the second level as a multiple of that with the first; geometric means "
		"over all cells, block by block.");
	sheet_heads(&t, "Part\tfrom\tto\tratio\t95 %\tblocks\tp (Holm)\tverdict");
	t.is_words = true;
	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		sheet_group(&t, "%s", words_size(s->plan.x.sizes[size], room));
		for (unsigned i = 0; i < all->count; i++) {
			const struct effect_part *part = &all->parts[i];
			const struct comparison *c = &part->by_size[size];

			sheet_row(&t, "");
			sheet_cell(&t, "%s", part->name);
			sheet_cell(&t, "%s", part->low);
			sheet_cell(&t, "%s", part->high);
			sheet_cell(&t, "%s", words_ratio(c->ratio, room));
			sheet_cell(&t, "%s",
				words_range(c->ratio_ci.low, c->ratio_ci.high, words_ratio, range));
			sheet_cell(&t, "%zu", c->blocks);
			sheet_cell(&t, "%s", words_p(c->p_holm, room));
			sheet_cell(&t, "%s", verdict_name(c->verdict));
		}
	}
	doc_sheet(d, &t);
}

void part_costs(struct doc *d, const struct summary *s)
{
	const char *names[COST_COUNT_MAX];
	size_t at = offsetof(struct costs, mail);
	unsigned count = names_of(s, at, names);
	auto_sheet t = { .columns = 0 };

	if (count == 0)
		return;
	doc_section(d, "What a delivered mail costs the machine");
	sheet_begin(&t, "costs",
		"Divided by delivered mails; medians over trials. – stands where a platform cannot "
		"count it.");
	sheet_head(&t, "Platform");
	for (unsigned k = 0; k < count; k++)
		sheet_head(&t, "%s", names[k]);
	list_rows(&t, s, at, names, count);
	doc_sheet(d, &t);
}

/* The figure's numbers: when each stage was reached. */
static void ready_table(struct doc *d, const struct summary *s)
{
	struct ready r;
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	ready_names(s, &r);
	if (r.count == 0)
		return;
	sheet_begin(&t, "ready",
		"Seconds from the start until each stage was reached, medians over trials: banner "
		"is the "
		"first 220, ready the first login of every account; – where a platform has no such "
		"stage.");
	sheet_head(&t, "Platform");
	for (unsigned k = 0; k < r.count; k++)
		sheet_head(&t, "%s", r.names[k]);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!summary_is_compared(&s->cells[i]))
			continue;
		sheet_row(&t, "");
		sheet_cell(&t, "%s", words_title(s, i));
		for (unsigned k = 0; k < r.count; k++)
			sheet_cell(&t, "%s", words_ms(ready_seconds(s, i, r.names[k]), room));
	}
	doc_sheet(d, &t);
}

void part_deployment(struct doc *d, const struct summary *s)
{
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];
	auto_sheet t = { .columns = 0 };

	doc_section(d, "Deployment");
	doc_text(d, "The study praises redeployment “in minutes” without measuring it. This is the "
		    "time from starting "
		    "the platform to the server’s first 220; the first mail after a start is cold "
		    "and slower than "
		    "the rest.");
	doc_figures_begin(d);
	doc_figure(d, "deploy");
	doc_figure(d, "boots");
	doc_figure(d, "ready");
	doc_figures_end(d);
	sheet_begin(&t, "deployment",
		"From the start, in milliseconds, over trials: to the first 220 (the interval of "
		"the median is of "
		"ranks), and until every account could log in (ready); then the first mail’s own "
		"time.");
	sheet_heads(&t, "Platform\tto 220\t95 %\tleast\tmost\tready\tfirst mail");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct summary_cell *c = &s->cells[i];

		if (!summary_is_compared(c))
			continue;
		sheet_row(&t, "");
		sheet_cell(&t, "%s", words_title(s, i));
		sheet_cell(&t, "%s", words_ms(c->deploy_ms, room));
		sheet_cell(&t, "%s",
			words_range(c->deploy_ci.low, c->deploy_ci.high, words_ms, range));
		sheet_cell(&t, "%s", words_ms(c->deploy_least_ms, room));
		sheet_cell(&t, "%s", words_ms(c->deploy_most_ms, room));
		sheet_cell(&t, "%s", words_ms(c->ready_ms, room));
		sheet_cell(&t, "%s", words_ms(c->cold_ms, room));
	}
	doc_sheet(d, &t);
	ready_table(d, s);
}
