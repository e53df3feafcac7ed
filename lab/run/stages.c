/* SPDX-License-Identifier: MIT */
#include "lab/run/stages.h"

#include "base/clock.h"
#include "lab/stats/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAILS_MAX = 1 << 20, /* of one log; a trial has at most WORKLOAD_MAILS_MAX */
	PROBE_MAX = 64,      /* places looked at in the table; it is at most half full */
};

/* clang-format off */
static const struct {
	const char *name;
	enum sample_point from, to;
	size_t us_at; /* a member of the sample that says it by itself */
} of_client[] = {
	{ "connect", POINT_START, POINT_BANNER, 0 }, { "tls", 0, 0, offsetof(struct sample, tls_us) },
	{ "hello", POINT_BANNER, POINT_HELLO, 0 }, { "login", 0, 0, offsetof(struct sample, login_us) },
	{ "envelope", POINT_HELLO, POINT_RCPT, 0 }, { "data", POINT_RCPT, POINT_DATA, 0 },
	{ "send", POINT_DATA, POINT_SENT, 0 }, { "accept", POINT_SENT, POINT_ACCEPTED, 0 },
	{ "look", POINT_ACCEPTED, POINT_SEEN, 0 }, { "fetch", POINT_SEEN, POINT_FETCHED, 0 },
};

/* Between points of a server's log, and where the client sees it. */
static const struct {
	const char *name, *in;
	enum log_point from, to;
} of_server[] = {
	{ "receive", "accept", LOG_DATA, LOG_RECEIVED }, { "check", "accept", LOG_RECEIVED, LOG_CHECKED },
	{ "commit", "accept", LOG_CHECKED, LOG_COMMITTED }, { "notify", "look", LOG_COMMITTED, LOG_NOTIFIED },
	{ "read", "look", LOG_NOTIFIED, LOG_FETCHED }, { "deliver", "look", LOG_DELIVERY, LOG_DELIVERED },
};

/* Durations that a server names itself. */
static const struct {
	const char *name, *in;
} of_span[] = { { "receive", "accept" }, { "queue", "look" }, { "connect", "look" }, { "deliver", "look" },
	{ "queue and deliver", "look" } };
/* clang-format on */

static void stage_add(
	json_t *list, const char *name, const char *in, const char *by, double *ms, size_t count)
{
	double median = count > 0 ? stats_median(ms, count) : (double)NAN;

	if (!isfinite(median))
		return;
	json_t *row = json_pack("{s:s, s:s, s:f, s:I}", "name", name, "by", by, "ms", median, "n",
		(json_int_t)count);
	if (in != NULL)
		(void)json_object_set_new(row, "in", json_string(in));
	(void)json_array_append_new(list, row);
}

static bool is_counted(const struct sample *s)
{
	return (s->flags & SAMPLE_IS_WARMUP) == 0 && s->outcome == OUTCOME_DELIVERED;
}

/* Milliseconds of a stage; NAN: the mail had none. */
static double client_ms(const struct sample *s, size_t stage)
{
	uint64_t from = s->at_ns[of_client[stage].from], to = s->at_ns[of_client[stage].to];

	if (of_client[stage].us_at != 0) {
		uint32_t us =
			*(const uint32_t *)(const void *)((const char *)s + of_client[stage].us_at);

		return us > 0 ? (double)us / 1000 : (double)NAN;
	}
	if (from == SAMPLE_NEVER || to == SAMPLE_NEVER || to < from)
		return (double)NAN;
	return (double)sample_span_ns(s, of_client[stage].from, of_client[stage].to) /
	       (double)NS_PER_MS;
}

static void client_add(json_t *list, const struct sample *samples, size_t count, double *room)
{
	for (size_t i = 0; i < COUNT(of_client); i++) {
		size_t used = 0;

		for (size_t k = 0; k < count; k++) {
			double ms =
				is_counted(&samples[k]) ? client_ms(&samples[k], i) : (double)NAN;

			if (!isnan(ms))
				room[used++] = ms;
		}
		stage_add(list, of_client[i].name, NULL, "client", room, used);
	}
}

/* One mail of the log. */
struct logged {
	char mail[LOG_MAIL_BYTES];
	uint64_t at_ns[LOG_POINT_COUNT];
	uint64_t span_ns[COUNT(of_span)];
	bool has_span[COUNT(of_span)];
};

struct table {
	struct logged *rows;
	size_t count;
	uint32_t *places; /* row + 1; 0: free */
	size_t mask;
};

static size_t hash(const char *text)
{
	size_t h = 1469598103934665603U;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 1099511628211U;
	return h ^ h >> 29;
}

/* The mail's row, a new one when it is not known; NULL: the table is full. */
static struct logged *row_of(struct table *t, const char *mail)
{
	for (size_t i = 0, at = hash(mail); i < PROBE_MAX; i++, at++) {
		uint32_t *place = &t->places[at & t->mask];

		if (*place == 0) {
			if (t->count * 2 > t->mask)
				return NULL;
			struct logged *row = &t->rows[t->count++];

			(void)strcpy(row->mail, mail);
			*place = (uint32_t)t->count;
			return row;
		}
		if (strcmp(t->rows[*place - 1].mail, mail) == 0)
			return &t->rows[*place - 1];
	}
	return NULL;
}

static void event_note(struct table *t, const struct log_event *event)
{
	struct logged *row = row_of(t, event->mail);

	if (row == NULL)
		return;
	if (row->at_ns[event->point] == 0)
		row->at_ns[event->point] = event->at_ns;
	for (unsigned i = 0; i < event->span_count; i++) {
		for (size_t k = 0; k < COUNT(of_span); k++) {
			if (strcmp(of_span[k].name, event->spans[i].name) != 0)
				continue;
			row->span_ns[k] = event->spans[i].ns;
			row->has_span[k] = true;
		}
	}
}

static void log_read(struct table *t, const struct server_log *log, struct slice text)
{
	while (text.len > 0) {
		struct slice line = slice_first(text, slice_find(text, '\n'));
		struct log_event event;

		text = slice_skip(text, line.len + 1);
		if (log->line(slice_trim(line), &event) && event.mail[0] != '\0')
			event_note(t, &event);
	}
}

/* Two ticks at least, or it is rounding. */
static void server_stage_add(json_t *list, const char *name, const char *in, double *ms,
	size_t count, const struct server_log *log)
{
	double tick_ms = (double)log->tick_ns / (double)NS_PER_MS;

	if (count > 0 && stats_median(ms, count) >= 2 * tick_ms)
		stage_add(list, name, in, "server", ms, count);
}

static void server_add(json_t *list, const struct table *t, const struct server_log *log,
	size_t skip, double *room)
{
	for (size_t i = 0; i < COUNT(of_server); i++) {
		size_t used = 0;

		for (size_t k = skip; k < t->count; k++) {
			uint64_t from = t->rows[k].at_ns[of_server[i].from],
				 to = t->rows[k].at_ns[of_server[i].to];

			if (from > 0 && to >= from)
				room[used++] = (double)(to - from) / (double)NS_PER_MS;
		}
		server_stage_add(list, of_server[i].name, of_server[i].in, room, used, log);
	}
	for (size_t i = 0; i < COUNT(of_span); i++) {
		size_t used = 0;

		for (size_t k = skip; k < t->count; k++) {
			if (t->rows[k].has_span[i])
				room[used++] = (double)t->rows[k].span_ns[i] / (double)NS_PER_MS;
		}
		stage_add(list, of_span[i].name, of_span[i].in, "server", room, used);
	}
}

static size_t lines_of(struct slice text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == '\n';
	return count < MAILS_MAX ? count : MAILS_MAX;
}

json_t *stages_make(const struct sample *samples, size_t count, const struct server_log *log,
	struct slice text, size_t warmup_count)
{
	size_t mails = log != NULL ? lines_of(text) : 1, places = 4;
	json_t *list = json_array();

	while (places < 2 * mails + 2)
		places *= 2;
	auto_free struct logged *rows = calloc(mails + 1, sizeof *rows);
	auto_free uint32_t *place = calloc(places, sizeof *place);
	auto_free double *room = calloc((mails > count ? mails : count) + 1, sizeof *room);
	if (list == NULL || rows == NULL || place == NULL || room == NULL) {
		json_decref(list);
		return NULL;
	}
	client_add(list, samples, count, room);
	if (log == NULL)
		return list;
	struct table t = { .rows = rows, .places = place, .mask = places - 1 };
	log_read(&t, log, text);
	server_add(list, &t, log, warmup_count, room);
	return list;
}
