/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/ledger.h"

#include "base/buf.h"
#include "lab/files/file.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_BYTES_MAX = 8 << 20 };

const struct ledger_row *ledger_find(const struct ledger *l, const char *group, const char *name)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->rows[i].group, group) == 0 && strcmp(l->rows[i].name, name) == 0)
			return &l->rows[i];
	}
	return NULL;
}

/* A row more than there is room for is our own bug: the program knows what it measures. */
static struct ledger_row *row_of(
	struct ledger *l, const char *group, const char *name, const char *unit)
{
	for (size_t i = 0; i < l->count; i++) {
		if (strcmp(l->rows[i].group, group) == 0 && strcmp(l->rows[i].name, name) == 0)
			return &l->rows[i];
	}
	invariant(l->count < LEDGER_ROWS_MAX);
	struct ledger_row *row = &l->rows[l->count++];

	(void)snprintf(row->group, sizeof row->group, "%s", group);
	(void)snprintf(row->name, sizeof row->name, "%s", name);
	(void)snprintf(row->unit, sizeof row->unit, "%s", unit);
	return row;
}

void ledger_add(
	struct ledger *l, const char *group, const char *name, const char *unit, double value)
{
	struct ledger_row *row = row_of(l, group, name, unit);

	if (row->values == NULL)
		row->values = calloc(LEDGER_VALUES_MAX, sizeof *row->values);
	if (row->values == NULL || row->count == LEDGER_VALUES_MAX)
		return;
	if (row->unit[0] == '\0')
		(void)snprintf(row->unit, sizeof row->unit, "%s", unit);
	row->values[row->count++] = value;
}

void ledger_remark(struct ledger *l, const char *group, const char *name, const char *format, ...)
{
	struct ledger_row *row = row_of(l, group, name, "");
	va_list words;

	va_start(words, format);
	(void)vsnprintf(row->remark, sizeof row->remark, format, words);
	va_end(words);
}

void ledger_verdict(struct ledger *l, const char *group, const char *name, const char *verdict)
{
	struct ledger_row *row = row_of(l, group, name, "");

	(void)snprintf(row->verdict, sizeof row->verdict, "%s", verdict);
}

void ledger_span(struct ledger *l, const struct reading_span *span)
{
	if (l->spans == NULL)
		l->spans = calloc(READINGS_SPANS_MAX, sizeof *l->spans);
	if (l->spans != NULL && l->span_count < READINGS_SPANS_MAX)
		l->spans[l->span_count++] = *span;
}

static int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double ledger_most(const struct ledger_row *row)
{
	double most = (double)NAN;

	for (size_t i = 0; i < row->count; i++)
		most = i == 0 || row->values[i] > most ? row->values[i] : most;
	return most;
}

double ledger_middle(const struct ledger_row *row)
{
	double sorted[LEDGER_VALUES_MAX];

	if (row->count == 0)
		return (double)NAN;
	memcpy(sorted, row->values, row->count * sizeof *sorted);
	qsort(sorted, row->count, sizeof *sorted, double_order);
	return (sorted[(row->count - 1) / 2] + sorted[row->count / 2]) / 2;
}

/* Rows of one group together, groups in the order in which they began. */
static void rows_gather(struct ledger *l)
{
	size_t done = 0;

	while (done < l->count) {
		const char *group = l->rows[done].group;
		size_t end = done + 1;

		for (size_t i = end; i < l->count; i++) {
			struct ledger_row row = l->rows[i];

			if (strcmp(row.group, group) != 0)
				continue;
			memmove(&l->rows[end + 1], &l->rows[end], (i - end) * sizeof row);
			l->rows[end++] = row;
		}
		done = end;
	}
}

void ledger_print(struct ledger *l, FILE *to)
{
	const char *group = "";

	rows_gather(l);

	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *row = &l->rows[i];

		if (strcmp(group, row->group) != 0)
			(void)fprintf(to, "\n%s\n", row->group);
		group = row->group;
		(void)fprintf(to, "  %-52s", row->name);
		if (row->count > 0)
			(void)fprintf(to, " %10.5g %-6s (most %.5g, n=%zu)", ledger_middle(row),
				row->unit, ledger_most(row), row->count);
		(void)fprintf(to, "%s%s%s%s\n", row->verdict[0] != '\0' ? "  " : "", row->verdict,
			row->remark[0] != '\0' ? "  " : "", row->remark);
	}
}

static bool csv_write(const struct ledger *l, const char *folder, const char *id, struct error *e)
{
	auto_buf text = { .max = CSV_BYTES_MAX };
	char name[64], path[PATH_MAX];
	bool fits = buf_add(&text, S("group,reading,unit,repeat,value\n"));

	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *row = &l->rows[i];

		for (size_t n = 0; n < row->count; n++)
			fits = fits && buf_add_format(&text, "%s,\"%s\",%s,%zu,%.9g\n", row->group,
					       row->name, row->unit, n + 1, row->values[n]);
	}
	(void)snprintf(name, sizeof name, "%.50s.csv", id);
	if (!fits)
		return fail(e, FAULT_NEVER, "write '%s': too long", name);
	return path_join(folder, name, path, e) && file_put(path, buf_slice(&text), e);
}

bool ledger_save(struct ledger *l, const char *folder, const char *id, const char *title,
	const char *intro, struct error *e)
{
	auto_free struct reading *readings = calloc(LEDGER_ROWS_MAX, sizeof *readings);

	if (readings == NULL)
		return fail(e, FAULT_LATER, "write '%s': no memory", id);
	rows_gather(l);
	for (size_t i = 0; i < l->count; i++) {
		const struct ledger_row *row = &l->rows[i];

		readings[i] = (struct reading){ .group = row->group,
			.name = row->name,
			.unit = row->unit,
			.values = row->values,
			.count = row->count,
			.verdict = row->verdict,
			.remark = row->remark };
	}
	return folder_make(folder, e) &&
	       readings_save(folder, id, title, intro, readings, l->count,
		       (struct reading_spans){ l->spans, l->span_count }, e) &&
	       csv_write(l, folder, id, e);
}

void ledger_done(struct ledger *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->rows[i].values);
	free(l->spans);
	l->spans = NULL;
	l->count = l->span_count = 0;
}
