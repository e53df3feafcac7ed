/* SPDX-License-Identifier: MIT */
#include "lab/report/chart.h"

#include "lab/report/gnuplot.h"
#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Okabe and Ito's colours, told apart by everybody; a platform keeps its colour. */
static const char *const colours[] = { "#0072b2", "#56b4e9", "#009e73", "#d55e00", "#cc79a7",
	"#e69f00", "#7f6a00", "#4d4d4d" };
static const char ink[] = "#2b2b2b", grid[] = "#dcdcdc";

static const char *colour_of(unsigned cell)
{
	return colours[cell % COUNT(colours)];
}

static bool is_drawn(const struct summary_cell *c)
{
	return c->is_measured && !c->cell->is_control;
}

static unsigned drawn_count(const struct summary *s)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		count += is_drawn(&s->cells[i]);
	return count;
}

/* gnuplot calls its markers gpPt0 in every picture; in one page they need names of their own. */
static void svg_put(struct page *page, struct slice svg)
{
	static const struct slice old = S_INIT("gp");
	const char *start = memmem(svg.at, svg.len, "<svg", 4);

	if (start == NULL) {
		put(page, "<p class=\"missing\">gnuplot drew nothing.</p>\n");
		return;
	}
	svg = slice_skip(svg, (size_t)(start - svg.at));
	page->charts++;
	for (size_t i = 0; i < svg.len; i++) {
		struct slice rest = slice_skip(svg, i);
		bool is_name =
			slice_starts(rest, old) && i > 0 &&
			(svg.at[i - 1] == '\'' || svg.at[i - 1] == '"' || svg.at[i - 1] == '#');
		bool is_group = slice_starts(rest, S("gnuplot_plot_")) && svg.at[i - 1] == '"';

		if (is_name || is_group)
			put(page, "f%u", page->charts);
		put_slice(page, slice_first(rest, 1));
	}
}

static void draw(struct page *page, struct page *script, const char *title)
{
	struct error e = { .fault = FAULT_NONE };
	auto_buf svg = { .max = GNUPLOT_SVG_BYTES_MAX };

	put(page, "<figure>\n<figcaption>%s</figcaption>\n", title);
	if (!script->is_broken && gnuplot_run(buf_slice(&script->text), &svg, &e))
		svg_put(page, buf_slice(&svg));
	else
		put(page, "<p class=\"missing\">No picture: %s.</p>\n", e.text);
	put(page, "</figure>\n");
	buf_done(&script->text);
}

/* Height of the axis: the highest dot or interval, and room for the label above. */
static double bars_top(const struct summary *s, unsigned size)
{
	double top = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct summary_size *z = &s->cells[i].sizes[size];

		if (is_drawn(&s->cells[i]) && isfinite(z->mean))
			top = fmax(top,
				fmax(z->mean, isfinite(z->mean_ci.high) ? z->mean_ci.high : 0));
	}
	for (size_t i = 0; i < s->trial_count; i++) {
		if (is_drawn(&s->cells[s->trials[i].cell]) && isfinite(s->trials[i].means[size]))
			top = fmax(top, s->trials[i].means[size]);
	}
	return top > 0 ? top : 1;
}

static void bars_data(struct page *p, const struct summary *s, unsigned size)
{
	unsigned at = 0;

	put(p, "$bars << EOD\n");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct summary_size *z = &s->cells[i].sizes[size];

		if (!is_drawn(&s->cells[i]))
			continue;
		at++;
		if (!isfinite(z->mean))
			continue;
		bool has_ci = isfinite(z->mean_ci.low) && isfinite(z->mean_ci.high);
		put(p, "%u %.6g %.6g %.6g 0x%s\n", at, z->mean, has_ci ? z->mean_ci.low : z->mean,
			has_ci ? z->mean_ci.high : z->mean, colour_of(i) + 1);
	}
	put(p, "EOD\n");
}

static void dots_data(struct page *p, const struct summary *s, unsigned size)
{
	unsigned at = 0;

	put(p, "$dots << EOD\n-9 0 0\n"); /* one point outside: an empty block is an error */
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!is_drawn(&s->cells[i]))
			continue;
		at++;
		for (size_t k = 0; k < s->trial_count; k++) {
			const struct summary_trial *t = &s->trials[k];
			/* Blocks lie side by side, in time. */
			double place =
				s->plan.x.blocks > 1
					? (double)t->record.block / (s->plan.x.blocks - 1) - 0.5
					: 0;

			if (t->cell == i && isfinite(t->means[size]))
				put(p, "%.4f %.6g 0x%s\n", at + 0.36 * place, t->means[size],
					colour_of(i) + 1);
		}
	}
	put(p, "EOD\n");
}

enum { BARS_WIDE_COUNT = 3, TITLE_BYTES = 80 }; /* more bars than that are too narrow for titles */

/* "User-mode Linux" in two lines, in gnuplot's spelling. */
static const char *title_wrap(const char *title, char room[TITLE_BYTES])
{
	const char *space = strrchr(title, ' ');

	if (space == NULL)
		return title;
	(void)snprintf(room, TITLE_BYTES, "%.*s\\n%s", (int)(space - title), title, space + 1);
	return room;
}

/* What stands below each bar: its value, where no dot can cover it, and the platform. */
typedef double bar_value_fn(const struct summary_cell *c, unsigned size);

static void frame(struct page *p, const struct summary *s, bar_value_fn *value, unsigned size,
	const char *unit)
{
	bool is_wide = drawn_count(s) <= BARS_WIDE_COUNT;
	char room[WORDS_NUMBER_BYTES], lines[TITLE_BYTES];
	unsigned at = 0;

	put(p,
		"set terminal svg size 460,330 dynamic enhanced font 'Helvetica,13' linewidth 1\n"
		"set encoding utf8\nunset key\nset border 1 lc rgb '%s'\nset tics nomirror scale "
		"0\n"
		"set xtics textcolor rgb '%s'\nset ytics textcolor rgb '#6b6b6b'\n"
		"set grid ytics lc rgb '%s' lw 1\nset style fill solid 1.0 noborder\n"
		"set boxwidth 0.56\nset xtics (",
		ink, ink, grid);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!is_drawn(&s->cells[i]))
			continue;
		at++;
		const char *title = words_title(s, i);

		put(p, "%s\"{/:Bold %s} %s\\n%s\" %u", at > 1 ? ", " : "",
			words_ms(value(&s->cells[i], size), room), unit,
			is_wide ? title : title_wrap(title, lines), at);
	}
	put(p, ")\nset xrange [0.4:%.1f]\nset bmargin %s\n", at + 0.6, is_wide ? "3.2" : "4.3");
}

static double mean_of(const struct summary_cell *c, unsigned size)
{
	return c->sizes[size].mean;
}

static double deploy_seconds_of(const struct summary_cell *c, unsigned size)
{
	(void)size;
	return c->deploy_ms / 1000;
}

void chart_bars(struct page *page, const struct summary *s, unsigned size)
{
	struct page script = { .is_broken = false };
	char title[160], room[WORDS_NUMBER_BYTES];
	double top = bars_top(s, size);

	if (drawn_count(s) == 0)
		return;
	frame(&script, s, mean_of, size, "ms");
	bars_data(&script, s, size);
	dots_data(&script, s, size);
	put(&script,
		"set yrange [0:%.6g]\nset format y '%%g'\nset lmargin 6\nset rmargin 1\nset "
		"tmargin 1\n"
		"plot $bars using 1:2:5 with boxes lc rgb variable fs transparent solid 0.32 "
		"noborder, \\\n"
		" $dots using 1:2:3 with points pt 7 ps 0.38 lc rgb variable, \\\n"
		" $bars using 1:3:(0):($4-$3) with vectors heads size graph 0.012,90 lw 1.6 lc rgb "
		"'%s'\n",
		top * 1.06, ink);
	(void)snprintf(title, sizeof title, "<b>%s</b> mean delivery time, ms",
		words_size(s->plan.x.sizes[size], room));
	draw(page, &script, title);
}

void chart_stages(struct page *page, const struct summary *s, unsigned size)
{
	/* Light to dark along the way of the mail. */
	static const char *const shades[STAGE_COUNT] = { "#c6dbef", "#9ecae1", "#6baed6", "#3182bd",
		"#08519c", "#fdae6b", "#e6550d" };
	struct page script = { .is_broken = false };
	char title[200], room[WORDS_NUMBER_BYTES];
	unsigned rows = drawn_count(s), at = 0;

	if (rows == 0)
		return;
	put(&script,
		"set terminal svg size 660,%u dynamic enhanced font 'Helvetica,13'\n"
		"set encoding utf8\nset border 1 lc rgb '%s'\nset tics nomirror scale 0\n"
		"set key outside top center horizontal textcolor rgb '%s' samplen 1 width 1\n"
		"set style fill solid 1.0 noborder\nset xtics textcolor rgb '#6b6b6b'\n"
		"set grid xtics lc rgb '%s'\nset lmargin 16\nset xrange [0:100]\n"
		"set format x '%%g %%%%'\nset yrange [%.1f:0.4] \n$s << EOD\n",
		100 + 40 * rows, ink, ink, grid, rows + 0.6);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const struct summary_size *z = &s->cells[i].sizes[size];
		double total = 0, sum = 0;

		if (!is_drawn(&s->cells[i]))
			continue;
		for (size_t k = 0; k < STAGE_COUNT; k++)
			total += z->stages[k];
		put(&script, "%u \"%s\"", ++at, words_title(s, i));
		for (size_t k = 0; k < STAGE_COUNT; k++) {
			put(&script, " %.5g", isfinite(total) ? 100 * sum / total : 0);
			sum += z->stages[k];
			put(&script, " %.5g", isfinite(total) ? 100 * sum / total : 0);
		}
		put(&script, "\n");
	}
	put(&script, "EOD\nplot ");
	for (size_t k = 0; k < STAGE_COUNT; k++)
		put(&script,
			"%s$s using %zu:1:%zu:%zu:($1-0.3):($1+0.3)%s with boxxyerror lc rgb '%s' "
			"title '%s'",
			k > 0 ? ", \\\n " : "", 4 + 2 * k, 3 + 2 * k, 4 + 2 * k,
			k == 0 ? ":ytic(2)" : "", shades[k], summary_stage_names[k]);
	put(&script, "\n");
	(void)snprintf(title, sizeof title,
		"<b>%s</b> share of the time from connect to checked mail",
		words_size(s->plan.x.sizes[size], room));
	draw(page, &script, title);
}

void chart_deploy(struct page *page, const struct summary *s)
{
	struct page script = { .is_broken = false };
	unsigned at = 0;
	double top = 0;

	for (size_t i = 0; i < s->trial_count; i++) {
		if (isfinite(s->trials[i].record.deploy_ms))
			top = fmax(top, s->trials[i].record.deploy_ms / 1000);
	}
	if (top <= 0 || drawn_count(s) == 0)
		return;
	frame(&script, s, deploy_seconds_of, 0, "s");
	put(&script, "$bars << EOD\n");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		double seconds = s->cells[i].deploy_ms / 1000;

		if (is_drawn(&s->cells[i]) && isfinite(seconds))
			put(&script, "%u %.6g 0x%s\n", at + 1, seconds, colour_of(i) + 1);
		at += is_drawn(&s->cells[i]);
	}
	put(&script, "EOD\n$dots << EOD\n-9 0 0\n");
	at = 0;
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		at += is_drawn(&s->cells[i]);
		for (size_t k = 0; k < s->trial_count && is_drawn(&s->cells[i]); k++) {
			const struct trial_record *r = &s->trials[k].record;
			double place = s->plan.x.blocks > 1
					       ? (double)r->block / (s->plan.x.blocks - 1) - 0.5
					       : 0;

			if (s->trials[k].cell == i && isfinite(r->deploy_ms))
				put(&script, "%.4f %.6g 0x%s\n", at + 0.36 * place,
					r->deploy_ms / 1000, colour_of(i) + 1);
		}
	}
	put(&script,
		"EOD\nset yrange [0:%.6g]\nset lmargin 6\nset rmargin 1\nset tmargin 1\n"
		"plot $bars using 1:2:3 with boxes lc rgb variable fs transparent solid 0.32 "
		"noborder, \\\n"
		" $dots using 1:2:3 with points pt 7 ps 0.38 lc rgb variable\n",
		top * 1.06);
	draw(page, &script, "<b>Deployment</b> start of the platform to the first 220, s (median)");
}
