/* SPDX-License-Identifier: MIT */
#include "session/imap/place.h"
#include "session/imap/push.h"

#include "syntax/imap_command.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_name.h"
#include "syntax/imap_text.h"

/* ---- Answers ---- */

static enum next say_no(struct imap *s, struct slice code, struct slice text)
{
	struct buf words = { .max = 512 };
	enum next next = NEXT_CLOSE;

	if (buf_add_format(&words, "[%.*s] ", S_FMT(code)) &&
		imap_text_line(&words, text, imap_is_utf8(s)))
		next = imap_no(s, buf_slice(&words));
	buf_done(&words);
	return next;
}

enum next imap_mailbox_no(
	struct imap *s, enum mailbox_answer answer, struct slice missing, const struct error *e)
{
	struct slice text = slice_of(e->text);

	switch (answer) {
	case MAILBOX_EXISTS:
		return say_no(s, S("ALREADYEXISTS"), text);
	case MAILBOX_MISSING:
		return say_no(s, missing, text);
	case MAILBOX_CANNOT:
		return say_no(s, S("CANNOT"), text);
	case MAILBOX_IN_USE:
		return say_no(s, S("HASCHILDREN"), text);
	case MAILBOX_LIMIT:
		return say_no(s, S("LIMIT"), text);
	case MAILBOX_DENIED:
		return say_no(s, S("NOPERM"), text);
	case MAILBOX_OK:
	case MAILBOX_FAILED:
		break;
	}
	return imap_failed(s, e);
}

struct folder *imap_mailbox_open(
	struct imap *s, struct slice name, struct slice missing, enum next *ret_next)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder *folder;
	struct place place;
	enum mailbox_answer answer = place_need(s, name, IMAP_RIGHT_READ, &place, &e);

	if (answer == MAILBOX_OK)
		answer = place_open(s, &place, &folder, &e);
	if (answer == MAILBOX_OK)
		return folder;
	*ret_next = imap_mailbox_no(s, answer, missing, &e);
	return NULL;
}

/* The end of a command that changes one or two names. */
struct changing {
	struct slice name, other, done;
};

static enum next changed(
	struct imap *s, enum mailbox_answer answer, struct changing what, const struct error *e)
{
	if (answer == MAILBOX_OK) {
		imap_notify_own(s, what.name, what.other);
		return imap_ok(s, what.done);
	}
	return imap_mailbox_no(s, answer, S("NONEXISTENT"), e);
}

/* ---- Commands ---- */

static enum next create_in(struct imap *s, const struct place *place, unsigned uses)
{
	struct error e = { .fault = FAULT_NONE };
	char room[ID_TEXT_BYTES + 1];
	struct mailbox made;
	enum mailbox_answer answer =
		mailbox_create(s->client.host->mail, place->account, place->name, uses, &made, &e);

	if (answer == MAILBOX_OK) {
		imap_notify_own(s, place->told, S(""));
		return imap_ok_format(
			s, "[MAILBOXID (%.*s)] Created", S_FMT(id_text(made.id, room)));
	}
	if (answer == MAILBOX_CANNOT && uses != 0)
		return say_no(s, S("USEATTR"), slice_of(e.text));
	return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
}

static enum next create_run(struct imap *s, const struct imap_create *given)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice name = given->mailbox;
	enum mailbox_answer answer;
	struct place place;
	const char *why;

	if (!imap_name_may_create(&name, &why))
		return say_no(s, S("CANNOT"), slice_of(why));
	answer = place_to_create(s, name, &place, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	/* RFC 6154 1: what a mailbox is for is its owner's affair. */
	if (given->uses != 0 && !place.is_own)
		return imap_no(s, S("[USEATTR] Only the owner says what a mailbox is for"));
	return create_in(s, &place, given->uses);
}

enum next imap_create(struct imap *s, struct slice args)
{
	struct imap_create given;

	if (!imap_create_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (given.has_unknown_use)
		return imap_no(s, S("[USEATTR] There is no such special use"));
	return create_run(s, &given);
}

/* Whoever deletes the mailbox that he has selected leaves it first. */
static void leave_if_selected(struct imap *s, const struct place *place)
{
	struct error e = { .fault = FAULT_NONE };
	struct mailbox box;

	if (s->state == IMAP_SELECTED &&
		mailbox_find(s->client.host->mail, place->account, place->name, &s->arena, &box,
			&e) == MAILBOX_OK &&
		id_same(box.id, folder_id(s->view.folder))) {
		imap_leave(s);
		imap_put(s, S("* OK [CLOSED] The selected mailbox is deleted\r\n"));
	}
}

enum next imap_delete(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;
	struct place place;
	struct slice name;

	if (!imap_mailbox_parse(&s->parse, args, &name))
		return imap_misparsed(s);
	answer = place_need(s, name, IMAP_RIGHT_DELETE, &place, &e);
	if (answer == MAILBOX_OK && !slice_same(place.name, S("INBOX")))
		leave_if_selected(s, &place);
	if (answer == MAILBOX_OK)
		answer = mailbox_delete(s->client.host->mail, place.account, place.name, &e);
	return changed(s, answer, (struct changing){ .name = name, .done = S("Deleted") }, &e);
}

/* RFC 4314 4: from where one may take it away, to where one may create; between people it would change its owner. */
static enum mailbox_answer rename_run(
	struct imap *s, struct slice from, struct slice to, struct error *e)
{
	struct place source, target;
	enum mailbox_answer answer = place_need(s, from, IMAP_RIGHT_DELETE, &source, e);

	if (answer == MAILBOX_OK)
		answer = place_to_create(s, to, &target, e);
	if (answer != MAILBOX_OK)
		return answer;
	if (id_same(source.account, target.account) &&
		(source.is_own || !slice_same(source.name, S("INBOX"))))
		return mailbox_rename(
			s->client.host->mail, source.account, source.name, target.name, e);
	(void)fail(e, FAULT_NEVER, "a mailbox stays with its owner");
	return MAILBOX_CANNOT;
}

enum next imap_rename(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap_rename given;
	const char *why;

	if (!imap_rename_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (!imap_name_may_create(&given.to, &why))
		return say_no(s, S("CANNOT"), slice_of(why));
	return changed(s, rename_run(s, given.from, given.to, &e),
		(struct changing){ .name = given.from, .other = given.to, .done = S("Renamed") },
		&e);
}

static enum next subscribe_run(struct imap *s, struct slice args, bool is_on)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice name;

	if (!imap_mailbox_parse(&s->parse, args, &name))
		return imap_misparsed(s);
	return changed(s,
		mailbox_subscribe(s->client.host->mail, s->client.account_id, name, is_on, &e),
		(struct changing){
			.name = name, .done = is_on ? S("Subscribed") : S("Unsubscribed") },
		&e);
}

enum next imap_subscribe(struct imap *s, struct slice args)
{
	return subscribe_run(s, args, true);
}

enum next imap_unsubscribe(struct imap *s, struct slice args)
{
	return subscribe_run(s, args, false);
}
