/* SPDX-License-Identifier: MIT */
#include "cmd/archive/letter.h"
#include "cmd/archive/maildir.h"
#include "cmd/archive/maildir_keywords.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const subs[] = { "new", "cur" };

struct name {
	struct maildir_order order; /* of the text */
	unsigned sub;
	char *text;
};

struct maildir_reader {
	char *path;
	enum maildir_date date;
	struct name window[2 * MAILDIR_WINDOW];
	size_t count, at;
	struct name last; /* the greatest that was in a window */
	bool is_last_window;
	struct maildir_keywords keywords;
	bool is_letter_told; /* that a letter has no keyword */
};

bool maildir_is(const char *path)
{
	char room[MAILDIR_PATH_BYTES];
	struct stat status;

	for (size_t i = 0; i < COUNT(subs); i++) {
		int len = snprintf(room, sizeof room, "%s/%s", path, subs[i]);

		if (len > 0 && len < (int)sizeof room && stat(room, &status) == 0 &&
			S_ISDIR(status.st_mode))
			return true;
	}
	return false;
}

/* ---- Which names come next ---- */

static int name_order(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return maildir_order(&x->order, &y->order);
}

static void names_drop(struct name *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i].text);
}

/* Keeps the smallest MAILDIR_WINDOW. */
static void window_trim(struct maildir_reader *m)
{
	qsort(m->window, m->count, sizeof m->window[0], name_order);
	if (m->count <= MAILDIR_WINDOW)
		return;
	names_drop(m->window + MAILDIR_WINDOW, m->count - MAILDIR_WINDOW);
	m->count = MAILDIR_WINDOW;
	m->is_last_window = false;
}

static bool window_add(struct maildir_reader *m, unsigned sub, const char *text)
{
	struct name name = { .sub = sub, .text = strdup(text) };

	if (name.text == NULL)
		return false;
	name.order = maildir_order_of(slice_of(name.text));
	if (m->last.text != NULL && name_order(&name, &m->last) <= 0) {
		free(name.text);
		return true;
	}
	m->window[m->count++] = name;
	if (m->count == COUNT(m->window))
		window_trim(m);
	return true;
}

static void dir_close(DIR **dir)
{
	if (*dir != NULL)
		(void)closedir(*dir);
}

static bool window_read(struct maildir_reader *m, unsigned sub, struct error *e)
{
	char room[MAILDIR_PATH_BYTES];
	struct dirent *found;

	(void)snprintf(room, sizeof room, "%s/%s", m->path, subs[sub]);
	ON_EXIT(dir_close) DIR *dir = opendir(room);
	if (dir == NULL && errno == ENOENT)
		return true;
	if (dir == NULL)
		return fail(e, FAULT_NEVER, "%s: %s", subs[sub], strerrordesc_np(errno));
	errno = 0;
	while ((found = readdir(dir)) != NULL)
		if (found->d_name[0] != '.' && !window_add(m, sub, found->d_name))
			return fail(e, FAULT_LATER, "out of memory");
	return errno == 0 || fail(e, FAULT_NEVER, "%s: %s", subs[sub], strerrordesc_np(errno));
}

static bool window_next(struct maildir_reader *m, struct error *e)
{
	if (m->count > 0) {
		free(m->last.text);
		m->last = m->window[m->count - 1];
		names_drop(m->window, m->count - 1);
	}
	m->count = m->at = 0;
	if (m->is_last_window)
		return true;
	m->is_last_window = true;
	for (unsigned i = 0; i < COUNT(subs); i++)
		if (!window_read(m, i, e))
			return false;
	window_trim(m);
	return true;
}

/* ---- Flags ---- */

static const char *flag_of(struct maildir_reader *m, char letter)
{
	const char *flag;
	char its = 0;

	for (size_t i = 0; (flag = maildir_flag(i, &its)) != NULL; i++)
		if (its == letter)
			return flag;
	if (letter < 'a' || letter > 'z')
		return NULL;
	flag = m->keywords.at[letter - 'a'];
	if (flag == NULL && !m->is_letter_told) {
		m->is_letter_told = true;
		(void)fprintf(stderr,
			"mailvisor: %s: flag '%c' and maybe others: no keyword for it in "
			"dovecot-keywords, left out\n",
			m->path, letter);
	}
	return flag;
}

static json_t *flags_json(
	struct maildir_reader *m, const char *text, const struct maildir_file *file)
{
	const char *info = strstr(text, ":2,");
	json_t *flags = json_array();

	for (info = info != NULL ? info + 3 : ""; *info != '\0' && *info != ','; info++) {
		const char *flag = flag_of(m, *info);

		if (flag != NULL)
			(void)json_array_append_new(flags, json_string(flag));
	}
	for (size_t i = 0; i < file->keyword_count; i++) {
		const char *keyword = m->keywords.at[file->keywords[i]];

		if (keyword != NULL)
			(void)json_array_append_new(flags, json_string(keyword));
		else if (!m->is_letter_told)
			(void)fprintf(stderr,
				"mailvisor: %s: keyword %d and maybe others: no name for it in "
				"mailvisor-mailbox, left out\n",
				m->path, file->keywords[i]);
		m->is_letter_told = m->is_letter_told || keyword == NULL;
	}
	return flags;
}

/* ---- Messages ---- */

static uint64_t date_of(
	const struct maildir_reader *m, const struct maildir_file *file, const struct stat *status)
{
	if (m->date == MAILDIR_DATE_NAME && file->number > 0 &&
		file->number < UINT64_MAX / NS_PER_S)
		return file->number * NS_PER_S;
	if (status->st_mtim.tv_sec <= 0)
		return 0;
	return (uint64_t)status->st_mtim.tv_sec * NS_PER_S + (uint64_t)status->st_mtim.tv_nsec;
}

/* False: it is no message, and that was told. */
static bool letter_of(struct maildir_reader *m, const struct name *name, struct letter *ret)
{
	struct stat status = { 0 };
	struct maildir_file file;
	char *path;

	maildir_file_read(slice_of(name->text), &file);
	if (asprintf(&path, "%s/%s/%s", m->path, subs[name->sub], name->text) < 0)
		return false;
	/* One that cannot be looked at is a message still: reading it says what is wrong. */
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
		(void)fprintf(stderr, "mailvisor: %s: no regular file, left out\n", path);
		free(path);
		return false;
	}
	*ret = (struct letter){ .path = path,
		.end = (uint64_t)status.st_size,
		.quotes = MBOX_QUOTES_NONE,
		.received_ns = date_of(m, &file, &status),
		.zone_min = file.zone_min,
		.keeps_lf = file.keeps_lf,
		.flags = flags_json(m, name->text, &file) };
	return true;
}

bool maildir_reader_next(
	struct maildir_reader *m, struct letter *ret, bool *ret_found, struct error *e)
{
	for (;;) { /* ends with the names: a window begins behind the last */
		if (m->at == m->count && !window_next(m, e))
			return false;
		*ret_found = m->at < m->count;
		if (!*ret_found || letter_of(m, &m->window[m->at++], ret))
			return true;
	}
}

struct maildir_reader *maildir_reader_open(
	const char *path, enum maildir_date date, struct error *e)
{
	struct maildir_reader *m = calloc(1, sizeof *m);

	if (m != NULL)
		m->path = strdup(path);
	if (m == NULL || m->path == NULL) {
		free(m);
		(void)fail(e, FAULT_LATER, "out of memory");
		return NULL;
	}
	m->date = date;
	if (maildir_keywords_read(&m->keywords, path))
		return m;
	(void)fail(e, FAULT_NEVER, "its keywords cannot be read");
	maildir_reader_close(m);
	return NULL;
}

void maildir_reader_close(struct maildir_reader *m)
{
	names_drop(m->window, m->count);
	free(m->last.text);
	maildir_keywords_done(&m->keywords);
	free(m->path);
	free(m);
}
