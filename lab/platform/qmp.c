/* SPDX-License-Identifier: MIT */
#include "lab/platform/qmp.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_BYTES = 4096,
	EVENTS_MAX = 1000, /* events between a command and its answer */
	STATS_WAIT_MS = 5000,
};

void qmp_close(struct qmp *q)
{
	fd_close(&q->fd);
	buf_done(&q->in);
}

static bool more_read(struct qmp *q, uint64_t until_ns, struct error *e)
{
	char *room = buf_reserve(&q->in, READ_BYTES);
	uint64_t now = clock_mono_ns(&clock_real);
	struct pollfd p = { .fd = q->fd, .events = POLLIN };

	if (room == NULL)
		return fail(e, FAULT_NEVER, "read QEMU's monitor: an answer of over %d bytes",
			QMP_LINE_BYTES);
	if (now >= until_ns)
		return fail(e, FAULT_LATER, "read QEMU's monitor: no answer in time");
	if (poll(&p, 1, (int)((until_ns - now) / NS_PER_MS) + 1) <= 0)
		return true;
	ssize_t got = recv(q->fd, room, READ_BYTES, 0);

	if (got == 0 || (got < 0 && errno != EINTR))
		return fail(e, FAULT_GONE, "read QEMU's monitor: QEMU is gone");
	if (got > 0)
		buf_grew(&q->in, (size_t)got);
	return true;
}

/* The next object; QEMU ends each with CRLF. */
static bool object_read(struct qmp *q, uint64_t until_ns, json_t **ret, struct error *e)
{
	json_error_t where;

	for (;;) {
		struct slice text = buf_slice(&q->in);
		size_t end = slice_find(text, '\n');

		if (end == text.len) {
			if (!more_read(q, until_ns, e))
				return false;
			continue;
		}
		json_t *object = json_loadb(text.at, end, 0, &where);

		buf_shift(&q->in, end + 1);
		if (!json_is_object(object)) {
			json_decref(object);
			return fail(e, FAULT_NEVER, "read QEMU's monitor: not a JSON object: %s",
				where.text);
		}
		*ret = object;
		return true;
	}
}

/* An event's time is the host's wall clock; only differences are used. */
static uint64_t event_us(const json_t *object)
{
	const json_t *at = json_object_get(object, "timestamp");
	json_int_t seconds = json_integer_value(json_object_get(at, "seconds"));

	return (uint64_t)seconds * 1000000 +
	       (uint64_t)json_integer_value(json_object_get(at, "microseconds"));
}

static void event_note(struct qmp *q, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "event"));

	if (name != NULL && strcmp(name, "STOP") == 0) {
		q->stop_count++;
		q->stopped_us = event_us(object);
	}
	if (name != NULL && strcmp(name, "RESUME") == 0)
		q->resumed_us = event_us(object);
}

/* Reads over events. */
static bool answer_read(struct qmp *q, uint64_t until_ns, json_t **ret, struct error *e)
{
	for (unsigned i = 0; i < EVENTS_MAX; i++) {
		if (!object_read(q, until_ns, ret, e))
			return false;
		if (json_object_get(*ret, "event") == NULL)
			return true;
		event_note(q, *ret);
		json_decref(*ret);
	}
	return fail(e, FAULT_NEVER, "read QEMU's monitor: %d events and no answer", EVENTS_MAX);
}

/* Sends the bytes, and with them the descriptor (unix(7), SCM_RIGHTS); -1: none. */
static bool bytes_send(const struct qmp *q, const char *text, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_level = SOL_SOCKET,
			      .cmsg_type = SCM_RIGHTS,
			      .cmsg_len = CMSG_LEN(sizeof fd) } };
	union {
		const char *text;
		void *at;
	} view = { .text = text };
	struct iovec part = { .iov_base = view.at, .iov_len = strlen(text) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
	if (fd >= 0) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof control.room;
	}
	return sendmsg(q->fd, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

/* Takes the arguments. */
static bool command_send(
	struct qmp *q, const char *command, json_t *arguments, int fd, struct error *e)
{
	json_t *object = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
	char *text = json_dumps(object, JSON_COMPACT);
	bool is_sent = text != NULL && bytes_send(q, text, fd) && bytes_send(q, "\n", -1);

	free(text);
	json_decref(object);
	return is_sent || fail(e, FAULT_GONE, "tell QEMU '%s': %m", command);
}

/* Reads the answer to `command`, which was sent. */
static bool answer_take(
	struct qmp *q, const char *command, uint64_t until_ns, json_t **ret, struct error *e)
{
	json_t *answer = NULL;
	const char *reason = NULL;

	if (!answer_read(q, until_ns, &answer, e))
		return false;
	if (json_object_get(answer, "return") == NULL)
		reason = json_string_value(
			json_object_get(json_object_get(answer, "error"), "desc"));
	if (json_object_get(answer, "return") != NULL && ret != NULL)
		*ret = json_incref(json_object_get(answer, "return"));
	bool is_good = json_object_get(answer, "return") != NULL ||
		       fail(e, FAULT_NEVER, "QEMU's answer to '%s': %s", command,
			       reason == NULL ? "neither a return nor an error" : reason);

	json_decref(answer);
	return is_good;
}

bool qmp_call(struct qmp *q, const char *command, json_t *arguments, uint64_t until_ns,
	json_t **ret, struct error *e)
{
	return command_send(q, command, arguments, -1, e) &&
	       answer_take(q, command, until_ns, ret, e);
}

bool qmp_give_fd(struct qmp *q, const char *name, int fd, uint64_t until_ns, struct error *e)
{
	return command_send(q, "getfd", json_pack("{s:s}", "fdname", name), fd, e) &&
	       answer_take(q, "getfd", until_ns, NULL, e);
}

bool qmp_open(int fd, uint64_t until_ns, struct qmp *ret, struct error *e)
{
	struct qmp q = { .fd = fd, .in = { .max = QMP_LINE_BYTES } };
	json_t *greeting = NULL;

	if (object_read(&q, until_ns, &greeting, e)) {
		bool is_qmp = json_object_get(greeting, "QMP") != NULL;

		json_decref(greeting);
		if (!is_qmp)
			(void)fail(e, FAULT_NEVER, "read QEMU's monitor: no greeting");
	}
	if (e->fault == FAULT_NONE && qmp_call(&q, "qmp_capabilities", NULL, until_ns, NULL, e)) {
		*ret = q;
		return true;
	}
	qmp_close(&q);
	return false;
}

uint64_t qmp_flushes(struct qmp *q)
{
	struct error ignored = { .fault = FAULT_NONE };
	json_t *all = NULL;

	if (!qmp_call(q, "query-blockstats", NULL,
		    clock_mono_ns(&clock_real) + STATS_WAIT_MS * NS_PER_MS, &all, &ignored))
		return UINT64_MAX;
	const json_t *count = json_object_get(
		json_object_get(json_array_get(all, 0), "stats"), "flush_operations");
	uint64_t flushes =
		json_is_integer(count) ? (uint64_t)json_integer_value(count) : UINT64_MAX;

	json_decref(all);
	return flushes;
}
