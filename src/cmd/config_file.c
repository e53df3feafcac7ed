/* SPDX-License-Identifier: MIT */
#include "cmd/config.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>

enum { CONFIG_LINES_MAX = 10000 /* a settings file of a hundred pages is something else */ };

struct reading {
	struct config *config;
	const char *path;
	FILE *file;
	unsigned line;
	unsigned given_on[CONFIG_SETTING_COUNT]; /* line where a row was set in this file */
	bool is_bad;
	config_problem_fn *problem;
	void *context;
};

static void complain(struct reading *r, unsigned line, const char *text)
{
	r->is_bad = true;
	r->problem(r->context, r->path, line, text);
}

/* libinih asks for one line: counting here gives our handler its line number. */
static char *next_line(char *room, int size, void *stream)
{
	struct reading *r = stream;
	char *line = r->line < CONFIG_LINES_MAX ? fgets(room, size, r->file) : NULL;
	int byte;

	if (line == NULL)
		return NULL;
	r->line++;
	if (strchr(line, '\n') != NULL || strlen(line) + 1 < (size_t)size)
		return line;
	complain(r, r->line, "the line is longer than 198 bytes; continue lists on indented lines");
	do
		byte = fgetc(r->file);
	while (byte != EOF && byte != '\n');
	(void)snprintf(room, (size_t)size, "\n");
	return room;
}

static size_t row_of(struct slice name)
{
	size_t i = 0;

	while (i < setting_count && !slice_same(name, slice_of(settings[i].name)))
		i++;
	return i;
}

/* A list goes on where it is named again in the same file, or on indented lines. */
static bool set_again(struct reading *r, size_t row, struct slice name, const char *value)
{
	struct error e = { .fault = FAULT_NONE };
	char whole[2 * CONFIG_LIST_BYTES];
	char text[128];

	if (settings[row].type != SETTING_LIST) {
		(void)snprintf(text, sizeof text, "set '%s': it was set before, on line %u",
			settings[row].name, r->given_on[row]);
		complain(r, r->line, text);
		return false;
	}
	(void)snprintf(whole, sizeof whole, "%s %s", (const char *)r->config + settings[row].offset,
		value);
	if (!config_set(r->config, name, slice_of(whole), &e))
		complain(r, r->line, e.text);
	return true;
}

static int take_value(void *user, const char *section, const char *key, const char *value)
{
	struct reading *r = user;
	struct error e = { .fault = FAULT_NONE };
	char full[128];
	int len =
		snprintf(full, sizeof full, "%s%s%s", section, section[0] != '\0' ? "." : "", key);
	struct slice name = { full, len < (int)sizeof full ? (size_t)len : sizeof full - 1 };
	size_t row = row_of(name);

	if (row < setting_count && r->given_on[row] != 0)
		return (void)set_again(r, row, name, value), 1;
	if (row < setting_count)
		r->given_on[row] = r->line;
	if (!config_set(r->config, name, slice_of(value), &e))
		complain(r, r->line, e.text);
	return 1;
}

static void file_close(FILE **file)
{
	if (*file != NULL)
		(void)fclose(*file);
}

bool config_read(struct config *c, const char *path, config_problem_fn *problem, void *context)
{
	ON_EXIT(file_close) FILE *file = fopen(path, "re");
	struct reading r = {
		.config = c, .path = path, .file = file, .problem = problem, .context = context
	};
	struct error e = { .fault = FAULT_NONE };
	char text[CONFIG_TEXT_BYTES];

	if (file == NULL) {
		(void)snprintf(text, sizeof text, "open it: %s", strerrordesc_np(errno));
		complain(&r, 0, text);
		return false;
	}
	int bad_line = ini_parse_stream(next_line, &r, take_value, &r);

	if (bad_line > 0)
		complain(&r, (unsigned)bad_line, "neither 'key = value' nor '[section]'");
	if (bad_line < 0 || ferror(file) != 0)
		complain(&r, 0, "read it: out of memory, or an I/O error");
	if (r.line == CONFIG_LINES_MAX)
		complain(&r, r.line, "the file has too many lines");
	if (!r.is_bad && !config_check(c, &e))
		complain(&r, 0, e.text);
	return !r.is_bad;
}
