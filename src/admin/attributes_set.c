/* SPDX-License-Identifier: MIT */
/* attributes_set - lines that an archive kept become attributes of a mailbox again; see archive.h. */
#include "admin/archive.h"

#include "base/limits.h"
#include "mail/acl.h"
#include "mail/metadata.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_metadata.h"
#include "syntax/percent.h"

struct setting {
	struct mail *mail;
	struct request *request;
	struct target target; /* the owner */
	struct slice name;
	struct mailbox box;
	json_t *left;
	struct slice line; /* that is looked at */
	struct error e;
};

/* The line stays undone, and whoever imports is told why; that alone is no failure. */
static bool leave(struct setting *s, const char *what)
{
	(void)json_array_append_new(
		s->left, json_pack("{s:o, s:s}", "line", json_slice(slice_first(s->line, 200)),
				 "what", what));
	error_clear(&s->e);
	return true;
}

static bool leave_or_fail(struct setting *s, enum mailbox_answer answer)
{
	if (answer == MAILBOX_FAILED)
		return false;
	return answer == MAILBOX_OK || leave(s, s->e.text[0] != '\0' ? s->e.text : "it is gone");
}

/* In the arena; .at NULL: it is no such text. */
static struct slice plain(struct setting *s, struct slice text)
{
	char *room = arena_take(&s->request->arena, text.len + 1);
	struct buf out = {
		.at = room, .room = text.len + 1, .max = text.len + 1, .is_fixed = true
	};

	return room != NULL && percent_read(text, &out) ? (struct slice){ room, out.len }
							: (struct slice){ NULL, 0 };
}

/* ---- The kinds of lines ---- */

static bool set_use(struct setting *s, struct slice rest)
{
	unsigned use = imap_use_of(rest);
	enum mailbox_answer answer;

	if (use == 0)
		return leave(s, "that is no special use");
	if ((s->box.uses & use) != 0)
		return true;
	answer = mailbox_set_uses(s->mail, s->target.account, s->name, s->box.uses | use, &s->e);
	s->box.uses |= answer == MAILBOX_OK ? use : 0;
	return leave_or_fail(s, answer);
}

/* "lrs bob@a.example", "lrs anyone", "r -bob@a.example" */
static bool set_acl(struct setting *s, struct slice rest)
{
	size_t len = slice_find(rest, ' ');
	struct slice who = plain(s, slice_skip(rest, len + 1));
	struct acl_change change = { .owner = s->target.address, .how = IMAP_ACL_SET };
	struct acl_reader owner, person;
	struct arena *a = &s->request->arena;

	if (!imap_rights_parse(slice_first(rest, len), &change.entry.rights) || who.len == 0)
		return leave(s, "that is no rights and address");
	change.entry.is_negative = who.at[0] == '-';
	who = slice_skip(who, change.entry.is_negative ? 1 : 0);
	if (acl_person(s->mail, s->target.address, a, &change.owner, &owner, &s->e) !=
		ACL_PERSON_OK)
		return s->e.fault == FAULT_NONE && leave(s, "its owner is gone");
	if (slice_same_nocase(who, S("anyone"))) {
		change.entry.is_anyone = true;
		change.entry.who = owner.domain;
		return leave_or_fail(
			s, acl_change(s->mail, s->target.account, s->name, &change, &s->e));
	}
	switch (acl_person(s->mail, who, a, &change.entry.address, &person, &s->e)) {
	case ACL_PERSON_FAILED:
		return false;
	case ACL_PERSON_UNKNOWN:
		return leave(s, "there is nobody of that name here");
	case ACL_PERSON_OK:
		break;
	}
	if (!id_same(person.domain, owner.domain) || id_same(person.account, owner.account))
		return leave(s, "only other people of the same domain can be given rights");
	change.entry.who = person.account;
	return leave_or_fail(s, acl_change(s->mail, s->target.account, s->name, &change, &s->e));
}

/* "/private/comment text" */
static bool set_entry(struct setting *s, struct slice rest, struct id folder)
{
	const struct metadata_of of = {
		.owner = s->target.account, .folder = folder, .reader = s->target.account
	};
	size_t len = slice_find(rest, ' ');
	struct metadata_entry entry = { slice_first(rest, len),
		plain(s, slice_skip(rest, len + 1)) };

	if (len == rest.len || entry.value.at == NULL || !imap_entry_is_valid(entry.name) ||
		(id_is_zero(folder) && slice_starts(entry.name, S("/shared"))))
		return leave(s, "that is no entry and value");
	switch (metadata_write(s->mail, &of, &entry, 1, NULL, &s->e)) {
	case METADATA_OK:
		return true;
	case METADATA_MISSING:
		return leave(s, "the mailbox was removed just now");
	case METADATA_TOO_MANY:
		return leave(s, "it has as many entries as it can have");
	case METADATA_TOO_LONG:
		return leave(s, "the value is too long");
	case METADATA_FAILED:
		break;
	}
	return false;
}

static bool set_line(struct setting *s, struct slice line)
{
	const struct id none = { { 0 } };
	size_t len = slice_find(line, ' ');
	struct slice word = slice_first(line, len), rest = slice_skip(line, len + 1);

	s->line = line;
	if (slice_same(word, S("use")))
		return set_use(s, rest);
	if (slice_same(word, S("acl")))
		return set_acl(s, rest);
	if (slice_same(word, S("metadata")))
		return set_entry(s, rest, s->box.id);
	if (!slice_same(word, S("server-metadata")))
		return leave(s, "an unknown kind of line");
	/* Into another mailbox than INBOX comes a copy of somebody's mail, not his account. */
	return slice_same(s->name, S("INBOX")) ? set_entry(s, rest, none)
					       : leave(s, "only INBOX brings it along");
}

/* ---- The mailbox ---- */

/* A new mailbox has the rights of the one above; here its own lines say what rights there are. */
static enum mailbox_answer inherit_nothing(struct setting *s)
{
	struct id account = s->target.account;
	struct acl acl;
	enum mailbox_answer answer =
		acl_get(s->mail, account, s->name, &s->request->arena, &acl, &s->e);

	for (size_t i = 0; answer == MAILBOX_OK && i < acl.count; i++) {
		struct acl_change change = {
			.owner = acl.owner, .entry = acl.at[i], .how = IMAP_ACL_SET
		};

		change.entry.rights = 0;
		answer = acl_change(s->mail, account, s->name, &change, &s->e);
	}
	return answer;
}

static enum mailbox_answer make(struct setting *s)
{
	enum mailbox_answer answer =
		mailbox_create(s->mail, s->target.account, s->name, 0, NULL, &s->e);

	if (answer == MAILBOX_OK)
		return inherit_nothing(s);
	if (answer != MAILBOX_EXISTS)
		return answer;
	error_clear(&s->e);
	return MAILBOX_OK;
}

/* As it is after this: made, unless only a subscription is meant. */
static bool set_mailbox(struct setting *s, bool is_made, const json_t *subscribed)
{
	struct id account = s->target.account;
	enum mailbox_answer answer = MAILBOX_OK;
	struct arena *a = &s->request->arena;

	if (is_made)
		answer = make(s);
	if (answer == MAILBOX_OK && json_is_boolean(subscribed))
		answer = mailbox_subscribe(
			s->mail, account, s->name, json_is_true(subscribed), &s->e);
	if (answer == MAILBOX_OK && is_made)
		answer = mailbox_find(s->mail, account, s->name, a, &s->box, &s->e);
	return answer == MAILBOX_OK;
}

static bool set_lines(struct setting *s, const json_t *lines)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *text = json_array_get(lines, i);
		struct slice line = { json_string_value(text), json_string_length(text) };

		if (line.at != NULL && !set_line(s, line))
			return false;
	}
	return true;
}

void route_attributes_set(struct request *r, struct answer *a)
{
	struct setting s = { .mail = r->options->mail, .request = r };
	const json_t *lines = json_object_get(r->json, "attributes");

	/* Attributes are of a mailbox; without them it may be a name that is subscribed. */
	if (!archive_account(r, &r->arena, &s.target, a) ||
		!archive_mailbox(r, &r->arena, &s.name, a))
		return;
	s.left = json_array();
	if (!set_mailbox(&s, lines != NULL, json_object_get(r->json, "subscribed")) &&
		s.e.fault == FAULT_NEVER)
		answer_problem(a, ANSWER_NOT_VALID, s.e.text, s.name);
	else if (s.e.fault != FAULT_NONE || !set_lines(&s, lines))
		answer_failure(a, &s.e);
	else
		answer_json(a, ANSWER_OK, json_pack("{s:O}", "left", s.left));
	json_decref(s.left);
}
