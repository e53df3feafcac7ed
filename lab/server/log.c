/* SPDX-License-Identifier: MIT */
#include "lab/server/log.h"

#include "base/clock.h"

#include <string.h>
#include <time.h>

const char *log_point_name(enum log_point point)
{
	static const char *const names[LOG_POINT_COUNT] = { "connected", "data", "received",
		"checked", "committed", "notified", "fetched", "delivery", "delivered" };

	return point < LOG_POINT_COUNT ? names[point] : "unknown";
}

/* The text behind `key` up to `end` or the line's end; empty when the key is not there. */
static struct slice behind(struct slice line, const char *key, const char *ends)
{
	const char *at = memmem(line.at, line.len, key, strlen(key));

	if (at == NULL)
		return S("");
	struct slice rest = slice_skip(line, (size_t)(at - line.at) + strlen(key));
	size_t len = 0;

	while (len < rest.len && strchr(ends, rest.at[len]) == NULL)
		len++;
	return slice_first(rest, len);
}

static bool has(struct slice line, const char *text)
{
	return memmem(line.at, line.len, text, strlen(text)) != NULL;
}

/* A mail's name; one that is too long is no name of ours. */
static bool mail_take(struct slice name, struct log_event *ret)
{
	return name.len > 0 && slice_text(name, ret->mail, sizeof ret->mail);
}

/* "0.012", "0.012s", "3s": as nanoseconds. */
static bool seconds_take(struct slice text, uint64_t *ret_ns)
{
	uint64_t whole = 0, part = 0;
	size_t dot = slice_find(text, '.');
	struct slice digits = slice_skip(text, dot + 1);

	if (text.len > 0 && text.at[text.len - 1] == 's')
		digits.len -= digits.len > 0;
	struct slice head = slice_first(text, dot);
	if (dot == text.len && head.len > 0 && head.at[head.len - 1] == 's')
		head.len--;
	if (!slice_number(head, UINT32_MAX, &whole) || digits.len > 9 ||
		(digits.len > 0 && !slice_number(digits, UINT32_MAX, &part)))
		return false;
	for (size_t i = digits.len; i < 9; i++)
		part *= 10;
	*ret_ns = whole * NS_PER_S + part;
	return true;
}

static void span_add(struct log_event *e, const char *name, struct slice text)
{
	uint64_t ns = 0;

	if (e->span_count < LOG_SPANS_MAX && seconds_take(text, &ns))
		e->spans[e->span_count++] = (struct log_span){ name, ns };
}

static bool two_digits(struct slice s, size_t at, uint64_t max, int *ret)
{
	uint64_t number = 0;

	if (at + 2 > s.len || !slice_number((struct slice){ s.at + at, 2 }, max, &number))
		return false;
	*ret = (int)number;
	return true;
}

static bool clock_take(struct slice s, struct tm *t)
{
	return s.len >= 8 && s.at[2] == ':' && s.at[5] == ':' &&
	       two_digits(s, 0, 23, &t->tm_hour) && two_digits(s, 3, 59, &t->tm_min) &&
	       two_digits(s, 6, 60, &t->tm_sec);
}

/* "2026-11-23T05:26:30.123456" */
static bool date_take(struct slice s, struct tm *t)
{
	uint64_t year = 0;

	if (s.len < 19 || s.at[4] != '-' || s.at[7] != '-' ||
		(s.at[10] != 'T' && s.at[10] != ' ') ||
		!slice_number(slice_first(s, 4), 9999, &year) || year < 1970 ||
		!two_digits(s, 5, 12, &t->tm_mon) || t->tm_mon == 0 ||
		!two_digits(s, 8, 31, &t->tm_mday) || !clock_take(slice_skip(s, 11), t))
		return false;
	t->tm_year = (int)year - 1900;
	t->tm_mon--;
	return true;
}

/* "Nov 23 05:26:30", RFC 3164: no year */
static bool syslog_take(struct slice s, struct tm *t)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint64_t day = 0;

	if (s.len < 15 || s.at[3] != ' ' ||
		!slice_number(slice_trim((struct slice){ s.at + 4, 2 }), 31, &day) ||
		!clock_take(slice_skip(s, 7), t))
		return false;
	for (int i = 0; i < 12; i++) {
		if (memcmp(months + (size_t)3 * (unsigned)i, s.at, 3) == 0) {
			t->tm_mon = i;
			t->tm_mday = (int)day;
			t->tm_year = 70;
			return true;
		}
	}
	return false;
}

bool log_time(struct slice text, uint64_t *ret_ns)
{
	struct tm t = { 0 };
	uint64_t part = 0;

	if (date_take(text, &t)) {
		struct slice rest = slice_skip(text, 19);
		size_t len = 1;

		while (len < rest.len && ascii_is_digit(rest.at[len]))
			len++;
		if (rest.len > 1 && rest.at[0] == '.' &&
			!seconds_take((struct slice){ text.at + 18, 1 + len }, &part))
			return false;
		part %= NS_PER_S;
	} else if (!syslog_take(text, &t)) {
		return false;
	}
	*ret_ns = (uint64_t)timegm(&t) * NS_PER_S + part;
	return true;
}

/* Ours: docs/log.md. */
static bool mailvisor_line(struct slice line, struct log_event *ret)
{
	struct slice stage = behind(line, " stage=", " ");

	*ret = (struct log_event){ .at_ns = 0 };
	if (!has(line, " ev=mail.stage") || !mail_take(behind(line, " msg=", " "), ret) ||
		!slice_number(behind(line, " mono=", " "), UINT64_MAX, &ret->at_ns))
		return false;
	for (unsigned i = 0; i < LOG_POINT_COUNT; i++) {
		if (slice_same(stage, slice_of(log_point_name((enum log_point)i)))) {
			ret->point = (enum log_point)i;
			return true;
		}
	}
	return false;
}

const struct server_log log_mailvisor = {
	.name = "mailvisor",
	.tick_ns = 1,
	.is_monotonic = true,
	.line = mailvisor_line,
};

/* "…postfix/lmtp[12]: 4BsX…: to=<…>, …, delays=a/b/c/d, …, status=sent": before the queue manager, in the
 * queue, connection set-up, transmission (postconf(5), delay_logging_resolution_limit). */
static bool postfix_line(struct slice line, struct log_event *ret)
{
	static const char *const names[LOG_SPANS_MAX] = { "receive", "queue", "connect",
		"deliver" };
	struct slice delays = behind(line, " delays=", ",");

	*ret = (struct log_event){ .point = LOG_DELIVERED };
	if (!has(line, " postfix/") || !mail_take(behind(line, "]: ", ":"), ret))
		return false;
	struct slice id = behind(line, " message-id=<", ">");
	if (id.len > 0) {
		ret->point = LOG_RECEIVED;
		ret->message_id = id;
	} else if (!has(line, " status=sent") || delays.len == 0) {
		return false;
	}
	for (size_t i = 0; i < COUNT(names) && delays.len > 0; i++) {
		size_t slash = slice_find(delays, '/');

		span_add(ret, names[i], slice_first(delays, slash));
		delays = slice_skip(delays, slash + 1);
	}
	(void)log_time(line, &ret->at_ns);
	return true;
}

const struct server_log log_postfix = {
	.name = "postfix",
	.tick_ns = NS_PER_S,
	.line = postfix_line,
};

/* "2026-11-23 05:26:30.123 1rABCD-00001x-2a <= …" and "=> … QT=0.034s DT=0.010s" */
static bool exim_line(struct slice line, struct log_event *ret)
{
	size_t date = slice_find(line, ' ');
	struct slice rest = slice_skip(line, date + 1);
	struct slice clock = slice_first(rest, slice_find(rest, ' '));

	rest = slice_skip(rest, clock.len + 1);
	struct slice id = slice_first(rest, slice_find(rest, ' '));
	struct slice what = slice_first(slice_skip(rest, id.len + 1), 3);

	*ret = (struct log_event){ .at_ns = 0 };
	if (!log_time(line, &ret->at_ns) || !mail_take(id, ret))
		return false;
	if (slice_same(what, S("<= "))) {
		ret->point = LOG_RECEIVED;
		ret->message_id = behind(line, " id=", " ");
		span_add(ret, "receive", behind(line, " RT=", " "));
		return true;
	}
	ret->point = LOG_DELIVERED;
	span_add(ret, "queue", behind(line, " QT=", " "));
	span_add(ret, "deliver", behind(line, " DT=", " "));
	return slice_same(what, S("=> "));
}

const struct server_log log_exim = {
	.name = "exim",
	.tick_ns = NS_PER_MS,
	.line = exim_line,
};

/* "… mda delivery evpid=0123456789abcdef … delay=0s result=Ok stat=Delivered" and "… smtp message msgid=01234567 …" */
static bool opensmtpd_line(struct slice line, struct log_event *ret)
{
	struct slice envelope = behind(line, " evpid=", " ");
	struct slice message = behind(line, " msgid=", " ");

	*ret = (struct log_event){ .point = LOG_DELIVERED };
	if (has(line, " smtp message ") && mail_take(message, ret)) {
		ret->point = LOG_RECEIVED;
		return true;
	}
	/* The first half of an envelope's name is its message's. */
	if (!has(line, " result=Ok") || !has(line, " delivery ") ||
		!mail_take(slice_first(envelope, 8), ret))
		return false;
	span_add(ret, "queue and deliver", behind(line, " delay=", " "));
	return true;
}

const struct server_log log_opensmtpd = {
	.name = "opensmtpd",
	.tick_ns = NS_PER_S,
	.line = opensmtpd_line,
};

/* "2026-11-23 05:26:30.123456 lmtp(alice@b.example)<12><…>: Info: msgid=<…>: saved mail to INBOX" */
static bool dovecot_line(struct slice line, struct log_event *ret)
{
	*ret = (struct log_event){ .point = LOG_DELIVERED };
	ret->message_id = behind(line, " msgid=<", ">");
	(void)log_time(line, &ret->at_ns);
	return has(line, "saved mail to ") && mail_take(ret->message_id, ret);
}

const struct server_log log_dovecot = {
	.name = "dovecot",
	.tick_ns = NS_PER_US,
	.line = dovecot_line,
};

enum { HMAILSERVER_FIELDS = 6 };

/* Fields between tabs, without their quotes; returns how many. */
static size_t hmailserver_fields(struct slice line, struct slice ret[HMAILSERVER_FIELDS])
{
	size_t count = 0;

	while (count < HMAILSERVER_FIELDS && line.len > 0) {
		struct slice one = slice_first(line, slice_find(line, '\t'));

		line = slice_skip(line, one.len + 1);
		one = slice_trim(one);
		if (one.len >= 2 && one.at[0] == '"' && one.at[one.len - 1] == '"')
			one = (struct slice){ one.at + 1, one.len - 2 };
		ret[count++] = one;
	}
	return count;
}

/* "SMTPDeliverer - Message 17: Delivering message from …", "… 17: Message delivery thread completed." */
static bool hmailserver_deliverer(struct slice text, struct log_event *ret)
{
	if (!slice_starts(text, S("SMTPDeliverer - Message ")) ||
		!mail_take(behind(text, " Message ", ":"), ret))
		return false;
	ret->point = has(text, ": Delivering message from ") ? LOG_DELIVERY : LOG_DELIVERED;
	return ret->point == LOG_DELIVERY || has(text, ": Message delivery thread completed");
}

/* "RECEIVED: DATA", "SENT: 250 Queued (0.016 seconds)": a session's number stands for its mail. */
static bool hmailserver_session(struct slice session, struct slice text, struct log_event *ret)
{
	ret->point = slice_same(text, S("RECEIVED: DATA")) ? LOG_DATA : LOG_RECEIVED;
	span_add(ret, "queue", behind(text, "Queued (", " )"));
	return mail_take(session, ret) &&
	       (ret->point == LOG_DATA || slice_starts(text, S("SENT: 250 Queued")));
}

static bool hmailserver_line(struct slice line, struct log_event *ret)
{
	struct slice f[HMAILSERVER_FIELDS];
	size_t count = hmailserver_fields(line, f);

	*ret = (struct log_event){ .at_ns = 0 };
	if (count == 4 && slice_same(f[0], S("APPLICATION")))
		return log_time(f[2], &ret->at_ns) && hmailserver_deliverer(f[3], ret);
	return count == 6 && slice_same(f[0], S("SMTPD")) && log_time(f[3], &ret->at_ns) &&
	       hmailserver_session(f[2], f[5], ret);
}

const struct server_log log_hmailserver = {
	.name = "hmailserver",
	.tick_ns = NS_PER_MS,
	.line = hmailserver_line,
};
