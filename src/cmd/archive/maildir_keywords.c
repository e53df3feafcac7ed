/* SPDX-License-Identifier: MIT */
#include "cmd/archive/maildir_keywords.h"

#include "cmd/archive/attributes.h"
#include "cmd/archive/maildir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* "0 $Work": a number from `least` to below `end`, a blank, a word. */
static void row_take(struct maildir_keywords *k, struct slice row, size_t least, size_t end)
{
	size_t len = slice_find(row, ' ');
	struct slice word = slice_trim(slice_skip(row, len + 1));
	uint64_t number;

	if (!slice_number(slice_first(row, len), end - 1, &number) || number < least ||
		word.len == 0)
		return;
	free(k->at[number]);
	k->at[number] = strndup(word.at, word.len);
}

static bool line_take(void *context, struct slice line)
{
	if (slice_starts(line, S("keyword ")))
		row_take(context, slice_skip(line, 8), MAILDIR_LETTERS, MAILDIR_KEYWORDS);
	return true;
}

bool maildir_keywords_read(struct maildir_keywords *k, const char *maildir)
{
	char room[MAILDIR_PATH_BYTES], line[512];

	if (!attributes_path(maildir, true, room) || !attributes_read(room, line_take, k) ||
		snprintf(room, sizeof room, "%s/dovecot-keywords", maildir) >= (int)sizeof room)
		return false;
	FILE *file = fopen(room, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		row_take(k, slice_trim(slice_of(line)), 0, MAILDIR_LETTERS);
	if (file != NULL)
		(void)fclose(file);
	return true;
}

size_t maildir_keywords_number(struct maildir_keywords *k, const char *keyword)
{
	size_t number = MAILDIR_KEYWORDS;

	for (size_t i = MAILDIR_KEYWORDS; i-- > 0;) {
		if (k->at[i] == NULL)
			number = i;
		else if (strcasecmp(k->at[i], keyword) == 0)
			return i;
	}
	if (number < MAILDIR_KEYWORDS)
		k->at[number] = strdup(keyword);
	return number < MAILDIR_KEYWORDS && k->at[number] != NULL ? number : MAILDIR_KEYWORDS;
}

static bool has_letters(const struct maildir_keywords *k)
{
	for (size_t i = 0; i < MAILDIR_LETTERS; i++)
		if (k->at[i] != NULL)
			return true;
	return false;
}

bool maildir_keywords_write(const struct maildir_keywords *k, const char *maildir)
{
	char room[MAILDIR_PATH_BYTES];
	bool is_good = true;
	FILE *file;

	if (!has_letters(k))
		return true;
	(void)snprintf(room, sizeof room, "%s/dovecot-keywords", maildir);
	file = fopen(room, "we");
	for (size_t i = 0; file != NULL && i < MAILDIR_LETTERS; i++)
		if (k->at[i] != NULL)
			is_good = fprintf(file, "%zu %s\n", i, k->at[i]) > 0 && is_good;
	if (file != NULL && fclose(file) == 0 && is_good)
		return true;
	(void)fprintf(stderr, "mailvisor: %s: %s\n", room, strerrordesc_np(errno));
	return false;
}

bool maildir_keywords_lines(const struct maildir_keywords *k, struct buf *out)
{
	for (size_t i = MAILDIR_LETTERS; i < MAILDIR_KEYWORDS; i++)
		if (k->at[i] != NULL && !buf_add_format(out, "keyword %zu %s\n", i, k->at[i]))
			return false;
	return true;
}

void maildir_keywords_done(struct maildir_keywords *k)
{
	for (size_t i = 0; i < MAILDIR_KEYWORDS; i++)
		free(k->at[i]);
	*k = (struct maildir_keywords){ .at = { NULL } };
}
