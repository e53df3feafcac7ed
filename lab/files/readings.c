/* SPDX-License-Identifier: MIT */
#include "lab/files/readings.h"

#include "lab/files/file.h"
#include "lab/files/json_file.h"

#include <math.h>
#include <stdio.h>

/* JSON has no infinity: null stands for a thing that never happened. */
static json_t *values_json(const struct reading *r)
{
	json_t *values = json_array();

	for (size_t i = 0; i < r->count; i++)
		(void)json_array_append_new(
			values, isfinite(r->values[i]) ? json_real(r->values[i]) : json_null());
	return values;
}

static json_t *spans_json(struct reading_spans spans)
{
	json_t *list = json_array();

	for (size_t i = 0; i < spans.count; i++) {
		const struct reading_span *s = &spans.all[i];
		json_t *gaps = json_array();

		for (size_t k = 0; k < s->gap_count; k++)
			(void)json_array_append_new(
				gaps, json_pack("[f,f]", s->gaps[k][0], s->gaps[k][1]));
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:f, s:o}", "group", s->group, "name", s->name,
				      "ms", s->length_ms, "gaps", gaps));
	}
	return list;
}

static bool is_id(const char *id)
{
	struct slice s = slice_of(id);

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return s.len > 0 && s.len < 64;
}

bool readings_save(const char *folder, const char *id, const char *title, const char *intro,
	const struct reading *readings, size_t count, struct reading_spans spans, struct error *e)
{
	char place[PATH_MAX], path[PATH_MAX], name[80];
	json_t *rows = json_array();

	invariant(is_id(id) && count <= READINGS_COUNT_MAX && spans.count <= READINGS_SPANS_MAX);
	for (size_t i = 0; i < count; i++) {
		const struct reading *r = &readings[i];

		invariant(r->count <= READINGS_VALUES_MAX);
		(void)json_array_append_new(
			rows, json_pack("{s:s, s:s, s:s, s:o, s:s, s:s}", "group", r->group, "name",
				      r->name, "unit", r->unit, "values", values_json(r), "verdict",
				      r->verdict, "remark", r->remark));
	}
	(void)snprintf(name, sizeof name, "%s.json", id);
	json_t *document = json_pack("{s:i, s:s, s:s, s:o}", "format", 1, "title", title, "intro",
		intro, "readings", rows);

	if (spans.count > 0)
		(void)json_object_set_new(document, "spans", spans_json(spans));
	if (!path_join(folder, "sections", place, e) || !folder_make(place, e) ||
		!path_join(place, name, path, e)) {
		json_decref(document);
		return false;
	}
	return json_file_save(path, document, e);
}
