/* SPDX-License-Identifier: MIT */
#include "session/smtp.h"

#include "base/limits.h"
#include "message/trace.h"

#include <stdlib.h>

enum {
	ADDED_FIELDS_BYTES = 8192,           /* Received with the longest names, Date, Message-ID */
	TRACE_ADDRESSES = 8 + TRACE_REFUSED, /* of a refused mail: enough to find it by */
};

/* What happened to the connection before this mail. */
static void message_note_session(const struct smtp *s, struct timeline *t)
{
	const struct client *c = &s->client;

	timeline_note_at(t, STAGE_CONNECTED, c->connected.mono_ns, c->connected.wall_ns, 0,
		conn_peer(c->conn));
	if (conn_has_tls(c->conn))
		timeline_note_at(t, STAGE_TLS, c->secured.mono_ns, c->secured.wall_ns, 0,
			conn_tls_text(c->conn));
	if (c->account != NULL)
		timeline_note_at(t, STAGE_AUTHENTICATED, c->authenticated.mono_ns,
			c->authenticated.wall_ns, 0, slice_of(c->account));
}

/* Everything in the envelope that is known at MAIL; the texts are copied, as the line's bytes go. */
static bool message_fill_envelope(
	struct smtp *s, struct smtp_message *m, const struct smtp_mail_args *args)
{
	struct client *c = &s->client;

	m->envelope = (struct envelope){
		.id = id_new(c->host->clock),
		.reverse_path = args->is_null ? S("") : arena_copy(&m->arena, args->path_text),
		.envid = arena_copy(&m->arena, args->envid),
		.ret = args->ret,
		.is_utf8 = args->wants_utf8,
		.body = args->body,
		.protocol = s->protocol,
		.hello = slice_of(s->hello),
		.peer_address = conn_peer_address(c->conn),
		.tls = conn_tls_text(c->conn),
		.account = slice_of(c->account),
		.wall_ns = clock_wall_ns(c->host->clock),
	};
	return m->envelope.reverse_path.at != NULL && m->envelope.envid.at != NULL;
}

struct smtp_message *smtp_message_new(struct smtp *s, const struct smtp_mail_args *args)
{
	struct smtp_message *m = calloc(1, sizeof *m);

	if (m == NULL)
		return NULL;
	m->arena.max = LIMIT_ARENA_BYTES;
	m->declared_bytes = args->has_size ? args->size : 0;
	header_init(&m->header);
	if (!message_fill_envelope(s, m, args)) {
		arena_done(&m->arena);
		free(m);
		return NULL;
	}
	timeline_begin(&m->timeline, m->envelope.id);
	message_note_session(s, &m->timeline);
	timeline_note(&m->timeline, s->client.host->clock, STAGE_MAIL, m->declared_bytes,
		m->envelope.reverse_path);
	return m;
}

/* Both lists grow together: recipient i of the envelope is recipient i of the intake. */
static bool message_grow_rcpts(struct smtp_message *m)
{
	size_t room = m->rcpt_room == 0 ? 4 : 2 * m->rcpt_room;
	struct envelope_rcpt *rcpts = realloc(m->envelope.rcpts, room * sizeof *rcpts);
	struct intake_rcpt *intake_rcpts;

	if (rcpts == NULL)
		return false;
	m->envelope.rcpts = rcpts;
	intake_rcpts = realloc(m->intake_rcpts, room * sizeof *intake_rcpts);
	if (intake_rcpts == NULL)
		return false;
	m->intake_rcpts = intake_rcpts;
	m->rcpt_room = room;
	return true;
}

bool smtp_message_add_rcpt(
	struct smtp_message *m, const struct envelope_rcpt *rcpt, struct targets targets)
{
	size_t at = m->envelope.rcpt_count;

	if (at == m->rcpt_room && !message_grow_rcpts(m))
		return false;
	m->envelope.rcpts[at] = *rcpt;
	m->intake_rcpts[at] = (struct intake_rcpt){ .targets = targets };
	m->envelope.rcpt_count++;
	m->target_count += targets.count;
	return true;
}

void smtp_message_note_refused(struct smtp_message *m, struct slice rcpt)
{
	struct slice kept;

	if (m->refused_count == COUNT(m->refused))
		return;
	kept = arena_copy(&m->arena, rcpt);
	if (kept.at != NULL)
		m->refused[m->refused_count++] = kept;
}

void smtp_message_refuse(struct smtp_message *m, enum session_counter counter, struct slice reply)
{
	if (m->refusal.len > 0)
		return;
	m->refusal = reply;
	m->refusal_counter = counter;
	m->was_refused = true;
	if (m->has_intake)
		intake_abandon(&m->intake);
	m->has_intake = false;
}

static void message_fail(struct smtp *s, const struct error *e)
{
	smtp_message_refuse(s->message, COUNT_STORE_FAILURES, smtp_reply_for(s, e));
}

/* ---- The header section, once it is whole ---- */

/* RFC 5321 6.3: a mail that has passed so many hosts goes in a circle. */
static bool message_is_looping(struct slice header)
{
	return header_count(header, S("Received")) > LIMIT_RECEIVED_COUNT;
}

static bool message_write_header(struct smtp *s, struct slice header, struct error *e)
{
	struct smtp_message *m = s->message;
	char room[ADDED_FIELDS_BYTES];
	struct buf added = BUF_OVER(room);
	bool has_one_rcpt = m->envelope.rcpt_count == 1;
	struct slice message_id;

	if (!trace_received(&m->envelope, slice_of(s->client.host->name),
		    has_one_rcpt ? m->envelope.rcpts[0].address : S(""), &added))
		return fail(e, FAULT_LATER, "write the Received field: too long");
	if (smtp_kind(s) == SESSION_SUBMISSION && !smtp_submit_add_fields(s, header, &added))
		return fail(e, FAULT_LATER, "add fields to a submitted mail: too long");
	intake_begin(&m->intake, s->client.host->mail, &m->envelope);
	m->has_intake = true;
	if (header_find(header, S("Message-ID"), &message_id))
		m->intake.message_id = slice_trim(message_id);
	return intake_add(&m->intake, buf_slice(&added), e) && intake_add(&m->intake, header, e);
}

static void message_header(struct smtp *s)
{
	struct smtp_message *m = s->message;
	struct slice header = buf_slice(&m->header.bytes);
	struct error e = { .fault = FAULT_NONE };

	m->has_header = true;
	if (message_is_looping(header)) {
		smtp_message_refuse(m, COUNT_REFUSED_LOOP,
			S("554 5.4.6 Too many Received fields: this mail goes in a circle"));
		return;
	}
	if (smtp_kind(s) == SESSION_SUBMISSION && !smtp_submit_check_header(s, header, &e))
		message_fail(s, &e);
	else if (m->refusal.len == 0 && !message_write_header(s, header, &e))
		message_fail(s, &e);
}

/* Past the header the bytes go straight on: no second look, no copy of ours. */
void smtp_message_bytes(struct smtp *s, struct slice bytes)
{
	struct smtp_message *m = s->message;
	struct error e = { .fault = FAULT_NONE };

	m->bytes += bytes.len;
	if (m->bytes > s->client.host->message_bytes_max)
		smtp_message_refuse(m, COUNT_REFUSED_SIZE,
			S("552 5.3.4 Message is bigger than the limit told with SIZE"));
	if (!m->has_header && m->refusal.len == 0) {
		size_t used = 0;

		if (!header_feed(&m->header, bytes, &used)) {
			(void)fail(&e, FAULT_LATER, "read the header section: out of memory");
			message_fail(s, &e);
			return;
		}
		bytes = slice_skip(bytes, used);
		if (m->header.is_complete || m->header.is_too_long)
			message_header(s);
	}
	if (bytes.len > 0 && m->refusal.len == 0 && !intake_add(&m->intake, bytes, &e))
		message_fail(s, &e);
}

/* ---- The end ---- */

/* A refused mail can be found too: by its addresses, its Message-ID, and in the log. */
static void message_trace_refused(struct smtp *s, const struct smtp_message *m)
{
	struct slice addresses[TRACE_ADDRESSES], message_id = S("");
	size_t count = 0;

	if (m->envelope.reverse_path.len > 0)
		addresses[count++] = m->envelope.reverse_path;
	for (size_t i = 0; i < m->envelope.rcpt_count && count < COUNT(addresses); i++)
		addresses[count++] = m->envelope.rcpts[i].address;
	for (size_t i = 0; i < m->refused_count && count < COUNT(addresses); i++)
		addresses[count++] = m->refused[i];
	if (m->header.bytes.len > 0 &&
		!header_find(buf_slice(&m->header.bytes), S("Message-ID"), &message_id))
		message_id = S("");
	timelines_add(s->client.host->mail->timelines, &m->timeline, slice_trim(message_id),
		addresses, count);
	timeline_log(&m->timeline);
}

static void message_free(struct smtp *s)
{
	struct smtp_message *m = s->message;

	if (m->has_intake)
		intake_abandon(&m->intake);
	header_done(&m->header);
	free(m->envelope.rcpts);
	free(m->intake_rcpts);
	arena_done(&m->arena);
	free(m);
	s->message = NULL;
}

void smtp_message_drop(struct smtp *s)
{
	if (s->message == NULL)
		return;
	if (s->message->was_refused)
		message_trace_refused(s, s->message);
	message_free(s);
}

/* One reply; in LMTP one for each recipient that was accepted (RFC 2033 4.2). */
static enum next message_say_refusal(struct smtp *s)
{
	struct smtp_message *m = s->message;
	size_t replies = smtp_kind(s) == SESSION_LMTP ? m->envelope.rcpt_count : 1;
	enum next next = smtp_refuse(s, m->refusal_counter, m->envelope.reverse_path, m->refusal);

	for (size_t i = 1; i < replies && next != NEXT_CLOSE; i++)
		next = smtp_say(s, m->refusal);
	return next;
}

/*
 * SMTP has one reply for all recipients. So that it never says yes for some and loses the others, everybody's room is looked at
 * with the real size before the commit. (LMTP answers each: the commit itself decides.)
 */
static void message_check_room(struct smtp *s)
{
	struct smtp_message *m = s->message;

	for (size_t i = 0; i < m->envelope.rcpt_count; i++) {
		enum intake_answer answer = intake_may(
			s->client.host->mail, &m->intake_rcpts[i].targets, m->intake.body.bytes);

		if (answer == INTAKE_OVER_QUOTA)
			smtp_message_refuse(m, COUNT_REFUSED_QUOTA,
				S("452 4.2.2 A recipient's mailbox is full, try again later"));
		if (answer == INTAKE_TOO_BIG)
			smtp_message_refuse(m, COUNT_REFUSED_QUOTA,
				S("552 5.2.2 Message is bigger than a recipient's mailbox may "
				  "hold"));
	}
}

static struct slice rcpt_reply(struct smtp *s, const struct intake_rcpt *rcpt)
{
	switch (rcpt->answer) {
	case INTAKE_OK:
		return S("");
	case INTAKE_OVER_QUOTA:
		return S("452 4.2.2 Mailbox is full, try again later");
	case INTAKE_TOO_BIG:
		return S("552 5.2.2 Message is bigger than this mailbox may hold");
	case INTAKE_FAILED:
		break;
	}
	return smtp_reply_for(s, &rcpt->error);
}

static void message_count(struct smtp *s, const struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		client_count(&s->client,
			targets->at[i].is_local ? COUNT_DELIVERED_LOCAL : COUNT_SPOOLED);
}

static enum next message_say_rcpt(struct smtp *s, const struct intake_rcpt *rcpt)
{
	struct smtp_message *m = s->message;
	struct slice reply = rcpt_reply(s, rcpt);
	char id[ID_TEXT_BYTES + 1];

	if (reply.len > 0)
		return smtp_refuse(s, COUNT_REFUSED_QUOTA, rcpt->rcpt->address, reply);
	return smtp_say_format(
		s, "250 2.0.0 Message accepted as %.*s", S_FMT(id_text(m->envelope.id, id)));
}

/* After the commit. In SMTP a recipient that failed speaks for all: a second copy is better than a lost mail. */
static enum next message_say_answers(struct smtp *s)
{
	struct smtp_message *m = s->message;
	struct intake_rcpt *failed = &m->intake_rcpts[0];
	enum next next = NEXT_AGAIN;

	for (size_t i = 0; i < m->envelope.rcpt_count && next != NEXT_CLOSE; i++) {
		struct intake_rcpt *rcpt = &m->intake_rcpts[i];

		if (rcpt->answer == INTAKE_OK)
			message_count(s, &rcpt->targets);
		else
			failed = rcpt;
		if (smtp_kind(s) == SESSION_LMTP)
			next = message_say_rcpt(s, rcpt);
	}
	return smtp_kind(s) == SESSION_LMTP ? next : message_say_rcpt(s, failed);
}

static enum next message_commit(struct smtp *s)
{
	struct smtp_message *m = s->message;
	enum next next;

	for (size_t i = 0; i < m->envelope.rcpt_count; i++)
		m->intake_rcpts[i].rcpt = &m->envelope.rcpts[i];
	timeline_note(
		&m->timeline, s->client.host->clock, STAGE_CHECKED, m->intake.body.bytes, S(""));
	m->has_intake = false;
	intake_commit(&m->intake, m->intake_rcpts, m->envelope.rcpt_count, &m->timeline);
	client_count(&s->client, COUNT_ACCEPTED);
	next = message_say_answers(s);
	/* The client goes on while we write the log and clear up; a pipeline is answered as a whole. */
	if (!conn_has_input(s->client.conn) && !conn_flush(s->client.conn))
		next = NEXT_CLOSE;
	timeline_log(&m->timeline);
	message_free(s);
	return next;
}

enum next smtp_message_finish(struct smtp *s)
{
	struct smtp_message *m = s->message;
	enum next next;

	s->phase = PHASE_READY;
	timeline_note(&m->timeline, s->client.host->clock, STAGE_RECEIVED, m->bytes, S(""));
	if (!m->has_header && m->refusal.len == 0)
		message_header(s); /* a mail without an empty line is all header */
	if (smtp_kind(s) != SESSION_LMTP && m->refusal.len == 0)
		message_check_room(s);
	if (m->refusal.len == 0)
		return message_commit(s);
	next = message_say_refusal(s);
	smtp_message_drop(s);
	return next;
}
