/* SPDX-License-Identifier: MIT */
#include "session/imap/appending.h"
#include "session/imap/catenate.h"
#include "session/imap/place.h"

#include "base/limits.h"

enum {
	/* of messages of the largest size: what URLs of one command may copy, for a few bytes of it can name gigabytes */
	CATENATE_COPY_MESSAGES = 4,
};

void appending_refuse(struct appending *a, struct slice text)
{
	if (a->refusal.len == 0)
		a->refusal = text;
}

void appending_refuse_failure(struct appending *a, struct error *e)
{
	imap_note_failure(a->s, e);
	appending_refuse(a, S("[UNAVAILABLE] Temporary failure, try again later"));
	error_clear(e);
}

/* The message that goes: its number or UID as the client knows it. */
static bool replaced_find(struct appending *a, uint32_t *ret_uid)
{
	const struct uids *all = &a->s->view.uids;
	uint32_t number = a->command.number;

	if (number == IMAP_STAR)
		*ret_uid = uids_last(all);
	else if (a->s->is_uid)
		*ret_uid = uids_has(all, number) ? number : 0;
	else
		*ret_uid = uids_at(all, number);
	if (*ret_uid == 0)
		appending_refuse(a, S("[NONEXISTENT] There is no such message to be replaced"));
	return *ret_uid != 0;
}

static void replaced_open(struct appending *a)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_there;
	uint32_t uid;

	if (!replaced_find(a, &uid))
		return;
	if (!append_replaces(a->append, a->s->view.folder, uid, &is_there, &e))
		appending_refuse_failure(a, &e);
	else if (!is_there)
		appending_refuse(a, S("[EXPUNGEISSUED] The message to be replaced is gone"));
}

void appending_open(struct appending *a)
{
	struct imap *s = a->s;
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;

	if (a->append != NULL || a->refusal.len > 0)
		return;
	/* RFC 8508 4.1: what replaces something deletes and expunges it, too. */
	if (a->command.is_replace && !imap_may(s, IMAP_RIGHT_TRASH | IMAP_RIGHT_EXPUNGE))
		return appending_refuse(a, S("[NOPERM] You may not remove messages from here"));
	answer = imap_into_open(s, a->command.mailbox, &a->into, &e);
	if (answer == MAILBOX_FAILED)
		appending_refuse_failure(a, &e);
	else if (answer == MAILBOX_DENIED)
		appending_refuse(a, S("[NOPERM] You may not put messages there"));
	else if (answer != MAILBOX_OK)
		appending_refuse(a, S("[TRYCREATE] There is no such mailbox"));
	if (answer != MAILBOX_OK)
		return;
	a->append = append_begin(s->client.host->mail, a->into.folder, &a->into.target, &e);
	if (a->append == NULL)
		appending_refuse_failure(a, &e);
	else if (a->command.is_replace)
		replaced_open(a);
}

/* An entry's times are from 1970 to 2262; what the client says outside becomes the nearest. */
static uint64_t wall_ns_of(int64_t seconds)
{
	const int64_t last = (int64_t)(INT64_MAX / NS_PER_S);

	return seconds <= 0 ? 1 : (uint64_t)(seconds < last ? seconds : last) * NS_PER_S;
}

/* The message whose bytes have all come. */
static void message_finish(struct appending *a)
{
	const struct imap_append_message *m = a->open;
	struct append_message message = { 0 };
	struct error e = { .fault = FAULT_NONE };
	size_t missing;

	a->open = NULL;
	a->added = m;
	/* RFC 3502 6.3.11: an empty message is how a client says that it has changed its mind. */
	if (a->body->bytes == 0)
		return appending_refuse(a, S("[CANNOT] An empty message is not appended"));
	/* RFC 4314 4: what one may not set is left out, and the message comes all the same. */
	message.flags =
		imap_flags_allowed(a->into.rights, m->flags.system & ~(unsigned)IMAP_FLAG_RECENT);
	if (m->has_time) {
		message.received_ns = wall_ns_of(m->time.seconds);
		message.zone_min = m->time.zone_minutes;
	}
	if (!folder_keywords_bits(a->into.folder, m->flags.keywords,
		    (a->into.rights & IMAP_RIGHT_WRITE) != 0 ? m->flags.keyword_count : 0, true,
		    &message.keywords, &missing, &e) ||
		!append_add(a->append, &message, NULL, &e))
		appending_refuse_failure(a, &e);
}

void appending_check_room(struct appending *a, uint64_t more)
{
	uint64_t bytes = a->body->bytes + more;

	if (bytes > a->s->client.host->message_bytes_max) {
		appending_refuse(a, S("[TOOBIG] That message is over the limit of APPENDLIMIT"));
		return;
	}
	switch (append_may(a->append, bytes)) {
	case APPEND_OK:
		return;
	case APPEND_OVER_QUOTA:
	case APPEND_TOO_BIG:
		return appending_refuse(a, S("[OVERQUOTA] There is no room for it"));
	case APPEND_FULL:
		return appending_refuse(a, S("[LIMIT] That mailbox can take no more"));
	case APPEND_GONE:
		return appending_refuse(a, S("[TRYCREATE] That mailbox was deleted"));
	case APPEND_FAILED:
		break;
	}
	appending_refuse(a, S("[UNAVAILABLE] Temporary failure, try again later"));
}

/* RFC 4469 5 and its erratum 2002: the URL as it came, but for bytes that a code cannot hold. */
static void refuse_url(struct appending *a, struct slice url, struct slice why)
{
	auto_buf text = { .max = LIMIT_IMAP_LITERAL_BYTES * 3 + 512 };
	bool is_good = buf_add(&text, S("[BADURL "));

	for (size_t i = 0; is_good && i < url.len; i++) {
		unsigned char byte = (unsigned char)url.at[i];

		is_good = byte <= ' ' || byte >= 127 || byte == ']'
				  ? buf_add_format(&text, "%%%02X", byte)
				  : buf_add_byte(&text, (char)byte);
	}
	is_good = is_good && buf_add(&text, S("] ")) && buf_add(&text, why);
	appending_refuse(a, is_good ? arena_copy(&a->s->arena, buf_slice(&text)) : S(""));
	appending_refuse(a, S("[LIMIT] A URL is wrong, and too long to be repeated"));
}

static void check_copied(struct appending *a, uint64_t more)
{
	a->copied += more;
	if (a->copied / CATENATE_COPY_MESSAGES > a->s->client.host->message_bytes_max)
		appending_refuse(a, S("[LIMIT] The URLs of one command copy too much"));
}

static void url_take(struct appending *a, struct slice url)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice why = S("");
	struct catenated part;

	switch (catenate_open(&part, a->s, url, &why, &e)) {
	case CATENATE_OK:
		appending_check_room(a, part.bytes);
		check_copied(a, part.bytes);
		if (a->refusal.len == 0 && !catenate_copy(&part, a->body, &e))
			appending_refuse_failure(a, &e);
		break;
	case CATENATE_BAD_URL:
		refuse_url(a, url, why);
		break;
	case CATENATE_FAILED:
		appending_refuse_failure(a, &e);
		break;
	}
	catenate_close(&part);
}

void appending_catch_up(struct appending *a, const struct imap_append_part *until)
{
	while (a->refusal.len == 0) { /* each turn is a part or a message */
		const struct imap_append_part *next;

		if (a->open == NULL) {
			a->open = a->added == NULL ? a->command.messages : a->added->next;
			if (a->open == NULL)
				return;
			a->body = append_body(a->append);
			a->part = NULL;
		}
		next = a->part == NULL ? a->open->parts : a->part->next;
		if (next != NULL && next == until)
			return;
		if (next == NULL) {
			message_finish(a);
			continue;
		}
		url_take(a, next->url);
		a->part = next;
	}
}
