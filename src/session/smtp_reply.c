/* SPDX-License-Identifier: MIT */
#include "session/smtp.h"

#include "base/limits.h"
#include "base/log.h"

#include <stdio.h>

enum { STAGES_TO_COME = 6 /* rcpt, data, received, checked, committed or refused */ };

enum next smtp_say(struct smtp *s, struct slice reply)
{
	return client_say(&s->client, reply);
}

enum next smtp_say_format(struct smtp *s, const char *format, ...)
{
	enum next next;
	va_list words;

	va_start(words, format);
	next = client_say_words(&s->client, format, words);
	va_end(words);
	return next;
}

/* It leaves when the connection is closed. */
enum next smtp_last_word(struct smtp *s, struct slice reply)
{
	(void)smtp_say(s, reply);
	return NEXT_CLOSE;
}

/* Refused recipients may be many: the last places are for the stages that a mail has once. */
static void refusal_note(struct smtp *s, struct slice about, struct slice reply)
{
	struct smtp_message *m = s->message;
	char note[LIMIT_REPLY_BYTES];

	m->was_refused = true;
	if (m->refusal.len == 0 && m->timeline.stage_count + STAGES_TO_COME > TIMELINE_STAGES)
		return;
	about = slice_first(about, LIMIT_ADDRESS_BYTES);
	(void)snprintf(note, sizeof note, "<%.*s> %.*s", S_FMT(about), S_FMT(reply));
	timeline_note(&m->timeline, s->client.host->clock, STAGE_REFUSED, m->bytes, slice_of(note));
}

enum next smtp_refuse(
	struct smtp *s, enum session_counter counter, struct slice about, struct slice reply)
{
	struct smtp_message *m = s->message;

	client_count(&s->client, counter);
	if (m != NULL)
		refusal_note(s, about, reply);
	log_event(LOG_LEVEL_INFO, "smtp.refused", LOG_TEXT("peer", conn_peer(s->client.conn)),
		LOG_TEXT("about", about), LOG_TEXT("reply", reply));
	return smtp_say(s, reply);
}

enum next smtp_wrong(struct smtp *s, struct slice reply)
{
	client_count(&s->client, COUNT_REFUSED_SYNTAX);
	if (++s->client.errors < s->client.host->errors_max)
		return smtp_say(s, reply);
	client_count(&s->client, COUNT_TOO_MANY_ERRORS);
	log_event(LOG_LEVEL_INFO, "smtp.too-many-errors",
		LOG_TEXT("peer", conn_peer(s->client.conn)), LOG_TEXT("reply", reply));
	return smtp_last_word(s, S("421 4.7.0 Too many errors, closing the connection"));
}

struct slice smtp_reply_for(struct smtp *s, const struct error *e)
{
	client_count(&s->client, COUNT_STORE_FAILURES);
	log_event(LOG_LEVEL_ERROR, "smtp.failed", LOG_TEXT("peer", conn_peer(s->client.conn)),
		LOG_TEXT("why", slice_of(e->text)));
	switch (e->fault) {
	case FAULT_NEVER:
		return S("554 5.3.0 This message cannot be handled here");
	case FAULT_NONE:
	case FAULT_LATER:
	case FAULT_GONE:
		break;
	}
	return S("451 4.3.0 Temporary failure, try again later");
}

enum next smtp_failed(struct smtp *s, const struct error *e)
{
	return smtp_say(s, smtp_reply_for(s, e));
}
