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
	const struct reading *readings, size_t count, struct error *e)
{
	char place[PATH_MAX], path[PATH_MAX], name[80];
	json_t *rows = json_array();

	invariant(is_id(id) && count <= READINGS_COUNT_MAX);
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
	if (!path_join(folder, "sections", place, e) || !folder_make(place, e) ||
		!path_join(place, name, path, e)) {
		json_decref(document);
		return false;
	}
	return json_file_save(path, document, e);
}
