/* SPDX-License-Identifier: MIT */
#include "lab/report/facts.h"

#include "lab/files/file.h"
#include "lab/files/json_file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 6 };

static void fact_add(struct facts *f, const char *name, const char *value)
{
	if (f->count == FACTS_MAX)
		return;
	struct fact *one = &f->all[f->count++];
	(void)snprintf(one->name, sizeof one->name, "%s", name);
	(void)snprintf(one->value, sizeof one->value, "%s", value);
}

/* Members of objects become "a.b"; everything else is one value. */
static void flatten(struct facts *f, const char *name, const json_t *value, unsigned depth)
{
	const char *key;
	const json_t *member;

	if (json_is_object(value) && depth > 0) {
		json_t *walked = json_deep_copy(value);

		json_object_foreach(walked, key, member)
		{
			char longer[FACT_NAME_BYTES];

			(void)snprintf(longer, sizeof longer, "%s.%s", name, key);
			flatten(f, longer, member, depth - 1);
		}
		json_decref(walked);
		return;
	}
	if (json_is_string(value)) {
		fact_add(f, name, json_string_value(value));
		return;
	}
	auto_free char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	fact_add(f, name, text != NULL ? text : "");
}

static int is_json(const struct dirent *entry)
{
	struct slice name = slice_of(entry->d_name);

	return name.len > 5 && slice_same(slice_skip(name, name.len - 5), S(".json"));
}

/* env/host.json is "host", env/platform-tcg.json "platform-tcg". */
static void environment_take(struct facts *f, const char *folder)
{
	struct error ignored = { .fault = FAULT_NONE };
	struct dirent **entries = NULL;
	char place[PATH_MAX], path[PATH_MAX], name[FACT_NAME_BYTES];

	if (!path_join(folder, "env", place, &ignored))
		return;
	int count = scandir(place, &entries, is_json, alphasort);
	for (int i = 0; i < count; i++) {
		struct error none = { .fault = FAULT_NONE };
		auto_json *document = path_join(place, entries[i]->d_name, path, &none)
					      ? json_file_load(path, &none)
					      : NULL;
		int len = (int)strlen(entries[i]->d_name) - 5;

		(void)snprintf(name, sizeof name, "%.*s", len, entries[i]->d_name);
		if (document != NULL)
			flatten(f, name, document, DEPTH_MAX);
		free(entries[i]);
	}
	free(entries);
}

/* Its lines "key = value"; those inside a section are named after it. */
static bool experiment_take(struct facts *f, const char *folder, struct error *e)
{
	auto_buf text = { .max = 1 << 20 };
	char path[PATH_MAX], section[48] = "", name[FACT_NAME_BYTES], value[FACT_VALUE_BYTES];

	if (!path_join(folder, "experiment.conf", path, e) || !file_get(path, &text, e))
		return false;
	for (struct slice left = buf_slice(&text); left.len > 0;) {
		struct slice line = slice_first(left, slice_find(left, '\n'));
		size_t equals = slice_find(line, '='), brace = slice_find(line, '{');

		left = slice_skip(left, line.len + 1);
		line = slice_trim(line);
		if (slice_starts(line, S("#")))
			continue;
		if (equals >= line.len && brace < line.len)
			(void)snprintf(section, sizeof section, "%.*s",
				S_FMT(slice_first(slice_trim(slice_first(line, brace)), 40)));
		else if (slice_same(line, S("}")))
			section[0] = '\0';
		equals = slice_find(line, '=');
		if (equals >= line.len)
			continue;
		(void)snprintf(name, sizeof name, "experiment.%s%s%.*s", section,
			section[0] != '\0' ? "." : "",
			S_FMT(slice_first(slice_trim(slice_first(line, equals)), 40)));
		(void)snprintf(value, sizeof value, "%.*s",
			S_FMT(slice_first(
				slice_trim(slice_skip(line, equals + 1)), FACT_VALUE_BYTES - 1)));
		fact_add(f, name, value);
	}
	return true;
}

bool facts_load(struct facts *ret, const char *folder, struct error *e)
{
	ret->all = calloc(FACTS_MAX, sizeof *ret->all);
	ret->count = 0;
	if (ret->all == NULL)
		return fail(e, FAULT_LATER, "read facts: no memory");
	environment_take(ret, folder);
	return experiment_take(ret, folder, e);
}

void facts_done(struct facts *f)
{
	free(f->all);
	f->all = NULL;
	f->count = 0;
}

static const struct fact *fact_find(const struct facts *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->all[i].name, name) == 0)
			return &f->all[i];
	}
	return NULL;
}

/*
 * The machine and the work. Blocks, seed and claims may differ: they say how much and in which order, not what was
 * measured.
 */
static bool must_be_equal(const char *name)
{
	static const char *const names[] = { "host.processor", "host.processors", "host.microcode",
		"host.is_virtual", "host.memory", "host.kernel", "host.work_file_system",
		"experiment.sizes", "experiment.messages", "experiment.warmup", "experiment.cpus",
		"experiment.memory_mib", "experiment.disk_mib", "experiment.poll_us" };

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* Length of "experiment.claim C1" in "experiment.claim C1.text"; 0 for a name of only two parts. */
static size_t section_len(const char *name)
{
	const char *first = strchr(name, '.'), *last = strrchr(name, '.');

	if (first == NULL)
		return 0;
	/* A platform's own file is a section too. */
	return first != last                        ? (size_t)(last - name)
	       : strncmp(name, "platform-", 9) == 0 ? (size_t)(first - name)
						    : 0;
}

static const struct fact *section_find(const struct facts *f, const char *name, size_t len)
{
	for (size_t i = 0; i < f->count && len > 0; i++) {
		if (strncmp(f->all[i].name, name, len) == 0 && f->all[i].name[len] == '.')
			return &f->all[i];
	}
	return NULL;
}

/* One fact that is not the same; a section that the other side does not have at all is one line. */
static void difference_print(const struct facts *mine, const struct facts *other, const char *name,
	const struct fact *x, const struct fact *y, bool is_of_a, FILE *to)
{
	size_t len = section_len(name);
	const char *value = is_of_a ? x->value : y->value;

	if (len > 0 && section_find(other, name, len) == NULL) {
		if (section_find(mine, name, len)->value == value)
			(void)fprintf(to, "  %.*s\n    only in %c\n", (int)len, name,
				is_of_a ? 'A' : 'B');
		return;
	}
	(void)fprintf(to, "%s%s\n    A  %s\n    B  %s\n", must_be_equal(name) ? "! " : "  ", name,
		x != NULL ? x->value : "–", y != NULL ? y->value : "–");
}

/* Facts of one list that are not in the other or differ there. Returns how many. */
static size_t differences_print(
	const struct facts *a, const struct facts *b, bool is_environment, bool *is_same, FILE *to)
{
	size_t count = 0;

	for (size_t i = 0; i < a->count + b->count; i++) {
		bool is_of_a = i < a->count;
		const struct fact *x = is_of_a ? &a->all[i] : NULL;
		const struct fact *y = is_of_a ? fact_find(b, x->name) : &b->all[i - a->count];
		const char *name = is_of_a ? x->name : y->name;

		if ((strncmp(name, "experiment.", 11) != 0) != is_environment ||
			(!is_of_a && fact_find(a, name) != NULL) ||
			(x != NULL && y != NULL && strcmp(x->value, y->value) == 0))
			continue;
		difference_print(is_of_a ? a : b, is_of_a ? b : a, name, x, y, is_of_a, to);
		*is_same = *is_same && !must_be_equal(name);
		count++;
	}
	return count;
}

bool facts_compare(const struct facts *a, const struct facts *b, FILE *to)
{
	bool is_same = true;

	(void)fprintf(
		to, "\nWhat differs between the environments (! must be equal for a test):\n");
	if (differences_print(a, b, true, &is_same, to) == 0)
		(void)fprintf(to, "  nothing that was recorded\n");
	(void)fprintf(to, "\nWhat differs between the experiments:\n");
	if (differences_print(a, b, false, &is_same, to) == 0)
		(void)fprintf(to, "  nothing\n");
	return is_same;
}
