/* SPDX-License-Identifier: MIT */
#include "lab/durability/durability.h"

#include "base/clock.h"
#include "lab/durability/pages.h"
#include "lab/workload/letter.h"
#include "lab/workload/smtp.h"

#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	MAIL_WAIT_MS = 30000,
	SMALL_BYTES = 1024, /* the timed mails */
	BLOCK_BYTES = 4096, /* the timed flushes */
	/* Three texts from different lines: one may be cut in two by a record of the server's log. */
	TEXT_COUNT = 3,
	TEXT_BYTES = 64,
	LOOK_AGAIN_MS = 500,
};

/* Below this a disk's flush cannot be told from memory. */
#define HOST_FLUSH_LEAST_US 50.0
/* A mail needs at least one flush: quicker than this share of one it had none. */
#define HONEST_SHARE_LEAST 0.5

const char *durability_name(enum durability class)
{
	static const char *const names[] = { [DURABILITY_HONEST] = "honest",
		[DURABILITY_IGNORED] = "ignored",
		[DURABILITY_UNKNOWN] = "unknown" };

	return names[class];
}

enum durability durability_judge(const struct durability_seen *s, const char **ret_reason)
{
	bool is_too_quick = isfinite(s->host_us) && isfinite(s->accept_us) &&
			    s->host_us >= HOST_FLUSH_LEAST_US &&
			    s->accept_us < HONEST_SHARE_LEAST * s->host_us;

	if (s->is_there && s->is_told && !s->is_clean) {
		*ret_reason = "the mail was acknowledged while its page of the platform's disk was "
			      "only in this machine's memory";
		return DURABILITY_IGNORED;
	}
	if (!s->is_there && s->is_there_later) {
		*ret_reason = "the mail was acknowledged while it was only in the memory of server "
			      "or guest";
		return DURABILITY_IGNORED;
	}
	if (is_too_quick) {
		*ret_reason = "a mail is acknowledged in less than half the time that one flush "
			      "of this disk takes: the disk's own cache may hold it";
		return DURABILITY_UNKNOWN;
	}
	if (s->is_there && s->is_told) {
		*ret_reason = "acknowledged mail is on this machine's disk";
		return DURABILITY_HONEST;
	}
	*ret_reason = !s->is_told ? "the kernel tells only root which pages are on disk"
				  : "the mail's text is in no file that we can see";
	return DURABILITY_UNKNOWN;
}

static int double_order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, unsigned count)
{
	if (count == 0)
		return (double)NAN;
	qsort(values, count, sizeof *values, double_order);
	return values[count / 2];
}

struct sending {
	const struct deployment *d;
	const char *from, *to;
	uint64_t seed;
	uint32_t sequence;
	struct wire *wire;
	struct buf text, stuffed;
};

/* *ret_us: from the last byte handed over to the 250. */
static bool mail_send(struct sending *s, uint32_t bytes, double *ret_us, struct error *e)
{
	struct sample sample = { .reply_code = 0 };
	struct letter letter = { .run = "durability",
		.from = s->from,
		.to = s->to,
		.sequence = s->sequence++,
		.size_bytes = bytes,
		.due_ns = wire_now_ns(),
		.seed = s->seed,
		.wall_ns = clock_wall_ns(&clock_real) };
	struct smtp_letter way = { .host = s->d->host,
		.port = s->d->smtp_port,
		.from = s->from,
		.to = s->to,
		.until_ns = letter.due_ns + MAIL_WAIT_MS * NS_PER_MS };

	buf_clear(&s->text);
	buf_clear(&s->stuffed);
	if (!letter_write(&letter, &s->text, e) || !letter_stuff(buf_slice(&s->text), &s->stuffed))
		return fail_in(e, "make a mail");
	way.stuffed = buf_slice(&s->stuffed);
	sample.at_ns[POINT_DUE] = letter.due_ns;
	if (!smtp_send(&way, s->wire, &sample, e))
		return false;
	*ret_us = (double)(sample.at_ns[POINT_ACCEPTED] - sample.at_ns[POINT_SENT]) /
		  (double)NS_PER_US;
	return true;
}

/* A text of the mail's body, from the middle of a line. */
static struct slice text_of(const struct sending *s, unsigned number)
{
	struct slice text = buf_slice(&s->text);
	struct slice rest = slice_skip(text, text.len / (TEXT_COUNT + 1) * (number + 1));
	struct slice line = slice_skip(rest, slice_find(rest, '\n') + 1);

	return slice_first(line, TEXT_BYTES);
}

/* Clean only when every text that is there is clean. */
static bool texts_find(const struct sending *s, const char *work_path, struct durability_seen *seen,
	struct error *e)
{
	enum pages_state state;

	seen->is_there = false;
	seen->is_clean = true;
	for (unsigned i = 0; i < TEXT_COUNT; i++) {
		if (!pages_find(work_path, text_of(s, i), &state, e))
			return false;
		if (state == PAGES_ABSENT)
			continue;
		seen->is_there = true;
		seen->is_told = seen->is_told && state != PAGES_UNKNOWN;
		seen->is_clean = seen->is_clean && state == PAGES_CLEAN;
	}
	seen->is_clean = seen->is_clean && seen->is_there;
	return true;
}

/* Not there at the 250: does it come by itself? */
static bool later_look(const struct sending *s, const char *work_path, struct durability_seen *seen,
	struct error *e)
{
	struct durability_seen later = { .is_told = true };

	for (unsigned waited_ms = 0; waited_ms < DURABILITY_LATER_MS && !later.is_there;
		waited_ms += LOOK_AGAIN_MS) {
		(void)poll(NULL, 0, LOOK_AGAIN_MS);
		if (!texts_find(s, work_path, &later, e))
			return false;
	}
	seen->is_there_later = later.is_there;
	return true;
}

static bool look(
	struct sending *s, const char *work_path, struct durability_seen *seen, struct error *e)
{
	double ignored_us;

	if (!mail_send(s, DURABILITY_MAIL_BYTES, &ignored_us, e))
		return false;
	/* Before the farewell, which gives everybody time. */
	bool is_looked = texts_find(s, work_path, seen, e);

	smtp_bye(s->wire, wire_now_ns() + MAIL_WAIT_MS * NS_PER_MS);
	return is_looked && (seen->is_there || later_look(s, work_path, seen, e));
}

/* A file with one block, so that writing it again needs no journal of the file system. -1: none. */
static int block_open(const char *work_path, char path[PLATFORM_PATH_BYTES])
{
	char block[BLOCK_BYTES];

	memset(block, 'x', sizeof block);
	(void)snprintf(path, PLATFORM_PATH_BYTES, "%.490s/flush.probe", work_path);
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, block, sizeof block, 0) != BLOCK_BYTES || fsync(fd) < 0)
		return -1;
	return fd_give(&fd);
}

/* The least that a flush costs on this disk. */
static bool block_flush(int fd, double *ret_us)
{
	char block[BLOCK_BYTES];
	uint64_t from_ns = wire_now_ns();

	memset(block, 'y', sizeof block);
	if (fd < 0 || pwrite(fd, block, sizeof block, 0) != BLOCK_BYTES || fdatasync(fd) < 0)
		return false;
	*ret_us = (double)(wire_now_ns() - from_ns) / (double)NS_PER_US;
	return true;
}

/* By turns, so that what else the disk does falls on both. */
static bool times_take(
	struct sending *s, const char *work_path, struct durability_seen *seen, struct error *e)
{
	double mails[DURABILITY_TIMED_COUNT], flushes[DURABILITY_TIMED_COUNT];
	char path[PLATFORM_PATH_BYTES];
	auto_fd fd = block_open(work_path, path);
	unsigned flush_count = 0;

	for (unsigned i = 0; i < COUNT(mails); i++) {
		flush_count += block_flush(fd, &flushes[flush_count]);
		if (!mail_send(s, SMALL_BYTES, &mails[i], e))
			return false;
		smtp_bye(s->wire, wire_now_ns() + MAIL_WAIT_MS * NS_PER_MS);
	}
	(void)unlink(path);
	seen->accept_us = median(mails, COUNT(mails));
	seen->host_us = median(flushes, flush_count);
	return true;
}

static uint64_t flushes_now(const struct deployment *d)
{
	struct platform_usage usage = { .flushes = UINT64_MAX };

	return d->platform->usage != NULL && d->platform->usage(d, &usage) ? usage.flushes
									   : UINT64_MAX;
}

static bool probe(
	struct sending *s, const char *work_path, struct durability_found *ret, struct error *e)
{
	struct durability_seen seen = { .is_told = pages_are_told() };
	const char *reason;

	uint64_t before = flushes_now(s->d);
	if (!times_take(s, work_path, &seen, e))
		return false;
	uint64_t after = flushes_now(s->d);
	if (!look(s, work_path, &seen, e))
		return false;
	*ret = (struct durability_found){ .class = durability_judge(&seen, &reason),
		.accept_us = seen.accept_us,
		.host_us = seen.host_us,
		.flush_mails = DURABILITY_TIMED_COUNT,
		.flushes =
			before == UINT64_MAX || after == UINT64_MAX ? UINT64_MAX : after - before };
	(void)snprintf(ret->reason, sizeof ret->reason, "%s", reason);
	return true;
}

bool durability_probe(const struct deployment *d, const char *work_path, const char *from,
	const char *to, struct durability_found *ret, struct error *e)
{
	auto_free struct wire *wire = calloc(1, sizeof *wire);
	struct sending s = { .d = d,
		.from = from,
		.to = to,
		.wire = wire,
		.text = { .max = LETTER_BYTES_MAX },
		.stuffed = { .max = LETTER_BYTES_MAX } };

	if (wire == NULL || getrandom(&s.seed, sizeof s.seed, 0) != (ssize_t)sizeof s.seed)
		return fail(e, FAULT_LATER, "probe the durability: no memory");
	wire->fd = -1;
	bool is_probed = probe(&s, work_path, ret, e) || fail_in(e, "probe the durability");

	wire_close(wire);
	buf_done(&s.text);
	buf_done(&s.stuffed);
	return is_probed;
}

struct durability_found durability_not_asked(const char *reason)
{
	struct durability_found found = { .class = DURABILITY_UNKNOWN,
		.accept_us = (double)NAN,
		.host_us = (double)NAN,
		.flushes = UINT64_MAX };

	(void)snprintf(
		found.reason, sizeof found.reason, "%.*s", (int)sizeof found.reason - 1, reason);
	return found;
}

static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *durability_json(const struct durability_found *f)
{
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:I}", "class", durability_name(f->class),
		"reason", f->reason, "accept_us", number(f->accept_us), "host_flush_us",
		number(f->host_us), "flushes",
		f->flushes == UINT64_MAX ? json_null() : json_integer((json_int_t)f->flushes),
		"flushes_of_mails", (json_int_t)f->flush_mails);
}
