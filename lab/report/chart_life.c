/* SPDX-License-Identifier: MIT */
/* Charts of a life cycle, from its section: starts, what a start waits for, and operations as lines in time. */
#include "lab/report/chart_life.h"

#include "lab/report/chart_parts.h"
#include "lab/report/words.h"
#include "lab/stats/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	LIFE_GROUPS_MAX = 16,
	LIFE_ROWS_MAX = 60, /* of operations; more are left out of the picture, not of the table */
	LIFE_HEAD_PIXELS = 100,
	LIFE_ROW_PIXELS = 22,
};

/* What lab/lifecycle calls the parts of a start, each from the beginning. */
static const char *const start_names[] = { "power-on to the first 220", "power-on to the first 250",
	"power-on to the first mail fetched whole" };
static const char *const start_words[] = { "first 220", "first 250", "first mail fetched" };

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* The values of a reading of a group, in seconds; returns how many. `ret` has room for all of them. */
static size_t seconds_take(
	const json_t *section, const char *group, const char *name, double *ret, size_t room)
{
	const json_t *readings = json_object_get(section, "readings");
	size_t count = 0;

	for (size_t i = 0; i < json_array_size(readings); i++) {
		const json_t *one = json_array_get(readings, i), *values;

		if (strcmp(text_of(one, "group"), group) != 0 ||
			strcmp(text_of(one, "name"), name) != 0)
			continue;
		values = json_object_get(one, "values");
		for (size_t k = 0; k < json_array_size(values) && count < room; k++) {
			if (json_is_number(json_array_get(values, k)))
				ret[count++] = json_number_value(json_array_get(values, k)) / 1000;
		}
	}
	return count;
}

/* The groups that have started, in the section's order. */
static unsigned groups_take(const json_t *section, const char **ret)
{
	const json_t *readings = json_object_get(section, "readings");
	unsigned count = 0;

	for (size_t i = 0; i < json_array_size(readings) && count < LIFE_GROUPS_MAX; i++) {
		const json_t *one = json_array_get(readings, i);

		if (strcmp(text_of(one, "name"), start_names[0]) == 0 &&
			json_array_size(json_object_get(one, "values")) > 0)
			ret[count++] = text_of(one, "group");
	}
	return count;
}

static void starts_draw(struct figures *f, const json_t *section, const char *const *groups,
	unsigned group_count, double *room, size_t room_count)
{
	struct page script = { .is_broken = false };

	chart_lines_frame(&script);
	for (unsigned g = 0; g < group_count; g++) {
		size_t count = seconds_take(section, groups[g], start_names[0], room, room_count);

		stats_sort(room, count);
		put(&script, "$d%u << EOD\n", g);
		for (size_t i = 0; i < count; i++)
			put(&script, "%.6g %.5g\n%.6g %.5g\n", room[i],
				100.0 * (double)i / (double)count, room[i],
				100.0 * (double)(i + 1) / (double)count);
		put(&script, "%sEOD\n", count == 0 ? "NaN NaN\n" : "");
	}
	chart_log_axis(&script, 'x');
	put(&script,
		"set yrange [0:100]\nset format y '%%g %%%%'\nset xlabel 's' offset 0,0.6\nplot ");
	for (unsigned g = 0; g < group_count; g++) {
		put(&script, "%s$d%u using 1:2 with lines lw 2 lc rgb '%s' title \"",
			g > 0 ? ", \\\n " : "", g, chart_colour(g));
		chart_words(&script, words_label_title(groups[g]));
		put(&script, "\"");
	}
	put(&script, "\n");
	figure_draw(f, "life-starts", &script,
		"**Starts** share of power-ons that said 220 after no longer than this");
}

static void waits_draw(struct figures *f, const json_t *section, const char *const *groups,
	unsigned group_count, double *room, size_t room_count)
{
	struct page script = { .is_broken = false };
	char text[WORDS_NUMBER_BYTES];
	double top = 0;

	chart_stack_frame(&script, group_count);
	for (unsigned g = 0; g < group_count; g++) {
		double before = 0;

		put(&script, "%u \"", g + 1);
		chart_words(&script, words_label_title(groups[g]));
		put(&script, "\"");
		for (size_t k = 0; k < COUNT(start_names); k++) {
			size_t count =
				seconds_take(section, groups[g], start_names[k], room, room_count);
			double at = fmax(before, count > 0 ? stats_median(room, count) : before);

			put(&script, " %.6g %.6g", before, at);
			before = at;
		}
		put(&script, " \"%s s\"\n", words_ms(before, text));
		top = fmax(top, before);
	}
	put(&script, "EOD\nset xrange [0:%.6g]\nset format x '%%g s'\n", top > 0 ? 1.22 * top : 1);
	chart_stack_plot(&script, start_words, COUNT(start_words), true);
	figure_draw(f, "life-waits", &script,
		"**Redeployed** from power-on to the first mail fetched whole (medians)");
}

/* Lowest and highest time of all lines, in seconds. */
static void reach_of(const json_t *spans, double *ret_from, double *ret_to)
{
	*ret_from = 0;
	*ret_to = 0;
	for (size_t i = 0; i < json_array_size(spans) && i < LIFE_ROWS_MAX; i++) {
		const json_t *one = json_array_get(spans, i), *gaps = json_object_get(one, "gaps");

		*ret_to = fmax(*ret_to, json_number_value(json_object_get(one, "ms")) / 1000);
		for (size_t k = 0; k < json_array_size(gaps); k++) {
			const json_t *gap = json_array_get(gaps, k);

			*ret_from =
				fmin(*ret_from, json_number_value(json_array_get(gap, 0)) / 1000);
			*ret_to = fmax(*ret_to, json_number_value(json_array_get(gap, 1)) / 1000);
		}
	}
}

static void gaps_data(struct page *p, const json_t *spans)
{
	put(p, "$op << EOD\n");
	for (size_t i = 0; i < json_array_size(spans) && i < LIFE_ROWS_MAX; i++) {
		const json_t *one = json_array_get(spans, i);

		put(p, "%zu %.6g \"", i + 1, json_number_value(json_object_get(one, "ms")) / 1000);
		chart_words(p, text_of(one, "group"));
		put(p, ", ");
		chart_words(p, text_of(one, "name"));
		put(p, "\"\n");
	}
	put(p, "EOD\n$gap << EOD\n-9 0 0\n"); /* one outside: an empty block is an error */
	for (size_t i = 0; i < json_array_size(spans) && i < LIFE_ROWS_MAX; i++) {
		const json_t *gaps = json_object_get(json_array_get(spans, i), "gaps");

		for (size_t k = 0; k < json_array_size(gaps); k++)
			put(p, "%zu %.6g %.6g\n", i + 1,
				json_number_value(json_array_get(json_array_get(gaps, k), 0)) /
					1000,
				json_number_value(json_array_get(json_array_get(gaps, k), 1)) /
					1000);
	}
	put(p, "EOD\n");
}

static void gaps_draw(struct figures *f, const json_t *spans)
{
	size_t rows =
		json_array_size(spans) < LIFE_ROWS_MAX ? json_array_size(spans) : LIFE_ROWS_MAX;
	struct page script = { .is_broken = false };
	double from = 0, to = 0;

	reach_of(spans, &from, &to);
	if (!(to > 0))
		return;
	chart_begin(&script, LIFE_HEAD_PIXELS + LIFE_ROW_PIXELS * (unsigned)rows);
	gaps_data(&script, spans);
	put(&script,
		"set tmargin -1\nset key outside top center horizontal textcolor rgb '%s' samplen "
		"1 "
		"width 1\nset xtics textcolor rgb '%s'\nset ytics textcolor rgb '%s' font ',12'\n"
		"set grid xtics lc rgb '%s'\nset lmargin 23\nset rmargin 3\n"
		"set xrange [%.6g:%.6g]\nset yrange [%.1f:0.4]\nset format x '%%g s'\n"
		"plot $op using 2:1:(0):2:($1-0.34):($1+0.34):ytic(3) with boxxyerror lc rgb "
		"'#c6dbef' "
		"title 'the operation', \\\n"
		" $gap using 2:1:2:3:($1-0.16):($1+0.16) with boxxyerror lc rgb '#d55e00' title "
		"'nobody "
		"gets through'\n",
		chart_ink, chart_soft, chart_ink, chart_grid, from - 0.02 * to, 1.03 * to,
		(double)rows + 0.6);
	figure_draw(f, "life-gaps", &script,
		"**Who knocks meanwhile** each operation from its command on, and the times when "
		"nobody got "
		"a connection");
}

void charts_life_draw(struct figures *f, const json_t *sections)
{
	enum { VALUES_MAX = 10000 };
	auto_free double *room = calloc(VALUES_MAX, sizeof *room);

	for (size_t i = 0; i < json_array_size(sections) && room != NULL; i++) {
		const json_t *section = json_array_get(sections, i);
		const char *groups[LIFE_GROUPS_MAX];
		unsigned count = groups_take(section, groups);

		if (count > 0 && figure_find(f, "life-starts") == NULL) {
			starts_draw(f, section, groups, count, room, VALUES_MAX);
			waits_draw(f, section, groups, count, room, VALUES_MAX);
		}
		if (figure_find(f, "life-gaps") == NULL)
			gaps_draw(f, json_object_get(section, "spans"));
	}
}

bool charts_life_belong(const json_t *section)
{
	const char *groups[LIFE_GROUPS_MAX];

	return groups_take(section, groups) > 0 ||
	       json_array_size(json_object_get(section, "spans")) > 0;
}
