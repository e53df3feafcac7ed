/* SPDX-License-Identifier: MIT */
/* Charts with a row a platform: ratios with intervals, and stacked stages. */
#include "lab/report/chart_parts.h"

#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Light to dark along the way of the mail. */
static const char *const shades[] = { "#c6dbef", "#9ecae1", "#6baed6", "#3182bd", "#08519c",
	"#fdae6b", "#e6550d", "#a63603", "#c7e9c0", "#74c476", "#238b45", "#969696" };

enum { FOREST_ROW_PIXELS = 19, FOREST_HEAD_PIXELS = 60 };

/* Rows from the top: platforms with their sizes together, a gap between platforms. */
static unsigned forest_rows(
	struct page *p, const struct summary *s, unsigned base, double *low, double *high)
{
	unsigned row = 0;

	for (unsigned cell = 0; cell < s->plan.x.cell_count; cell++) {
		if (cell == base || !chart_is_drawn(s, cell))
			continue;
		for (unsigned size = 0; size < s->plan.x.size_count; size++) {
			struct comparison c;
			char room[WORDS_NUMBER_BYTES], ratio[WORDS_NUMBER_BYTES];

			if (!summary_compare(s, cell, base, size, &c) || !isfinite(c.ratio))
				continue;
			bool has_ci = isfinite(c.ratio_ci.low);
			double from = has_ci ? c.ratio_ci.low : c.ratio;
			double to = has_ci ? c.ratio_ci.high : c.ratio;
			row++;
			put(p, "%u %.6g %.6g %.6g 0x%s \"", row, c.ratio, from, to,
				c.is_noise ? "a8a8a8" : chart_colour(cell) + 1);
			chart_words(p, size == 0 ? words_title(s, cell) : "");
			put(p, "  %s\" \"%s\"\n", words_size(s->plan.x.sizes[size], room),
				words_ratio(c.ratio, ratio));
			*low = fmin(*low, from);
			*high = fmax(*high, to);
		}
	}
	return row;
}

void chart_forest(struct figures *f, const struct summary *s)
{
	struct page data = { .is_broken = false }, script = { .is_broken = false };
	double low = 1, high = 1, band = 1 + s->plan.x.sesoi_percent / 100.0;
	unsigned base = 0;

	if (!summary_base(s, &base))
		return;
	unsigned rows = forest_rows(&data, s, base, &low, &high);
	if (rows > 0) {
		chart_begin(&script, FOREST_HEAD_PIXELS + FOREST_ROW_PIXELS * rows);
		put(&script, "$rows << EOD\n");
		put_slice(&script, buf_slice(&data.text));
		put(&script,
			"EOD\nset logscale x\nset xrange [%.6g:%.6g]\nset yrange [%.1f:0.4]\n"
			"set lmargin 22\nset rmargin 3\nset bmargin 2\n"
			"set grid xtics lc rgb '%s'\nset format x '×%%g'\n"
			"set xtics (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)\n"
			"set object 1 rectangle from %.6g, graph 0 to %.6g, graph 1 fc rgb "
			"'#eef3f6' "
			"fs solid noborder behind\n"
			"set arrow from 1, graph 0 to 1, graph 1 nohead lc rgb '%s' lw 1.2 back\n"
			"plot $rows using 3:1:($4-$3):(0):5 with vectors nohead lw 2 lc rgb "
			"variable, \\\n"
			" $rows using 2:1:5:ytic(6) with points pt 7 ps 0.6 lc rgb variable, \\\n"
			" $rows using (%.6g):1:7 with labels left tc rgb '%s' font ',12'\n",
			low / 1.08, high * pow(high / low, 0.16) * 1.04, rows + 0.6, chart_grid,
			1 / band, band, chart_ink, high * pow(high / low, 0.02) * 1.005, chart_ink);
		figure_draw(f, "forest", &script,
			"**Ratio to %s** multiple of its median time, with 95 %% intervals; "
			"shaded: "
			"less than %u %%",
			words_noun(s, base), s->plan.x.sesoi_percent);
	}
	buf_done(&data.text);
}

/* One row of a stacked chart: parts that add up to 100. */
static void stack_row(
	struct page *p, unsigned row, const char *title, const double *parts, size_t count)
{
	double total = 0, sum = 0;

	for (size_t k = 0; k < count; k++)
		total += isfinite(parts[k]) ? parts[k] : 0;
	put(p, "%u \"", row);
	chart_words(p, title);
	put(p, "\"");
	for (size_t k = 0; k < count; k++) {
		put(p, " %.5g", total > 0 ? 100 * sum / total : 0);
		sum += isfinite(parts[k]) ? parts[k] : 0;
		put(p, " %.5g", total > 0 ? 100 * sum / total : 0);
	}
	put(p, "\n");
}

void chart_stack_frame(struct page *p, unsigned rows)
{
	chart_begin(p, 105 + 36 * rows);
	put(p,
		"set tmargin -1\nset key outside top center horizontal textcolor rgb '%s' samplen "
		"1 width 1\n"
		"set xtics textcolor rgb '%s'\nset ytics textcolor rgb '%s'\n"
		"set grid xtics lc rgb '%s'\nset lmargin 16\nset rmargin 3\nset xrange [0:100]\n"
		"set format x '%%g %%%%'\nset yrange [%.1f:0.4] \n$s << EOD\n",
		chart_ink, chart_soft, chart_ink, chart_grid, rows + 0.6);
}

void chart_stack_plot(struct page *p, const char *const *names, size_t count, bool has_words)
{
	put(p, "plot ");
	for (size_t k = 0; k < count; k++) {
		put(p,
			"%s$s using %zu:1:%zu:%zu:($1-0.3):($1+0.3)%s with boxxyerror lc rgb '%s' "
			"title \"",
			k > 0 ? ", \\\n " : "", 4 + 2 * k, 3 + 2 * k, 4 + 2 * k,
			k == 0 ? ":ytic(2)" : "", shades[k % COUNT(shades)]);
		chart_words(p, names[k]);
		put(p, "\"");
	}
	if (has_words)
		put(p,
			", \\\n $s using %zu:1:%zu with labels left offset 0.6,0 tc rgb '%s' font "
			"',12' notitle",
			2 + 2 * count, 3 + 2 * count, chart_ink);
	put(p, "\n");
}

static void stages_row(
	struct page *p, unsigned row, const struct summary *s, unsigned cell, unsigned size)
{
	double parts[STAGE_COUNT];
	unsigned count = 0;

	for (unsigned k = 0; k < STAGE_COUNT; k++) {
		if (summary_has_stage(s, k))
			parts[count++] = s->cells[cell].sizes[size].stages[k];
	}
	stack_row(p, row, words_title(s, cell), parts, count);
}

void chart_stages(struct figures *f, const struct summary *s, unsigned size)
{
	struct page script = { .is_broken = false };
	char id[FIGURE_ID_BYTES], room[WORDS_NUMBER_BYTES];
	const char *names[STAGE_COUNT];
	unsigned row = 0, count = 0;

	if (chart_drawn_count(s) == 0)
		return;
	chart_stack_frame(&script, chart_drawn_count(s));
	for (unsigned k = 0; k < STAGE_COUNT; k++) {
		if (summary_has_stage(s, k))
			names[count++] = summary_stage_names[k];
	}
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (chart_is_drawn(s, i))
			stages_row(&script, ++row, s, i, size);
	}
	put(&script, "EOD\n");
	chart_stack_plot(&script, names, count, false);
	(void)snprintf(id, sizeof id, "stages-%u", (unsigned)s->plan.x.sizes[size]);
	figure_draw(f, id, &script, "**%s** share of the time from connect to checked mail",
		words_size(s->plan.x.sizes[size], room));
}

/* Names of the server's stages, in the order in which platforms bring them. */
static unsigned server_names(const struct summary *s, const char **ret)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct cost_list *list = &s->cells[i].costs.stages;

		for (unsigned k = 0; chart_is_drawn(s, i) && k < list->count; k++) {
			bool is_known = false;

			for (unsigned j = 0; j < count; j++)
				is_known = is_known || strcmp(ret[j], list->items[k].name) == 0;
			if (!is_known && count < COST_COUNT_MAX)
				ret[count++] = list->items[k].name;
		}
	}
	return count;
}

void chart_server(struct figures *f, const struct summary *s)
{
	struct page script = { .is_broken = false };
	const char *names[COST_COUNT_MAX];
	unsigned count = server_names(s, names), rows = 0, row = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		rows += chart_is_drawn(s, i) && s->cells[i].costs.stages.count > 0;
	if (rows == 0)
		return;
	chart_stack_frame(&script, rows);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		double parts[COST_COUNT_MAX];

		if (!chart_is_drawn(s, i) || s->cells[i].costs.stages.count == 0)
			continue;
		for (unsigned k = 0; k < count; k++) {
			const struct cost_item *item =
				cost_find(&s->cells[i].costs.stages, names[k]);

			parts[k] = item == NULL ? 0 : item->value;
		}
		stack_row(&script, ++row, words_title(s, i), parts, count);
	}
	put(&script, "EOD\n");
	chart_stack_plot(&script, names, count, false);
	figure_draw(f, "server", &script,
		"**Inside the server** share of its stages, from its own timeline (medians)");
}
