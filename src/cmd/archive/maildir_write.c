/* SPDX-License-Identifier: MIT */
/*
 * A message is written in tmp, and moved to cur when it is complete. Names are made of the date, UIDVALIDITY and UID, so
 * that a second export into the same Maildir goes on behind the greatest UID that is there.
 */
#include "cmd/archive/archive.h"
#include "cmd/archive/attributes.h"
#include "cmd/archive/maildir.h"
#include "cmd/archive/maildir_keywords.h"
#include "cmd/archive/subscriptions.h"

#include "base/clock.h"

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
	bool is_single, is_short; /* short: its name stands in its attributes */
	struct maildir_keywords keywords;
	bool is_keyword_told;
	char name[MAILDIR_FILE_BYTES + 1], flags[64];
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

/* ---- Flags ---- */

static char letter_of(const char *flag)
{
	const char *known;
	char letter = 0;

	for (size_t i = 0; (known = maildir_flag(i, &letter)) != NULL; i++)
		if (strcasecmp(known, flag) == 0)
			return letter;
	return 0;
}

/* In ascending order, each once. */
static void number_insert(struct maildir_file *file, uint8_t number)
{
	size_t at = 0;

	while (at < file->keyword_count && file->keywords[at] < number)
		at++;
	if ((at < file->keyword_count && file->keywords[at] == number) ||
		file->keyword_count == COUNT(file->keywords))
		return;
	memmove(&file->keywords[at + 1], &file->keywords[at], file->keyword_count - at);
	file->keywords[at] = number;
	file->keyword_count++;
}

/* Its letter, or its number into the name of the file. */
static void keyword_set(
	struct maildir_writer *m, const char *keyword, bool is_set[128], struct maildir_file *file)
{
	size_t number = maildir_keywords_number(&m->keywords, keyword);

	if (number < MAILDIR_LETTERS)
		is_set['a' + number] = true;
	else if (number < MAILDIR_KEYWORDS)
		number_insert(file, (uint8_t)number);
	else if (!m->is_keyword_told)
		(void)told(
			m->path, "more keywords than there is room for; the others are left out");
	m->is_keyword_told = m->is_keyword_told || number == MAILDIR_KEYWORDS;
}

/* Letters in the order of ASCII, as the format wants them. */
static void flags_set(struct maildir_writer *m, const json_t *flags, struct maildir_file *file)
{
	bool is_set[128] = { false };
	size_t len = 0;

	for (size_t i = 0; i < json_array_size(flags); i++) {
		const char *flag = json_string_value(json_array_get(flags, i));

		if (flag == NULL)
			continue;
		if (letter_of(flag) != 0)
			is_set[(unsigned char)letter_of(flag)] = true;
		else
			keyword_set(m, flag, is_set, file);
	}
	for (int letter = 1; letter < 128; letter++)
		if (is_set[letter] && len < sizeof m->flags - 1)
			m->flags[len++] = (char)letter;
	m->flags[len] = '\0';
}

/* ---- A mailbox ---- */

/* The UID that a name tells, when it is of this UIDVALIDITY; 0 else. */
static uint32_t uid_of(const char *name, uint32_t uid_validity)
{
	struct maildir_file file;

	maildir_file_read(slice_of(name), &file);
	return file.is_ours && file.uid_validity == uid_validity ? file.uid : 0;
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

	m->is_short = false;
	if (m->is_single || strcmp(mailbox, "INBOX") == 0)
		return snprintf(m->path, sizeof m->path, "%s", m->top) > 0;
	if (!buf_add_byte(&name, '.') || !maildir_name_write(slice_of(mailbox), &name) ||
		!buf_add_byte(&name, '\0') || strlen(folder) > NAME_MAX) {
		buf_clear(&name);
		invariant(buf_add_byte(&name, '.') &&
			  maildir_short_write(slice_of(mailbox), &name) &&
			  buf_add_byte(&name, '\0'));
		m->is_short = true;
	}
	return join(m->path, m->top, folder, "");
}

static bool maildir_mailbox_begin(
	void *context, const char *mailbox, uint32_t uid_validity, uint32_t *ret_after)
{
	static const char *const subs[] = { "tmp", "new", "cur" };
	struct maildir_writer *m = context;
	char room[MAILDIR_PATH_BYTES];

	maildir_keywords_done(&m->keywords);
	m->is_keyword_told = false;
	if (!mailbox_path(m, mailbox) || !make_directory(m->path))
		return false;
	for (size_t i = 0; i < COUNT(subs); i++)
		if (!join(room, m->path, subs[i], "") || !make_directory(room))
			return false;
	*ret_after = greatest_uid(room, uid_validity);
	if (!maildir_keywords_read(&m->keywords, m->path))
		return false;
	if (strcmp(m->path, m->top) == 0)
		return true;
	/* Maildir++: this directory is a folder. */
	if (!join(room, m->path, "maildirfolder", ""))
		return false;
	auto_fd fd = open(room, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	return fd >= 0 || told(room, strerrordesc_np(errno));
}

/* One sync for all: file by file would take as many as there are messages. */
static bool maildir_mailbox_end(void *context, const char *mailbox, struct slice attributes)
{
	struct maildir_writer *m = context;
	auto_buf lines = { .max = ATTRIBUTES_BYTES };
	char room[MAILDIR_PATH_BYTES];

	if ((m->is_short && !attributes_name_add(&lines, mailbox)) ||
		!buf_add(&lines, attributes) || !maildir_keywords_lines(&m->keywords, &lines))
		return told(m->path, "out of memory for its attributes");
	if (!attributes_path(m->path, true, room))
		return told(m->path, "the path is too long");
	if (!maildir_keywords_write(&m->keywords, m->path) ||
		!attributes_write(room, buf_slice(&lines), false))
		return false;
	auto_fd fd = open(m->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return (fd >= 0 && syncfs(fd) == 0) || told(m->path, strerrordesc_np(errno));
}

/* ---- A message ---- */

static bool maildir_message_begin(void *context, const struct received *head)
{
	struct maildir_writer *m = context;
	char room[MAILDIR_PATH_BYTES];
	struct buf name = BUF_OVER(m->name);
	struct maildir_file file = { .number = head->received_ns / NS_PER_S,
		.uid_validity = head->uid_validity,
		.uid = head->uid,
		.zone_min = head->zone_min,
		.keeps_lf = head->keeps_lf };

	flags_set(m, head->flags, &file);
	if (!maildir_file_write(&name, &file) || !buf_add_byte(&name, '\0'))
		return told(m->path, "the name of a file is too long");
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
	char from[MAILDIR_PATH_BYTES], to[MAILDIR_PATH_BYTES];
	char name[sizeof m->name + sizeof m->flags + sizeof ":2,"];

	(void)snprintf(name, sizeof name, "%s:2,%s", m->name, m->flags);
	if (!join(from, m->path, "tmp", m->name) || !join(to, m->path, "cur", name))
		return false;
	return (file_close(m) && rename(from, to) == 0) || told(to, strerrordesc_np(errno));
}

static bool maildir_subscriptions(void *context, const json_t *names)
{
	const struct maildir_writer *m = context;

	return subscriptions_write(m->top, true, names);
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
	maildir_keywords_done(&m->keywords);
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
		maildir_message_end, maildir_mailbox_end, maildir_subscriptions, maildir_done, m };
	return true;
}
