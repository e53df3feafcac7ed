/* SPDX-License-Identifier: MIT */
/*
 * Any file is an mbox or is refused; what its messages are is written as an mbox, and read again as the same messages, with the
 * same flags and dates.
 */
#include "base/clock.h"
#include "base/limits.h"
#include "cmd/archive/archive.h"
#include "cmd/archive/attributes.h"
#include "cmd/archive/maildir.h"
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	MESSAGES_MAX = 200, /* looked at */
	FLAGS_BYTES_MAX =
		1000, /* that an mbox surely takes; beyond them the writer may leave some out */
};
#define LAST_S                                                                                     \
	UINT64_C(253402300799) /* the year 9999: then a From_ line has no room for the year */

struct message {
	struct digest_id id;
	uint64_t received_ns;
	int32_t zone_min;
	bool keeps_lf;
	json_t *flags;
	bool ends_in_lf;
};
struct messages {
	struct message at[MESSAGES_MAX];
	size_t count;
};

static char directory[64], in[128], out[128], beside[MAILDIR_PATH_BYTES]; /* of an empty mbox */
static struct letter_reader reader;

static void clean_up(void)
{
	(void)unlink(in);
	(void)unlink(out);
	(void)unlink(beside);
	(void)rmdir(directory);
}

static void prepare(void)
{
	if (directory[0] != '\0')
		return;
	/* In memory where there is such a place: every mbox that is written is synced. */
	(void)snprintf(directory, sizeof directory, "%s/fuzz-mbox-XXXXXX",
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	invariant(mkdtemp(directory) != NULL);
	(void)snprintf(in, sizeof in, "%s/in", directory);
	(void)snprintf(out, sizeof out, "%s/out", directory);
	(void)atexit(clean_up);
}

static void messages_done(struct messages *m)
{
	for (size_t i = 0; i < m->count; i++)
		json_decref(m->at[i].flags);
	m->count = 0;
}

/* The message as it stands between its line ends, into the writer when there is one. False in *ret_ends: no LF at its end. */
static void copy(struct letter *l, const struct writer *w, bool *ret_ends)
{
	struct error e = { .fault = FAULT_NONE };
	bool to_crlf = l->to_crlf;
	struct slice piece;

	l->to_crlf = false;
	invariant(letter_open(&reader, l, &e));
	*ret_ends = true;
	do {
		invariant(letter_next(&reader, &piece, &e));
		if (piece.len > 0)
			*ret_ends = piece.at[piece.len - 1] == '\n';
		if (piece.len > 0 && w != NULL)
			invariant(w->message_bytes(w->context, piece));
	} while (piece.len > 0);
	letter_close(&reader);
	l->to_crlf = to_crlf;
}

static void take(struct letter *l, const struct writer *w, struct message *ret)
{
	struct error e = { .fault = FAULT_NONE };
	const struct received head = { .mailbox = "INBOX",
		.uid = 1,
		.received_ns = l->received_ns,
		.zone_min = l->zone_min,
		.keeps_lf = l->keeps_lf,
		.flags = l->flags };

	invariant(letter_measure(&reader, l, &e));
	*ret = (struct message){ .id = l->id,
		.received_ns = l->received_ns,
		.zone_min = l->zone_min,
		.keeps_lf = l->keeps_lf };
	ret->flags = json_incref(l->flags);
	if (w != NULL)
		invariant(w->message_begin(w->context, &head));
	copy(l, w, &ret->ends_in_lf);
	if (w != NULL)
		invariant(w->message_end(w->context));
}

/* False: it is no mbox. */
static bool read_all(const char *path, const struct writer *w, struct messages *ret)
{
	struct error e = { .fault = FAULT_NONE };
	struct mbox_reader *m = mbox_reader_open(path, MBOX_QUOTES_RD, &e);
	uint64_t end = 0;

	ret->count = 0;
	for (bool is_found = m != NULL; is_found && ret->count < MESSAGES_MAX;) {
		struct letter l;

		invariant(mbox_reader_next(m, &l, &is_found, &e));
		if (!is_found)
			break;
		invariant(l.at >= end && l.end >= l.at);
		end = l.end;
		take(&l, w, &ret->at[ret->count++]);
		letter_done(&l);
	}
	if (m != NULL)
		mbox_reader_close(m);
	return m != NULL;
}

static size_t flags_bytes(const json_t *flags)
{
	size_t bytes = 0;

	for (size_t i = 0; i < json_array_size(flags); i++)
		bytes += json_string_length(json_array_get(flags, i)) + 1;
	return bytes;
}

/* Is each of these among those? A field may say a flag twice, and in any order. */
static bool has_all(const json_t *those, const json_t *these)
{
	for (size_t i = 0; i < json_array_size(these); i++) {
		bool is_there = false;

		for (size_t k = 0; k < json_array_size(those) && !is_there; k++)
			is_there = json_equal(json_array_get(those, k), json_array_get(these, i));
		if (!is_there)
			return false;
	}
	return true;
}

static void compare(const struct messages *before, const struct messages *after)
{
	invariant(before->count == after->count || before->count == MESSAGES_MAX);
	for (size_t i = 0; i < before->count; i++) {
		const struct message *a = &before->at[i], *b = &after->at[i];
		uint64_t seconds = a->received_ns / NS_PER_S;

		if (a->ends_in_lf)
			invariant(memcmp(&a->id, &b->id, sizeof a->id) == 0);
		/* The server has no more keywords a message. */
		if (flags_bytes(a->flags) < FLAGS_BYTES_MAX &&
			json_array_size(a->flags) <= LIMIT_IMAP_FLAGS)
			invariant(has_all(a->flags, b->flags) && has_all(b->flags, a->flags));
		if (seconds > 0 && seconds <= LAST_S)
			invariant(
				b->received_ns / NS_PER_S == seconds && b->zone_min == a->zone_min);
		invariant(b->keeps_lf == a->keeps_lf);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct messages before, after;
	struct writer w;
	uint32_t uid;

	prepare();
	auto_fd fd = open(in, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
	invariant(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	(void)unlink(out);
	invariant(attributes_path(out, false, beside));
	invariant(mbox_writer_open(out, true, MBOX_QUOTES_RD, &w));
	invariant(w.mailbox_begin(w.context, "INBOX", 1, &uid));
	bool is_mbox = read_all(in, &w, &before);
	invariant(w.mailbox_end(w.context, "INBOX", S("")));
	w.done(w.context);
	invariant(read_all(out, NULL, &after));
	if (is_mbox)
		compare(&before, &after);
	messages_done(&before);
	messages_done(&after);
	return 0;
}
