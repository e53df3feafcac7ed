/* SPDX-License-Identifier: MIT */
#include "session/imap/imap.h"

#include "base/log.h"
#include "syntax/imap_name.h"
#include "syntax/imap_text.h"

#include <stdarg.h>
#include <stdio.h>

bool imap_is_utf8(const struct imap *s)
{
	return (s->enabled & (IMAP_ENABLED_REV2 | IMAP_ENABLED_UTF8)) != 0;
}

bool imap_is_uid_only(const struct imap *s)
{
	return (s->enabled & IMAP_ENABLED_UIDONLY) != 0;
}

bool imap_push(struct imap *s)
{
	struct client *c = &s->client;

	if (s->is_broken)
		return false;
	/* Each piece anew: a long answer over a slow line may take longer than a command. */
	conn_write_until(
		c->conn, clock_mono_ns(c->host->clock) + c->host->data_wait_ms * NS_PER_MS);
	if (s->out.len > 0)
		s->is_broken = !conn_write(c->conn, buf_slice(&s->out));
	buf_clear(&s->out);
	return !s->is_broken;
}

void imap_wrote(struct imap *s, bool wrote)
{
	if (!wrote)
		s->is_broken = true;
	else if (s->out.len >= IMAP_OUT_BYTES)
		(void)imap_push(s);
}

void imap_put(struct imap *s, struct slice text)
{
	if (s->is_broken)
		return;
	imap_wrote(s, buf_add(&s->out, text));
}

/* Many bytes go past `out`: they are copied once less. */
void imap_put_bytes(struct imap *s, struct slice bytes)
{
	if (bytes.len < IMAP_OUT_BYTES / 4) {
		imap_put(s, bytes);
		return;
	}
	if (imap_push(s))
		s->is_broken = !conn_write(s->client.conn, bytes);
}

PRINTF_LIKE(2, 0) static void put_words(struct imap *s, const char *format, va_list words)
{
	char line[LIMIT_REPLY_BYTES];
	int len = vsnprintf(line, sizeof line, format, words);

	if (len < 0)
		s->is_broken = true;
	else
		imap_put(s, (struct slice){ line,
				    (size_t)len < sizeof line ? (size_t)len : sizeof line - 1 });
}

void imap_put_format(struct imap *s, const char *format, ...)
{
	va_list words;

	va_start(words, format);
	put_words(s, format, words);
	va_end(words);
}

void imap_put_name(struct imap *s, struct slice mailbox)
{
	imap_wrote(s, imap_name_write(&s->out, mailbox, imap_is_utf8(s)));
}

void imap_put_string(struct imap *s, struct slice text)
{
	imap_wrote(s, imap_text_string(&s->out, text, imap_is_utf8(s)));
}

/* ---- The tagged answer ---- */

/* What others did meanwhile stands before it. */
static enum next say_end(struct imap *s, struct slice word, struct slice text)
{
	if (!imap_tell_news(s))
		return NEXT_CLOSE;
	imap_put(s, s->tag.len > 0 ? s->tag : S("*"));
	imap_put(s, S(" "));
	imap_put(s, word);
	imap_put(s, S(" "));
	imap_put(s, text);
	imap_put(s, S("\r\n"));
	return imap_push(s) ? NEXT_AGAIN : NEXT_CLOSE;
}

enum next imap_ok(struct imap *s, struct slice text)
{
	return say_end(s, S("OK"), text);
}

enum next imap_no(struct imap *s, struct slice text)
{
	return say_end(s, S("NO"), text);
}

enum next imap_bad(struct imap *s, struct slice text)
{
	struct client *c = &s->client;

	client_count(c, COUNT_REFUSED_SYNTAX);
	if (++c->errors < c->host->errors_max)
		return say_end(s, S("BAD"), text);
	client_count(c, COUNT_TOO_MANY_ERRORS);
	log_event(LOG_LEVEL_INFO, "imap.too-many-errors", LOG_TEXT("peer", conn_peer(c->conn)),
		LOG_TEXT("reply", text));
	(void)say_end(s, S("BAD"), text);
	return imap_bye(s, S("Too many errors, closing the connection"));
}

PRINTF_LIKE(3, 0)
static enum next say_format(struct imap *s, enum next (*say)(struct imap *, struct slice),
	const char *format, va_list words)
{
	char text[LIMIT_REPLY_BYTES];
	int len = vsnprintf(text, sizeof text, format, words);

	if (len < 0)
		return NEXT_CLOSE;
	return say(s,
		(struct slice){ text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1 });
}

enum next imap_no_format(struct imap *s, const char *format, ...)
{
	va_list words;
	enum next next;

	va_start(words, format);
	next = say_format(s, imap_no, format, words);
	va_end(words);
	return next;
}

enum next imap_ok_format(struct imap *s, const char *format, ...)
{
	va_list words;
	enum next next;

	va_start(words, format);
	next = say_format(s, imap_ok, format, words);
	va_end(words);
	return next;
}

enum next imap_misparsed(struct imap *s)
{
	if (s->parse.is_bad_charset)
		return imap_no(s, S("[BADCHARSET (UTF-8)] Use UTF-8"));
	return imap_bad(s, slice_of(s->parse.why));
}

void imap_note_failure(struct imap *s, const struct error *e)
{
	client_count(&s->client, COUNT_STORE_FAILURES);
	log_event(LOG_LEVEL_ERROR, "imap.failed", LOG_TEXT("peer", conn_peer(s->client.conn)),
		LOG_TEXT("why", slice_of(e->text)));
}

/* RFC 5530: UNAVAILABLE may work later, SERVERBUG needs somebody to look. Our insides stay in the log. */
enum next imap_failed(struct imap *s, const struct error *e)
{
	imap_note_failure(s, e);
	if (e->fault == FAULT_NEVER)
		return imap_no(s, S("[SERVERBUG] The server has a problem with this"));
	return imap_no(s, S("[UNAVAILABLE] Temporary failure, try again later"));
}

/* It leaves when the connection is closed. */
enum next imap_bye(struct imap *s, struct slice text)
{
	imap_put(s, S("* BYE "));
	imap_put(s, text);
	imap_put(s, S("\r\n"));
	(void)imap_push(s);
	return NEXT_CLOSE;
}
