/* SPDX-License-Identifier: MIT */
/* Tables of readings that other parts of the lab left in FOLDER/sections: see lab/files/readings.h. */
#include "lab/report/outputs.h"

#include "lab/files/json_file.h"
#include "lab/files/readings.h"
#include "lab/report/chart_life.h"
#include "lab/report/words.h"
#include "lab/stats/bootstrap.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTIONS_MAX = 64 };

static int is_section(const struct dirent *entry)
{
	struct slice name = slice_of(entry->d_name);

	return name.len > 5 && slice_same(slice_skip(name, name.len - 5), S(".json"));
}

json_t *sections_load(const char *folder)
{
	struct error ignored = { .fault = FAULT_NONE };
	json_t *sections = json_array();
	struct dirent **entries = NULL;
	char place[PATH_MAX], path[PATH_MAX];

	if (!path_join(folder, "sections", place, &ignored))
		return sections;
	int count = scandir(place, &entries, is_section, alphasort);
	for (int i = 0; i < count; i++) {
		struct error none = { .fault = FAULT_NONE };

		if (i < SECTIONS_MAX && path_join(place, entries[i]->d_name, path, &none)) {
			json_t *one = json_file_load(path, &none);

			/* A file that does not parse is shown as what is wrong with it. */
			(void)json_array_append_new(sections,
				one != NULL ? one : json_pack("{s:s}", "broken", none.text));
		}
		free(entries[i]);
	}
	free(entries);
	return sections;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* The values of one reading; null is a thing that never happened. Returns how many. */
static size_t values_take(const json_t *values, double *ret)
{
	size_t count = json_array_size(values);

	for (size_t i = 0; i < count; i++) {
		const json_t *one = json_array_get(values, i);

		ret[i] = json_is_number(one) ? json_number_value(one) : (double)INFINITY;
	}
	return count;
}

/* Median of single values with the interval of ranks; a reading has no trials inside trials. */
static void reading_row(struct sheet *t, const json_t *reading)
{
	const json_t *values = json_object_get(reading, "values");
	auto_free double *x = calloc(json_array_size(values) + 1, sizeof *x);
	size_t count = x == NULL ? 0 : values_take(values, x);
	struct interval ci = stats_median_order_interval(x, count);
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];

	sheet_row(t, count == 0 ? "missing" : "");
	sheet_cell(t, "%s", text_of(reading, "name"));
	sheet_cell(t, "%zu", count);
	sheet_cell(t, "%s", words_number(stats_median(x, count), room));
	sheet_cell(t, "%s", words_range(ci.low, ci.high, words_number, range));
	sheet_cell(t, "%s", words_number(stats_quantile(x, count, 0), room));
	sheet_cell(t, "%s", words_number(stats_quantile(x, count, 1), room));
	sheet_cell(t, "%s", text_of(reading, "unit"));
	sheet_cell(t, "%s", text_of(reading, "verdict"));
	sheet_cell(t, "%s", text_of(reading, "remark"));
}

/* The numbers of the lines in time. */
static void spans_table(struct doc *d, const json_t *section)
{
	const json_t *spans = json_object_get(section, "spans");
	char room[WORDS_NUMBER_BYTES];
	auto_sheet t = { .columns = 0 };

	sheet_begin(&t, "spans",
		"Each operation: how long it took, and when nobody who knocked got a connection, "
		"in "
		"milliseconds since its command; times shorter than 30 ms are the knocking "
		"itself.");
	sheet_heads(&t, "platform\toperation\ttook, ms\tnobody got through, ms");
	t.is_words = true;
	for (size_t i = 0; i < json_array_size(spans); i++) {
		const json_t *one = json_array_get(spans, i), *gaps = json_object_get(one, "gaps");
		auto_buf text = { .max = 4096 };
		bool is_good = true;

		for (size_t k = 0; k < json_array_size(gaps) && is_good; k++)
			is_good = buf_add_format(&text, "%s%.0f to %.0f", k > 0 ? "; " : "",
				json_number_value(json_array_get(json_array_get(gaps, k), 0)),
				json_number_value(json_array_get(json_array_get(gaps, k), 1)));
		sheet_row(&t, "");
		sheet_cell(&t, "%s", words_label_title(text_of(one, "group")));
		sheet_cell(&t, "%s", text_of(one, "name"));
		sheet_cell(&t, "%s", words_ms(json_number_value(json_object_get(one, "ms")), room));
		sheet_cell(&t, "%.*s", S_FMT(text.len > 0 ? buf_slice(&text) : S("never")));
	}
	doc_sheet(d, &t);
}

static void section_write(struct doc *d, const json_t *section)
{
	const json_t *readings = json_object_get(section, "readings");
	const char *group = "";
	auto_sheet t = { .columns = 0 };

	doc_section(d, text_of(section, "title"));
	if (text_of(section, "intro")[0] != '\0')
		doc_text(d, "%s", text_of(section, "intro"));
	if (charts_life_belong(section)) {
		doc_figures_begin(d);
		doc_figure(d, "life-starts");
		doc_figure(d, "life-waits");
		doc_figure(d, "life-gaps");
		doc_figures_end(d);
		spans_table(d, section);
	}
	sheet_begin(&t, "section",
		"Medians with 95 %% intervals of ranks (none below six values); “never” stands for "
		"what did "
		"not happen.");
	t.is_words = true;
	sheet_heads(&t, "what\tn\tmedian\t95 %\tleast\tmost\tunit\tverdict\tremark");
	for (size_t i = 0; i < json_array_size(readings) && i < READINGS_COUNT_MAX; i++) {
		const json_t *one = json_array_get(readings, i);

		if (strcmp(group, text_of(one, "group")) != 0) {
			group = text_of(one, "group");
			sheet_group(&t, "%s", words_label_title(group));
		}
		reading_row(&t, one);
	}
	doc_sheet(d, &t);
}

void part_sections(struct doc *d, const json_t *sections)
{
	for (size_t i = 0; i < json_array_size(sections); i++) {
		const json_t *one = json_array_get(sections, i);

		if (json_is_string(json_object_get(one, "broken")))
			doc_say(d, "warn", "A section could not be read: %s.",
				text_of(one, "broken"));
		else
			section_write(d, one);
	}
}

void sections_write(struct doc *d, const json_t *environment)
{
	const json_t *sections = json_object_get(environment, "sections");
	const char *title = text_of(json_array_get(sections, 0), "title");

	doc_begin(d, title[0] != '\0' ? title : "Readings", "Mailvisor lab");
	part_sections(d, sections);
	part_host(d, environment);
	doc_end(d);
}
