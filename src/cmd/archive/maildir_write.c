/* SPDX-License-Identifier: MIT */
/*
 * A message is written in tmp, and moved to cur when it is complete. Names are made of the date, UIDVALIDITY and UID, so
 * that a second export into the same Maildir goes on behind the greatest UID that is there.
 */
#include "cmd/archive/archive.h"
#include "cmd/archive/maildir.h"

#include "base/clock.h"
#include "base/cursor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

struct maildir_writer {
	char top[MAILDIR_PATH_BYTES], path[MAILDIR_PATH_BYTES];
	bool is_single;
	char *keywords[MAILDIR_KEYWORDS];
	bool is_keyword_told;
	char name[128], flags[64];
	uint64_t received_ns;
	FILE *file;
};

static bool told(const char *path, const char *what)
{
	(void)fprintf(stderr, "mailvisor: %s: %s\n", path, what);
	return false;
}

static bool join(char room[MAILDIR_PATH_BYTES], const char *path, const char *sub, const char *name)
{
	int len = snprintf(
		room, MAILDIR_PATH_BYTES, "%s/%s%s%s", path, sub, name[0] ? "/" : "", name);

	return (len > 0 && len < MAILDIR_PATH_BYTES) || told(path, "the path is too long");
}

static bool make_directory(const char *path)
{
	struct stat status;

	if (mkdir(path, 0700) == 0 ||
		(errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
		return true;
	return told(path, strerrordesc_np(errno));
}

/* ---- Keywords ---- */

static void keywords_clear(struct maildir_writer *m)
{
	for (size_t i = 0; i < COUNT(m->keywords); i++) {
		free(m->keywords[i]);
		m->keywords[i] = NULL;
	}
	m->is_keyword_told = false;
}

static void keywords_load(struct maildir_writer *m)
{
	char room[MAILDIR_PATH_BYTES], line[512];
	FILE *file = join(room, m->path, "dovecot-keywords", "") ? fopen(room, "re") : NULL;

	while (file != NULL && fgets(line, sizeof line, file) != NULL) {
		struct cursor c = cursor_over(slice_trim(slice_of(line)));
		uint64_t number = cursor_number(&c, MAILDIR_KEYWORDS - 1);
		struct slice word = slice_trim(cursor_rest(&c));

		if (!c.broken && word.len > 0 && m->keywords[number] == NULL)
			m->keywords[number] = strndup(word.at, word.len);
	}
	if (file != NULL)
		(void)fclose(file);
}

static bool keywords_save(struct maildir_writer *m)
{
	char room[MAILDIR_PATH_BYTES];
	FILE *file;
	bool is_good = true;

	if (m->keywords[0] == NULL)
		return true;
	if (!join(room, m->path, "dovecot-keywords", ""))
		return false;
	file = fopen(room, "we");
	for (size_t i = 0; file != NULL && i < COUNT(m->keywords) && m->keywords[i] != NULL; i++)
		is_good = fprintf(file, "%zu %s\n", i, m->keywords[i]) > 0 && is_good;
	if (file == NULL || fclose(file) != 0 || !is_good)
		return told(room, strerrordesc_np(errno));
	return true;
}

/* 0: there is no letter left. */
static char keyword_letter(struct maildir_writer *m, const char *flag)
{
	for (size_t i = 0; i < COUNT(m->keywords); i++) {
		if (m->keywords[i] == NULL)
			m->keywords[i] = strdup(flag);
		if (m->keywords[i] != NULL && strcasecmp(m->keywords[i], flag) == 0)
			return (char)('a' + i);
	}
	if (!m->is_keyword_told)
		(void)told(m->path, "more than 26 keywords: a Maildir has no room for the others");
	m->is_keyword_told = true;
	return 0;
}

static char letter_of(struct maildir_writer *m, const char *flag)
{
	const char *known;
	char letter = 0;

	for (size_t i = 0; (known = maildir_flag(i, &letter)) != NULL; i++)
		if (strcasecmp(known, flag) == 0)
			return letter;
	return keyword_letter(m, flag);
}

/* Letters in the order of ASCII, as the format wants them. */
static void flags_set(struct maildir_writer *m, const json_t *flags)
{
	bool is_set[128] = { false };
	size_t len = 0;

	for (size_t i = 0; i < json_array_size(flags); i++) {
		const char *flag = json_string_value(json_array_get(flags, i));

		if (flag != NULL)
			is_set[(unsigned char)letter_of(m, flag)] = true;
	}
	for (int letter = 1; letter < 128; letter++)
		if (is_set[letter] && len < sizeof m->flags - 1)
			m->flags[len++] = (char)letter;
	m->flags[len] = '\0';
}

/* ---- A mailbox ---- */

/* "1700000000.V7U12.mailvisor:2,S": its UID, when it is of this UIDVALIDITY; 0 else. */
static uint32_t uid_of(const char *name, uint32_t uid_validity)
{
	struct cursor c = cursor_over(slice_of(name));

	(void)cursor_number(&c, UINT64_MAX);
	cursor_expect(&c, S(".V"));
	uint64_t validity = cursor_number(&c, UINT32_MAX);
	cursor_expect(&c, S("U"));
	uint64_t uid = cursor_number(&c, UINT32_MAX);
	cursor_expect(&c, S(".mailvisor"));
	return !c.broken && validity == uid_validity ? (uint32_t)uid : 0;
}

static uint32_t greatest_uid(const char *path, uint32_t uid_validity)
{
	DIR *dir = opendir(path);
	struct dirent *found;
	uint32_t greatest = 0;

	while (dir != NULL && (found = readdir(dir)) != NULL) {
		uint32_t uid = uid_of(found->d_name, uid_validity);

		greatest = uid > greatest ? uid : greatest;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return greatest;
}

static bool mailbox_path(struct maildir_writer *m, const char *mailbox)
{
	char folder[MAILDIR_PATH_BYTES];
	struct buf name = BUF_OVER(folder);

	if (m->is_single || strcmp(mailbox, "INBOX") == 0)
		return snprintf(m->path, sizeof m->path, "%s", m->top) > 0;
	if (!buf_add_byte(&name, '.') || !maildir_name_write(slice_of(mailbox), &name) ||
		!buf_add_byte(&name, '\0') || strlen(folder) > NAME_MAX)
		return told(mailbox, "its name is too long for a directory");
	return join(m->path, m->top, folder, "");
}

static bool maildir_mailbox_begin(
	void *context, const char *mailbox, uint32_t uid_validity, uint32_t *ret_after)
{
	static const char *const subs[] = { "tmp", "new", "cur" };
	struct maildir_writer *m = context;
	char room[MAILDIR_PATH_BYTES];

	keywords_clear(m);
	if (!mailbox_path(m, mailbox) || !make_directory(m->path))
		return false;
	for (size_t i = 0; i < COUNT(subs); i++)
		if (!join(room, m->path, subs[i], "") || !make_directory(room))
			return false;
	*ret_after = greatest_uid(room, uid_validity);
	keywords_load(m);
	if (strcmp(m->path, m->top) == 0)
		return true;
	/* Maildir++: this directory is a folder. */
	if (!join(room, m->path, "maildirfolder", ""))
		return false;
	auto_fd fd = open(room, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	return fd >= 0 || told(room, strerrordesc_np(errno));
}

/* One sync for all: file by file would take as many as there are messages. */
static bool maildir_mailbox_end(void *context)
{
	struct maildir_writer *m = context;

	if (!keywords_save(m))
		return false;
	auto_fd fd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (fd >= 0 && syncfs(fd) == 0) || told(m->path, strerrordesc_np(errno));
}

/* ---- A message ---- */

static bool maildir_message_begin(void *context, const struct received *head)
{
	struct maildir_writer *m = context;
	char room[MAILDIR_PATH_BYTES];

	(void)snprintf(m->name, sizeof m->name, "%" PRIu64 ".V%" PRIu32 "U%" PRIu32 ".mailvisor",
		head->received_ns / NS_PER_S, head->uid_validity, head->uid);
	flags_set(m, head->flags);
	m->received_ns = head->received_ns;
	if (!join(room, m->path, "tmp", m->name))
		return false;
	m->file = fopen(room, "we");
	return m->file != NULL || told(room, strerrordesc_np(errno));
}

static bool maildir_message_bytes(void *context, struct slice bytes)
{
	struct maildir_writer *m = context;

	return fwrite(bytes.at, 1, bytes.len, m->file) == bytes.len ||
	       told(m->name, strerrordesc_np(errno));
}

static bool file_close(struct maildir_writer *m)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_NOW },
		{ .tv_sec = (time_t)(m->received_ns / NS_PER_S),
			.tv_nsec = (long)(m->received_ns % NS_PER_S) } };
	bool is_good = fflush(m->file) == 0 && futimens(fileno(m->file), times) == 0;

	is_good = fclose(m->file) == 0 && is_good;
	m->file = NULL;
	return is_good;
}

static bool maildir_message_end(void *context)
{
	struct maildir_writer *m = context;
	char from[MAILDIR_PATH_BYTES], to[MAILDIR_PATH_BYTES], name[256];

	(void)snprintf(name, sizeof name, "%s:2,%s", m->name, m->flags);
	if (!join(from, m->path, "tmp", m->name) || !join(to, m->path, "cur", name))
		return false;
	return (file_close(m) && rename(from, to) == 0) || told(to, strerrordesc_np(errno));
}

static void maildir_done(void *context)
{
	struct maildir_writer *m = context;
	char room[MAILDIR_PATH_BYTES];

	if (m->file != NULL) {
		(void)fclose(m->file);
		if (join(room, m->path, "tmp", m->name))
			(void)unlink(room);
	}
	keywords_clear(m);
	free(m);
}

bool maildir_writer_open(const char *path, bool is_single, struct writer *ret)
{
	struct maildir_writer *m = calloc(1, sizeof *m);

	if (m == NULL)
		return told(path, "out of memory");
	m->is_single = is_single;
	if (snprintf(m->top, sizeof m->top, "%s", path) >= (int)sizeof m->top / 2 ||
		!make_directory(path)) {
		free(m);
		return false;
	}
	*ret = (struct writer){ maildir_mailbox_begin, maildir_message_begin, maildir_message_bytes,
		maildir_message_end, maildir_mailbox_end, maildir_done, m };
	return true;
}
