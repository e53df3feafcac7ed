/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LOG_LINE_BYTES = 4096,    /* a longer line is cut: its end is not worth a bigger stack */
	LOG_RING_BYTES = 1 << 20, /* ten times LOG_GATHER_MS of the busiest server; then we drop */
	LOG_RING_FIRST_BYTES = 16 << 10,
	LOG_STACK_BYTES = 64 << 10,
	LOG_GATHER_MS = 20, /* lines wait for company: a wake-up costs more than ten of them */
};

/*
 * Two buffers: callers add to `filling` under the lock; the writer swaps it with its own and writes
 * that without the lock.
 */
static struct {
	struct lock lock;
	/* under lock: */
	struct signal has_lines;
	struct buf filling;
	bool is_stopping, is_reopening, is_running;
	bool is_asleep; /* the writer waits for a first line */
	bool is_urgent; /* something that a person may wait for: no gathering */
	/* the writer's: */
	struct buf writing;
	uint64_t dropped_told;
	pthread_t writer;
	char *path;
	int fd;
} the_log = { .lock = LOCK_INIT(RANK_LOG), .fd = STDERR_FILENO };

static _Atomic enum log_level level_now = LOG_LEVEL_INFO;
static _Atomic uint64_t dropped;

static void write_all(int fd, struct slice s)
{
	while (s.len > 0) {
		ssize_t count = write(fd, s.at, s.len);

		if (count < 0 && errno == EINTR)
			continue;
		if (count <= 0)
			return; /* a full disk must not stop the mail */
		s = slice_skip(s, (size_t)count);
	}
}

static int open_file(const char *path)
{
	if (path == NULL)
		return STDERR_FILENO;
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
}

static void writer_reopen(void)
{
	int fd = open_file(the_log.path);

	if (fd < 0)
		return; /* the old file goes on */
	if (the_log.fd != STDERR_FILENO)
		(void)close(the_log.fd);
	the_log.fd = fd;
}

static bool writer_must_act(void)
{
	return the_log.is_stopping || the_log.is_reopening || the_log.is_urgent ||
	       the_log.filling.len > LOG_RING_BYTES / 4;
}

/* Sleeps until there is a line, and then a little longer, for those that follow it. Holding the lock. */
static void writer_wait(void)
{
	uint64_t until_ns;

	while (the_log.filling.len == 0 && !writer_must_act()) {
		the_log.is_asleep = true;
		(void)signal_wait(&the_log.has_lines, &the_log.lock, UINT64_MAX);
	}
	the_log.is_asleep = false;
	until_ns = clock_mono_ns(&clock_real) + LOG_GATHER_MS * NS_PER_MS;
	while (!writer_must_act() && signal_wait(&the_log.has_lines, &the_log.lock, until_ns))
		continue;
	the_log.is_urgent = false;
}

/* Waits for lines; false when there are none left and the log stops. */
static bool writer_fetch(void)
{
	bool must_reopen;

	{
		HOLDING(&the_log.lock);
		writer_wait();
		if (the_log.filling.len == 0 && the_log.is_stopping)
			return false;
		must_reopen = the_log.is_reopening;
		the_log.is_reopening = false;
		struct buf full = the_log.filling;

		the_log.filling = the_log.writing;
		the_log.writing = full;
	}
	if (must_reopen)
		writer_reopen();
	return true;
}

/* A gap in the log says so itself. */
static void writer_confess(void)
{
	uint64_t count = atomic_load(&dropped);
	char time[CLOCK_TEXT_BYTES], line[128];
	int len;

	if (count == the_log.dropped_told)
		return;
	len = snprintf(line, sizeof line, "t=%s level=warn ev=log.dropped lines=%" PRIu64 "\n",
		clock_text(clock_wall_ns(&clock_real), time), count - the_log.dropped_told);
	the_log.dropped_told = count;
	write_all(the_log.fd, (struct slice){ line, (size_t)len });
}

static void *writer_run(void *nothing)
{
	(void)nothing;
	while (writer_fetch()) {
		write_all(the_log.fd, buf_slice(&the_log.writing));
		writer_confess();
		if (the_log.writing.room > LOG_RING_FIRST_BYTES)
			buf_done(&the_log.writing); /* a burst is over: give its memory back */
		buf_clear(&the_log.writing);
	}
	return NULL;
}

bool log_start(const char *path, enum log_level level, struct error *e)
{
	pthread_attr_t how;
	bool is_file = path != NULL && strcmp(path, "-") != 0;
	int fd = open_file(is_file ? path : NULL), rc;

	invariant(!the_log.is_running);
	if (fd < 0)
		return fail(e, FAULT_NEVER, "open log '%s': %m", path);
	the_log.path = is_file ? strdup(path) : NULL;
	the_log.fd = fd;
	the_log.filling = (struct buf){ .max = LOG_RING_BYTES };
	the_log.writing = (struct buf){ .max = LOG_RING_BYTES };
	the_log.is_stopping = false;
	the_log.dropped_told = atomic_load(&dropped);
	atomic_store(&level_now, level);
	signal_init(&the_log.has_lines);
	invariant(pthread_attr_init(&how) == 0);
	invariant(pthread_attr_setstacksize(&how, LOG_STACK_BYTES) == 0);
	rc = pthread_create(&the_log.writer, &how, writer_run, NULL);
	(void)pthread_attr_destroy(&how);
	if (rc != 0)
		return fail(e, FAULT_LATER, "start the log's thread: %s", strerror(rc));
	HOLDING(&the_log.lock);
	the_log.is_running = true;
	return true;
}

void log_stop(void)
{
	{
		HOLDING(&the_log.lock);
		if (!the_log.is_running)
			return;
		the_log.is_stopping = true;
		signal_one(&the_log.has_lines);
	}
	invariant(pthread_join(the_log.writer, NULL) == 0);
	HOLDING(&the_log.lock);
	the_log.is_running = false;
	write_all(the_log.fd, buf_slice(&the_log.filling));
	if (the_log.fd != STDERR_FILENO)
		(void)close(the_log.fd);
	the_log.fd = STDERR_FILENO;
	signal_done(&the_log.has_lines);
	buf_done(&the_log.filling);
	buf_done(&the_log.writing);
	free(the_log.path);
	the_log.path = NULL;
}

void log_reopen(enum log_level level)
{
	atomic_store(&level_now, level);
	HOLDING(&the_log.lock);
	if (!the_log.is_running)
		return;
	the_log.is_reopening = true;
	signal_one(&the_log.has_lines);
}

bool log_is_on(enum log_level level)
{
	return level <= atomic_load_explicit(&level_now, memory_order_relaxed);
}

uint64_t log_dropped_count(void)
{
	return atomic_load(&dropped);
}

static void add_lines(struct slice lines, bool is_urgent)
{
	HOLDING(&the_log.lock);
	if (!the_log.is_running) {
		write_all(STDERR_FILENO, lines);
		return;
	}
	if (!buf_add(&the_log.filling, lines)) {
		for (; lines.len > 0; lines = slice_skip(lines, slice_find(lines, '\n') + 1))
			atomic_fetch_add(&dropped, 1);
		return;
	}
	the_log.is_urgent = the_log.is_urgent || is_urgent;
	if (the_log.is_asleep || writer_must_act()) {
		the_log.is_asleep = false;
		signal_one(&the_log.has_lines);
	}
}

void log_lines(struct slice lines)
{
	add_lines(lines, false);
}

static bool is_plain_byte(char byte)
{
	return byte > ' ' && byte < 127 && byte != '"' && byte != '\\' && byte != '=';
}

static bool is_plain_text(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!is_plain_byte(s.at[i]))
			return false;
	}
	return s.len > 0;
}

static bool add_quoted(struct buf *line, struct slice s)
{
	bool ok = buf_add_byte(line, '"');

	for (size_t i = 0; ok && i < s.len; i++) {
		unsigned char byte = (unsigned char)s.at[i];

		if (byte == '"' || byte == '\\')
			ok = buf_add_byte(line, '\\') && buf_add_byte(line, s.at[i]);
		else if (byte < ' ' || byte >= 127)
			ok = buf_add_format(line, "\\x%02x", byte);
		else
			ok = buf_add_byte(line, s.at[i]);
	}
	return ok && buf_add_byte(line, '"');
}

bool log_add_field(struct buf *line, const struct log_field *field)
{
	size_t before = line->len;
	bool ok = buf_add_byte(line, ' ') && buf_add(line, slice_of(field->name)) &&
		  buf_add_byte(line, '=');

	if (ok && field->text.at == NULL)
		ok = buf_add_number(line, field->number);
	else if (ok && is_plain_text(field->text))
		ok = buf_add(line, field->text);
	else if (ok)
		ok = add_quoted(line, field->text);
	if (!ok)
		line->len = before; /* a field that does not fit is left out, whole */
	return ok;
}

void log_write(
	enum log_level level, const char *event, const struct log_field *fields, size_t field_count)
{
	static const char *const level_names[] = { "error", "warn", "info", "debug" };
	char room[LOG_LINE_BYTES], time[CLOCK_TEXT_BYTES];
	struct buf line = {
		.at = room, .room = sizeof room - 1, .max = sizeof room - 1, .is_fixed = true
	};

	if (!log_is_on(level))
		return;
	if (!buf_add_format(&line, "t=%s level=%s ev=%s",
		    clock_text(clock_wall_ns(&clock_real), time), level_names[level], event))
		return;
	for (size_t i = 0; i < field_count; i++)
		(void)log_add_field(&line, &fields[i]);
	room[line.len++] = '\n';
	add_lines((struct slice){ room, line.len }, level <= LOG_LEVEL_WARN);
}
