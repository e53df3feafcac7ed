/* SPDX-License-Identifier: MIT */
#include "deliver/attempt.h"

#include "syntax/smtp_line.h"

#include <inttypes.h>
#include <stdio.h>

/* Also when the arena is full: the outcome counts, the words are for people. */
static void settle(struct attempt *a, size_t rcpt, enum outcome outcome, const char *words)
{
	struct slice copy = arena_copy(a->arena, slice_of(words));

	a->outcomes[rcpt] = outcome;
	a->item->rcpts[rcpt].last_reply = copy.at != NULL ? copy : S("");
}

static bool is_waiting(const struct attempt *a, size_t rcpt)
{
	return a->item->rcpts[rcpt].fate == SPOOL_WAITING && a->outcomes[rcpt] == OUTCOME_NONE;
}

static void settle_all(struct attempt *a, enum outcome outcome, const char *words)
{
	for (size_t i = 0; i < a->item->rcpt_count; i++)
		if (is_waiting(a, i))
			settle(a, i, outcome, words);
}

static enum outcome outcome_of(const struct smtp_reply *reply)
{
	return reply->code < 300    ? OUTCOME_RELAYED
	       : reply->code >= 500 ? OUTCOME_NEVER
				    : OUTCOME_LATER;
}

static bool has_high_byte(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.at[i] >= 0x80)
			return true;
	return false;
}

/* What the bytes really need, whatever MAIL declared: a plain mail passes every host. */
struct needs {
	bool has_8bit, has_8bit_header;
};

static bool look_at_body(struct attempt *a, struct needs *ret, struct error *e)
{
	struct body_reader reader;
	struct slice piece;
	bool is_read, is_header = true;
	unsigned newlines = 0; /* in a row, CRs left out */

	*ret = (struct needs){ .has_8bit = false };
	body_open(&reader, a->store, &a->item->entry);
	do {
		is_read = body_next(&reader, &piece, e);
		for (size_t i = 0; is_read && i < piece.len; i++) {
			unsigned char byte = (unsigned char)piece.at[i];

			if (byte != '\r')
				newlines = byte == '\n' ? newlines + 1 : 0;
			is_header = is_header && newlines < 2;
			ret->has_8bit |= byte >= 0x80;
			ret->has_8bit_header |= byte >= 0x80 && is_header;
		}
	} while (is_read && piece.len > 0); /* bounded by the entry's bytes */
	body_close(&reader);
	return is_read;
}

static bool wants_utf8(const struct attempt *a, const struct needs *needs)
{
	bool has = needs->has_8bit_header || has_high_byte(a->item->reverse_path);

	for (size_t i = 0; i < a->item->rcpt_count; i++)
		has = has || (is_waiting(a, i) && has_high_byte(a->item->rcpts[i].address));
	return a->item->is_utf8 && has;
}

/* We do not rewrite mails: what the next host cannot take goes back (RFC 6152 3, RFC 6531 3.6). */
static const char *obstacle(const struct attempt *a, const struct needs *needs)
{
	unsigned features = a->client.features, both = FEATURE_CHUNKING | FEATURE_BINARYMIME;

	if (a->item->body_type == SMTP_BODY_BINARYMIME && (features & both) != both)
		return "554 5.6.3 the next host takes no binary mail";
	if (a->item->body_type != SMTP_BODY_BINARYMIME && needs->has_8bit &&
		(features & FEATURE_8BITMIME) == 0)
		return "554 5.6.3 the next host takes no 8-bit mail";
	if (wants_utf8(a, needs) && (features & FEATURE_SMTPUTF8) == 0)
		return "554 5.6.7 the next host takes no internationalised addresses";
	if (a->client.size_max > 0 && a->item->entry.bytes > a->client.size_max)
		return "552 5.3.4 the mail is larger than the next host takes";
	return NULL;
}

static bool say_mail(
	struct attempt *a, const struct needs *needs, struct smtp_reply *reply, struct error *e)
{
	const struct spool_item *item = a->item;
	unsigned features = a->client.features;
	char size[40] = "";
	const char *body = "";
	bool has_dsn = (features & FEATURE_DSN) != 0;

	if ((features & FEATURE_SIZE) != 0)
		(void)snprintf(size, sizeof size, " SIZE=%" PRIu64, item->entry.bytes);
	if (item->body_type == SMTP_BODY_BINARYMIME)
		body = " BODY=BINARYMIME";
	else if (needs->has_8bit)
		body = " BODY=8BITMIME";
	return smtp_client_say(&a->client, reply, e, "MAIL FROM:<%.*s>%s%s%s%s%s%.*s",
		S_FMT(item->reverse_path), size, body, wants_utf8(a, needs) ? " SMTPUTF8" : "",
		has_dsn && item->ret == SMTP_RET_FULL   ? " RET=FULL"
		: has_dsn && item->ret == SMTP_RET_HDRS ? " RET=HDRS"
							: "",
		has_dsn && item->envid.len > 0 ? " ENVID=" : "", has_dsn ? (int)item->envid.len : 0,
		item->envid.len > 0 ? item->envid.at : "");
}

static void print_notify(unsigned notify, char room[64])
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = { { SMTP_NOTIFY_NEVER, "NEVER" }, { SMTP_NOTIFY_SUCCESS, "SUCCESS" },
		{ SMTP_NOTIFY_FAILURE, "FAILURE" }, { SMTP_NOTIFY_DELAY, "DELAY" } };
	size_t len = 0;

	room[0] = '\0';
	for (size_t i = 0; i < COUNT(words); i++)
		if ((notify & words[i].bit) != 0)
			len += (size_t)snprintf(room + len, 64 - len, "%s%s",
				len == 0 ? " NOTIFY=" : ",", words[i].word);
}

static bool say_rcpt(struct attempt *a, size_t at, struct smtp_reply *reply, struct error *e)
{
	const struct spool_rcpt *rcpt = &a->item->rcpts[at];
	bool has_dsn = (a->client.features & FEATURE_DSN) != 0;
	char notify[64];

	print_notify(has_dsn ? rcpt->notify : 0, notify);
	return smtp_client_say(&a->client, reply, e, "RCPT TO:<%.*s>%s%s%.*s", S_FMT(rcpt->address),
		notify, has_dsn && rcpt->orcpt.len > 0 ? " ORCPT=" : "",
		has_dsn ? (int)rcpt->orcpt.len : 0, rcpt->orcpt.len > 0 ? rcpt->orcpt.at : "");
}

/* Refused recipients are settled; the others wait for the body. */
static bool say_rcpts(struct attempt *a, size_t *ret_taken, struct error *e)
{
	struct smtp_reply reply;

	*ret_taken = 0;
	for (size_t i = 0; i < a->item->rcpt_count; i++) {
		if (!is_waiting(a, i))
			continue;
		if (!say_rcpt(a, i, &reply, e))
			return false;
		if (reply.code < 300)
			(*ret_taken)++;
		else
			settle(a, i, outcome_of(&reply), reply.text);
	}
	return true;
}

/* False: the bytes were not asked for (the reply says why), or the way broke. */
static bool send_body(struct attempt *a, struct smtp_reply *reply, struct error *e)
{
	const struct entry *entry = &a->item->entry;

	if (a->item->body_type != SMTP_BODY_BINARYMIME) {
		if (!smtp_client_say(&a->client, reply, e, "DATA") || reply->code != 354)
			return false;
		return smtp_client_send(&a->client, a->store, entry, false, e);
	}
	char command[48];
	int len = snprintf(command, sizeof command, "BDAT %" PRIu64 " LAST\r\n", entry->bytes);
	if (!conn_write(a->client.conn, (struct slice){ command, (size_t)len }))
		return fail(e, FAULT_LATER, "the connection broke");
	return smtp_client_send(&a->client, a->store, entry, true, e);
}

/* RFC 2033 4.2: LMTP answers once for each recipient that was taken, in their order. */
static bool read_results(struct attempt *a, struct error *e)
{
	struct smtp_reply reply;

	for (size_t i = 0; i < a->item->rcpt_count; i++) {
		if (!is_waiting(a, i))
			continue;
		if (!smtp_client_reply(&a->client, SMTP_CLIENT_END_MS, &reply, e))
			return false;
		if (!a->client.is_lmtp) {
			settle_all(a, outcome_of(&reply), reply.text);
			return true;
		}
		settle(a, i, outcome_of(&reply), reply.text);
	}
	return true;
}

static bool converse(struct attempt *a, const struct needs *needs, struct error *e)
{
	struct smtp_reply reply = { .code = 0 };
	size_t taken;
	const char *why = obstacle(a, needs);

	a->is_dsn_passed = (a->client.features & FEATURE_DSN) != 0;
	if (why != NULL) {
		settle_all(a, OUTCOME_NEVER, why);
		return true;
	}
	if (!say_mail(a, needs, &reply, e))
		return false;
	if (reply.code >= 300) {
		settle_all(a, outcome_of(&reply), reply.text);
		return true;
	}
	if (!say_rcpts(a, &taken, e))
		return false;
	if (taken == 0)
		return true;
	if (send_body(a, &reply, e))
		return read_results(a, e);
	if (e->fault == FAULT_NONE) /* DATA was refused: 2xx makes no sense there */
		settle_all(a, reply.code >= 500 ? OUTCOME_NEVER : OUTCOME_LATER, reply.text);
	return e->fault == FAULT_NONE;
}

void attempt_run(struct attempt *a)
{
	struct error e = { .fault = FAULT_NONE };
	struct needs needs;

	if (!look_at_body(a, &needs, &e) ||
		!smtp_client_open(&a->client, a->next_hop, a->our_name, &e) ||
		!converse(a, &needs, &e))
		settle_all(a, OUTCOME_LATER, e.text);
	smtp_client_close(&a->client);
}
