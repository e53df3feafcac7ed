/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include "cmd/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* UTF-8: bytes that continue a character take no column. Wide characters may be off by one. */
static size_t columns_of(const char *text)
{
	size_t columns = 0;

	for (; *text != '\0'; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

/* What came from the mail of strangers must not move the cursor of this terminal. */
static char *printable_copy(const char *cell)
{
	char *copy = strdup(cell);

	for (char *at = copy; at != NULL && *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return copy;
}

void table_add(struct table *t, const char *cell)
{
	if (t->cell_count == t->cell_room) {
		size_t room = t->cell_room > 0 ? 2 * t->cell_room : 256;
		char **cells = realloc(t->cells, room * sizeof *cells);

		if (cells == NULL) {
			(void)fputs("mailvisor: out of memory\n", stderr);
			exit(EXIT_LATER);
		}
		t->cells = cells;
		t->cell_room = room;
	}
	t->cells[t->cell_count++] = printable_copy(cell);
}

void table_add_size(struct table *t, uint64_t bytes, const char *zero)
{
	char room[32];
	struct buf text = BUF_OVER(room);

	if (bytes == 0 && zero != NULL) {
		table_add(t, zero);
		return;
	}
	if (units_print_size_short(bytes, &text) && buf_add_byte(&text, '\0'))
		table_add(t, room);
}

void table_add_number(struct table *t, uint64_t number, const char *zero)
{
	char room[32];

	(void)snprintf(room, sizeof room, "%" PRIu64, number);
	table_add(t, number == 0 && zero != NULL ? zero : room);
}

static void print_cell(const struct table *t, size_t column, const char *cell, size_t width)
{
	bool is_last = column + 1 == t->column_count;
	size_t pad = width - columns_of(cell);

	if (t->is_right[column])
		(void)printf("%*s%s", (int)pad, "", cell);
	else
		(void)printf("%s%*s", cell, is_last ? 0 : (int)pad, "");
	(void)fputs(is_last ? "\n" : "  ", stdout);
}

void table_print(struct table *t)
{
	size_t widths[TABLE_COLUMNS] = { 0 };

	for (size_t i = 0; i < t->column_count; i++)
		widths[i] = columns_of(t->names[i]);
	for (size_t i = 0; i < t->cell_count; i++) {
		size_t wide = columns_of(t->cells[i]);

		if (wide > widths[i % t->column_count])
			widths[i % t->column_count] = wide;
	}
	for (size_t i = 0; i < t->column_count; i++)
		print_cell(t, i, t->names[i], widths[i]);
	for (size_t i = 0; i < t->cell_count; i++) {
		print_cell(t, i % t->column_count, t->cells[i], widths[i % t->column_count]);
		free(t->cells[i]);
	}
	free(t->cells);
}

const char *text_of(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text != NULL ? text : "";
}

uint64_t number_of(const json_t *object, const char *member)
{
	return (uint64_t)json_integer_value(json_object_get(object, member));
}
