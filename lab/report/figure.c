/* SPDX-License-Identifier: MIT */
#include "lab/report/figure.h"

#include "lab/files/file.h"
#include "lab/report/gnuplot.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void figure_draw(struct figures *f, const char *id, struct page *script, const char *title, ...)
{
	struct error e = { .fault = FAULT_NONE };
	va_list words;

	if (f->count == FIGURES_MAX) {
		buf_done(&script->text);
		return;
	}
	struct figure *one = &f->all[f->count++];
	*one = (struct figure){ .svg = { .max = GNUPLOT_SVG_BYTES_MAX } };
	(void)snprintf(one->id, sizeof one->id, "%s", id);
	va_start(words, title);
	(void)vsnprintf(one->title, sizeof one->title, title, words);
	va_end(words);
	if (script->is_broken)
		(void)snprintf(one->why, sizeof one->why, "no memory for its script");
	else if (!gnuplot_run(buf_slice(&script->text), &one->svg, &e))
		(void)snprintf(one->why, sizeof one->why, "%s", e.text);
	else if (memmem(one->svg.at, one->svg.len, "<svg", 4) == NULL)
		(void)snprintf(one->why, sizeof one->why, "gnuplot drew nothing");
	if (one->why[0] != '\0')
		buf_done(&one->svg);
	buf_done(&script->text);
}

const struct figure *figure_find(const struct figures *f, const char *id)
{
	for (unsigned i = 0; i < f->count; i++) {
		if (strcmp(f->all[i].id, id) == 0)
			return &f->all[i];
	}
	return NULL;
}

/* gnuplot calls its markers gpPt0 in every picture, and its groups gnuplot_plot_1. */
void figure_inline(const struct figures *f, const struct figure *one, struct page *to)
{
	struct slice svg = buf_slice(&one->svg);
	unsigned number = (unsigned)(one - f->all);
	const char *start = svg.len == 0 ? NULL : memmem(svg.at, svg.len, "<svg", 4);

	if (start == NULL)
		return;
	svg = slice_skip(svg, (size_t)(start - svg.at));
	for (size_t i = 0; i < svg.len; i++) {
		struct slice rest = slice_skip(svg, i);
		char before = i > 0 ? svg.at[i - 1] : ' ';
		bool is_name = slice_starts(rest, S("gp")) &&
			       (before == '\'' || before == '"' || before == '#');
		bool is_group = slice_starts(rest, S("gnuplot_plot_")) && before == '"';

		if (is_name || is_group)
			put(to, "f%u", number);
		put_slice(to, slice_first(rest, 1));
	}
}

bool figures_save(const struct figures *f, const char *folder, struct error *e)
{
	char place[PATH_MAX], path[PATH_MAX], name[FIGURE_ID_BYTES + 8];

	if (!path_join(folder, "figures", place, e) || !folder_make(place, e))
		return false;
	for (unsigned i = 0; i < f->count; i++) {
		(void)snprintf(name, sizeof name, "%s.svg", f->all[i].id);
		if (f->all[i].svg.len > 0 && (!path_join(place, name, path, e) ||
						     !file_put(path, buf_slice(&f->all[i].svg), e)))
			return false;
	}
	return true;
}

void figures_done(struct figures *f)
{
	for (unsigned i = 0; i < f->count; i++)
		buf_done(&f->all[i].svg);
	f->count = 0;
}
