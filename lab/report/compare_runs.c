/* SPDX-License-Identifier: MIT */
#include "lab/report/compare_runs.h"

#include "lab/files/file.h"
#include "lab/files/json_file.h"
#include "lab/report/facts.h"
#include "lab/report/words.h"
#include "lab/stats/compare.h"
#include "lab/stats/tests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 2 * EXPERIMENT_CELLS_MAX * WORKLOAD_SIZES_MAX };

/* One of the two folders. */
struct side {
	const char *folder;
	json_t *summary;
	struct facts facts;
};

static void side_done(struct side *s)
{
	json_decref(s->summary);
	facts_done(&s->facts);
}
#define auto_side ON_EXIT(side_done) struct side

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

static bool side_load(struct side *s, const char *folder, struct error *e)
{
	char path[PATH_MAX];

	s->folder = folder;
	if (!path_join(folder, "summary.json", path, e))
		return false;
	s->summary = json_file_load(path, e);
	if (s->summary == NULL)
		return false;
	if (json_integer_value(json_object_get(s->summary, "format")) != 2)
		return fail(e, FAULT_NEVER,
			"'%s' is of another version of the lab; make it again with 'report'", path);
	return facts_load(&s->facts, folder, e);
}

/* A row of the comparison: a platform at a size, as it is or against the first platform. */
struct row {
	const char *label;
	unsigned size_bytes;
	double a, b; /* medians of both */
	struct comparison comparison;
};

static size_t size_index(const json_t *summary, json_int_t octets)
{
	const json_t *sizes = json_object_get(summary, "sizes");

	for (size_t i = 0; i < json_array_size(sizes); i++) {
		if (json_integer_value(json_object_get(json_array_get(sizes, i), "octets")) ==
			octets)
			return i;
	}
	return SIZE_MAX;
}

/* A trial's median at a size; NAN when there is none. */
static double trial_median(const json_t *trial, size_t size)
{
	const json_t *value = json_array_get(json_object_get(trial, "medians_ms"), size);

	return json_is_true(json_object_get(trial, "is_measured")) && json_is_number(value)
		       ? json_number_value(value)
		       : (double)NAN;
}

/* The median of a platform in the block of another trial. */
static double block_median(
	const json_t *trials, const char *label, const json_t *block, size_t size)
{
	for (size_t i = 0; i < json_array_size(trials); i++) {
		const json_t *t = json_array_get(trials, i);

		if (strcmp(text_of(t, "label"), label) == 0 &&
			json_equal(json_object_get(t, "block"), block) == 1)
			return trial_median(t, size);
	}
	return (double)NAN;
}

/* Medians of a platform's trials, divided by the base's in the same block when there is a base. */
static size_t medians_take(
	const struct side *s, const char *label, const char *base, json_int_t octets, double *ret)
{
	const json_t *trials = json_object_get(s->summary, "trials");
	size_t size = size_index(s->summary, octets), count = 0;

	for (size_t i = 0; i < json_array_size(trials) && size != SIZE_MAX; i++) {
		const json_t *t = json_array_get(trials, i);

		if (strcmp(text_of(t, "label"), label) != 0)
			continue;
		double value = trial_median(t, size);
		if (base != NULL)
			value /= block_median(trials, base, json_object_get(t, "block"), size);
		if (isfinite(value))
			ret[count++] = value;
	}
	return count;
}

static bool is_measured(const json_t *platform)
{
	return json_is_true(json_object_get(platform, "is_measured"));
}

/* The first platform of A that is measured in both: what ratios are taken to. */
static const char *base_find(const struct side *a, const struct side *b)
{
	const json_t *in_a = json_object_get(a->summary, "platforms");
	const json_t *in_b = json_object_get(b->summary, "platforms");

	for (size_t i = 0; i < json_array_size(in_a); i++) {
		const json_t *p = json_array_get(in_a, i);

		for (size_t k = 0; k < json_array_size(in_b) && is_measured(p); k++) {
			const json_t *q = json_array_get(in_b, k);

			if (is_measured(q) && strcmp(text_of(p, "label"), text_of(q, "label")) == 0)
				return text_of(p, "label");
		}
	}
	return NULL;
}

static bool row_make(const struct side *a, const struct side *b, const char *label,
	const char *base, json_int_t octets, struct row *ret)
{
	size_t trials_a = json_array_size(json_object_get(a->summary, "trials"));
	size_t trials_b = json_array_size(json_object_get(b->summary, "trials"));
	auto_free double *x = calloc(trials_a + trials_b + 2, sizeof *x);

	if (x == NULL)
		return false;
	size_t count_a = medians_take(a, label, base, octets, x);
	size_t count_b = medians_take(b, label, base, octets, x + trials_a);
	if (count_a == 0 || count_b == 0)
		return false;
	*ret = (struct row){ .label = label,
		.size_bytes = (unsigned)octets,
		.a = stats_median(x, count_a),
		.b = stats_median(x + trials_a, count_b) };
	compare_unpaired(x + trials_a, count_b, x, count_a, &ret->comparison);
	return true;
}

static size_t rows_make(
	const struct side *a, const struct side *b, const char *base, struct row *ret)
{
	const json_t *cells = json_object_get(a->summary, "platforms");
	const json_t *sizes = json_object_get(a->summary, "sizes");
	double p[ROWS_MAX];
	size_t count = 0;

	for (size_t k = 0; k < json_array_size(sizes); k++) {
		json_int_t octets =
			json_integer_value(json_object_get(json_array_get(sizes, k), "octets"));

		for (size_t i = 0; i < json_array_size(cells) && count < ROWS_MAX; i++) {
			const char *label = text_of(json_array_get(cells, i), "label");

			if ((base == NULL || strcmp(base, label) != 0) &&
				row_make(a, b, label, base, octets, &ret[count])) {
				p[count] = ret[count].comparison.p;
				count++;
			}
		}
	}
	stats_benjamini_hochberg(p, count);
	for (size_t i = 0; i < count; i++)
		ret[i].comparison.p_holm = p[i];
	return count;
}

static void column(FILE *to, int width, const char *text)
{
	int columns = 0;

	for (const char *at = text; *at != '\0'; at++)
		columns += ((unsigned char)*at & 0xc0) != 0x80;
	(void)fprintf(to, "%*s%s", width > columns ? width - columns : 0, "", text);
}

static void row_print(FILE *to, struct row *r, bool is_same, double sesoi, size_t family)
{
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];
	struct comparison *c = &r->comparison;

	compare_judge(c, sesoi, family);
	(void)fprintf(to, "  %-17s", words_label_title(r->label));
	column(to, 8, words_size(r->size_bytes, room));
	column(to, 9, words_ms(r->a, room));
	column(to, 9, words_ms(r->b, room));
	column(to, 8, words_ratio(c->ratio, room));
	column(to, 15, words_range(c->ratio_ci.low, c->ratio_ci.high, words_ratio, range));
	column(to, 9, words_p(c->p, room));
	column(to, 9, words_p(c->p_holm, room));
	(void)fprintf(to, "  %s\n",
		!is_same                       ? "–"
		: c->verdict == VERDICT_BETTER ? "B is better"
		: c->verdict == VERDICT_WORSE  ? "B is worse"
					       : verdict_name(c->verdict));
}

static void rows_print(
	FILE *to, const struct side *a, const struct side *b, const char *base, bool is_same)
{
	auto_free struct row *rows = calloc(ROWS_MAX, sizeof *rows);
	size_t count = rows == NULL ? 0 : rows_make(a, b, base, rows);
	double sesoi =
		(double)json_integer_value(json_object_get(a->summary, "sesoi_percent")) / 100;

	if (base == NULL)
		(void)fprintf(to, "\nMedian delivery time in milliseconds, B against A:\n");
	else
		(void)fprintf(to,
			"\nThe same as a multiple of %s in the same block, in which the speed of "
			"the "
			"machine cancels out:\n",
			words_label_title(base));
	if (count == 0) {
		(void)fprintf(to, "  no platform and size was measured in both\n");
		return;
	}
	(void)fprintf(to, "  %-17s%8s%9s%9s%8s%15s%9s%9s\n", "", "", "A", "B", "B/A", "95 % CI",
		"p", "BH");
	for (size_t i = 0; i < count; i++)
		row_print(to, &rows[i], is_same, sesoi, count);
}

static void side_print(FILE *to, char name, const struct side *s)
{
	(void)fprintf(to,
		"%c  %s\n   experiment %s of %.16s, sha256 %.12s, seed %lld, %lld blocks\n", name,
		s->folder, text_of(s->summary, "experiment"), text_of(s->summary, "created"),
		text_of(s->summary, "experiment_sha256"),
		(long long)json_integer_value(json_object_get(s->summary, "seed")),
		(long long)json_integer_value(json_object_get(s->summary, "blocks")));
}

bool compare_runs(const char *folder_a, const char *folder_b, FILE *to, struct error *e)
{
	auto_side a = { .summary = NULL }, b = { .summary = NULL };

	if (!side_load(&a, folder_a, e) || !side_load(&b, folder_b, e))
		return false;
	side_print(to, 'A', &a);
	side_print(to, 'B', &b);
	bool is_same = facts_compare(&a.facts, &b.facts, to);
	if (!is_same)
		(void)fprintf(to, "\nNot the same machine or not the same work: two series, not "
				  "one test. The "
				  "numbers below describe; they get no verdict.\n");
	rows_print(to, &a, &b, NULL, is_same);
	const char *base = base_find(&a, &b);
	if (base != NULL)
		rows_print(to, &a, &b, base, is_same);
	return true;
}
