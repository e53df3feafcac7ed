/* SPDX-License-Identifier: MIT */
#include "session/smtp.h"

#include "base/limits.h"
#include "base/log.h"

#include <stdio.h>

/* A mail that is refused at MAIL leaves a trace too: it has an id and ends at once. */
static enum next mail_refuse(struct smtp *s, const struct smtp_mail_args *mail,
	enum session_counter counter, struct slice reply)
{
	enum next next;

	s->message = smtp_message_new(s, mail);
	next = smtp_refuse(s, counter, mail->path_text, reply);
	s->mail_count++; /* each is work and a trace, so they are bounded too */
	smtp_message_drop(s);
	return next;
}

static enum next mail_begin(struct smtp *s, const struct smtp_mail_args *mail)
{
	s->message = smtp_message_new(s, mail);
	if (s->message == NULL)
		return smtp_say(s, S("452 4.3.1 Out of memory, try again later"));
	s->mail_count++;
	s->phase = PHASE_MAIL;
	return smtp_say(s, S("250 2.1.0 Sender OK"));
}

/* RFC 6409 6.1: a submitter writes under his own names only. The null reverse-path is nobody's. */
static enum next mail_check_submitter(struct smtp *s, const struct smtp_mail_args *mail)
{
	struct error e = { .fault = FAULT_NONE };
	bool may = false;

	if (!mail->is_null && !smtp_submit_may_send(s, mail->path_text, &may, &e))
		return smtp_failed(s, &e);
	if (!may && !mail->is_null)
		return mail_refuse(s, mail, COUNT_REFUSED_SENDER,
			S("553 5.7.1 Sender address is not yours: it must be your account or one "
			  "of its aliases"));
	return mail_begin(s, mail);
}

static enum next mail_accept(struct smtp *s, const struct smtp_mail_args *mail)
{
	if (s->mail_count >= LIMIT_MAILS_PER_SESSION)
		return smtp_say(s, S("452 4.5.3 Too many mails in this session, reconnect"));
	if (mail->has_size && mail->size > s->client.host->message_bytes_max)
		return mail_refuse(s, mail, COUNT_REFUSED_SIZE,
			S("552 5.3.4 Message size exceeds the limit told with SIZE"));
	if (mail->path.needs_utf8 && !mail->wants_utf8)
		return smtp_wrong(s, S("553 5.6.7 That address needs SMTPUTF8"));
	if (smtp_kind(s) == SESSION_SUBMISSION)
		return mail_check_submitter(s, mail);
	return mail_begin(s, mail);
}

static enum next line_wrong(struct smtp *s, enum smtp_line_answer answer, const char *why)
{
	char reply[LIMIT_REPLY_BYTES];

	if (answer == SMTP_LINE_UNKNOWN_PARAMETER)
		return smtp_wrong(s, S("555 5.5.4 Unknown parameter"));
	(void)snprintf(reply, sizeof reply, "501 5.5.4 %s", why);
	return smtp_wrong(s, slice_of(reply));
}

enum next smtp_mail(struct smtp *s, struct slice args)
{
	struct smtp_mail_args mail = { 0 };
	const char *why = "Cannot parse that";
	enum smtp_line_answer answer = smtp_line_mail(args, &mail, &why);

	return answer == SMTP_LINE_OK ? mail_accept(s, &mail) : line_wrong(s, answer, why);
}

/* ---- RCPT ---- */

/* Unknown users in a row are a harvest of addresses: at the limit the session ends. */
static enum next rcpt_refuse(
	struct smtp *s, enum session_counter counter, struct slice path, struct slice reply)
{
	enum next next = smtp_refuse(s, counter, path, reply);

	smtp_message_note_refused(s->message, path);
	if (++s->rcpts_refused < s->client.host->rcpts_refused_max || next == NEXT_CLOSE)
		return next;
	client_count(&s->client, COUNT_TOO_MANY_ERRORS);
	return smtp_last_word(
		s, S("421 4.7.0 Too many refused recipients, closing the connection"));
}

static enum next rcpt_take(
	struct smtp *s, const struct smtp_rcpt_args *rcpt, struct targets targets)
{
	struct smtp_message *m = s->message;
	struct envelope_rcpt kept = {
		.address = arena_copy(&m->arena, rcpt->path_text),
		.orcpt = arena_copy(&m->arena, rcpt->orcpt),
		.notify = rcpt->notify,
	};

	if (kept.address.at == NULL || kept.orcpt.at == NULL ||
		!smtp_message_add_rcpt(m, &kept, targets))
		return smtp_say(s, S("452 4.3.1 Out of memory, try again later"));
	timeline_note(&m->timeline, s->client.host->clock, STAGE_RCPT, 0, kept.address);
	s->phase = PHASE_RCPT;
	return smtp_say(s, S("250 2.1.5 Recipient OK"));
}

static bool targets_are_remote(const struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++)
		if (targets->at[i].is_local)
			return false;
	return true;
}

/*
 * Room now, for the size that MAIL announced: what cannot fit is refused per recipient, before the bytes travel. A mail that
 * is bigger than the whole quota will never fit (552); a full mailbox may be emptied by its owner (452).
 */
static enum next rcpt_check_room(
	struct smtp *s, const struct smtp_rcpt_args *rcpt, struct targets targets)
{
	uint64_t bytes = s->message->declared_bytes > 0 ? s->message->declared_bytes : 1;

	if (s->client.host->relay_to[0] == '\0' && targets_are_remote(&targets))
		return rcpt_refuse(s, COUNT_REFUSED_RELAY, rcpt->path_text,
			S("550 5.7.1 That alias points to another host, and this server has no "
			  "next hop"));
	switch (intake_may(s->client.host->mail, &targets, bytes)) {
	case INTAKE_OK:
		return rcpt_take(s, rcpt, targets);
	case INTAKE_OVER_QUOTA:
		return rcpt_refuse(s, COUNT_REFUSED_QUOTA, rcpt->path_text,
			S("452 4.2.2 Mailbox is full, try again later"));
	case INTAKE_TOO_BIG:
		return rcpt_refuse(s, COUNT_REFUSED_QUOTA, rcpt->path_text,
			S("552 5.2.2 Message is bigger than this mailbox may hold"));
	case INTAKE_FAILED:
		break;
	}
	return smtp_say(s, S("451 4.3.0 Temporary failure, try again later"));
}

/*
 * Not ours. On port 25 and LMTP nobody has logged in, so nobody may relay; a submitter may when there is a next hop. There is
 * no setting that opens this to strangers.
 */
static enum next rcpt_remote(struct smtp *s, const struct smtp_rcpt_args *rcpt)
{
	struct smtp_message *m = s->message;
	struct target *one;

	if (rcpt->path.domain.len == 0)
		return rcpt_refuse(s, COUNT_REFUSED_UNKNOWN, rcpt->path_text,
			S("550 5.1.1 No such mailbox: nobody is postmaster here"));
	if (s->client.account == NULL)
		return rcpt_refuse(s, COUNT_REFUSED_RELAY, rcpt->path_text,
			S("550 5.7.1 Relaying denied: that domain is not served here"));
	if (s->client.host->relay_to[0] == '\0')
		return rcpt_refuse(s, COUNT_REFUSED_RELAY, rcpt->path_text,
			S("550 5.7.1 Relaying denied: this server has no next hop for other "
			  "domains"));
	one = arena_take(&m->arena, sizeof *one);
	if (one == NULL)
		return smtp_say(s, S("452 4.3.1 Out of memory, try again later"));
	one->address = arena_copy(&m->arena, rcpt->path_text);
	if (one->address.at == NULL)
		return smtp_say(s, S("452 4.3.1 Out of memory, try again later"));
	return rcpt_take(s, rcpt, (struct targets){ .at = one, .count = 1 });
}

/* RFC 5321 3.6.1: whoever is behind the address decides. */
static enum next rcpt_resolve(struct smtp *s, const struct smtp_rcpt_args *rcpt)
{
	struct smtp_message *m = s->message;
	struct error e = { .fault = FAULT_NONE };
	struct targets targets = { 0 };
	enum resolve answer;

	if (!directory_resolve(s->client.host->mail->directory, rcpt->path_text, &m->arena, &answer,
		    &targets, &e))
		return smtp_failed(s, &e);
	switch (answer) {
	case RESOLVE_OK:
		return rcpt_check_room(s, rcpt, targets);
	case RESOLVE_REMOTE:
		return rcpt_remote(s, rcpt);
	case RESOLVE_UNKNOWN:
		return rcpt_refuse(
			s, COUNT_REFUSED_UNKNOWN, rcpt->path_text, S("550 5.1.1 No such mailbox"));
	case RESOLVE_DISABLED:
		/* Disabling can be taken back and keeps everything; so the mail waits with its sender. */
		return rcpt_refuse(s, COUNT_REFUSED_UNKNOWN, rcpt->path_text,
			S("450 4.2.1 Mailbox is disabled, try again later"));
	case RESOLVE_BAD:
		break;
	}
	return rcpt_refuse(s, COUNT_REFUSED_UNKNOWN, rcpt->path_text,
		S("553 5.1.3 That address cannot exist"));
}

enum next smtp_rcpt(struct smtp *s, struct slice args)
{
	struct smtp_message *m = s->message;
	struct smtp_rcpt_args rcpt = { 0 };
	const char *why = "Cannot parse that";
	enum smtp_line_answer answer = smtp_line_rcpt(args, &rcpt, &why);

	if (answer != SMTP_LINE_OK)
		return line_wrong(s, answer, why);
	if (rcpt.path.needs_utf8 && !m->envelope.is_utf8)
		return smtp_wrong(s, S("553 5.6.7 That address needs SMTPUTF8 with MAIL"));
	if (m->envelope.rcpt_count >= s->client.host->rcpt_max ||
		m->target_count >= LIMIT_EXPANDED_RCPT_COUNT) {
		client_count(&s->client, COUNT_TOO_MANY_RCPTS);
		return smtp_say(s, S("452 4.5.3 Too many recipients, send them in another mail"));
	}
	return rcpt_resolve(s, &rcpt);
}
