/* SPDX-License-Identifier: MIT */
/*
 * acl - SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS. RFC 4314.
 *
 * An identifier is "anyone", which is everybody of the owner's domain, or an address of that domain, whose domain may be left
 * out; '-' before it takes rights away. The owner has all rights, always.
 */
#include "session/imap/place.h"
#include "session/imap/push.h"

#include "base/limits.h"
#include "syntax/imap_acl.h"
#include "syntax/imap_command.h"

#include <string.h>

static const struct slice all_rights = S_INIT("l r s w i p k x t e a c d");

/* ---- Whom an identifier means ---- */

enum whom { WHOM_OK, WHOM_OWNER, WHOM_UNKNOWN, WHOM_STRANGER, WHOM_EMPTY, WHOM_FAILED };

/* "bob" is bob of the owner's domain. */
static struct slice whole_address(struct arena *a, struct slice given, struct slice owner)
{
	struct slice domain = slice_skip(owner, slice_find_last(owner, '@'));
	char *at;

	if (slice_find(given, '@') < given.len)
		return given;
	at = arena_take(a, given.len + domain.len);
	if (at == NULL)
		return (struct slice){ NULL, 0 };
	memcpy(at, given.at, given.len);
	memcpy(at + given.len, domain.at, domain.len);
	return (struct slice){ at, given.len + domain.len };
}

static enum whom whom_account(struct imap *s, struct slice given, const struct place *place,
	struct id domain, struct acl_entry *ret, struct error *e)
{
	struct slice address = whole_address(&s->arena, given, place->owner);
	struct acl_reader person;

	if (address.at == NULL) {
		(void)fail(e, FAULT_LATER, "find somebody: out of memory");
		return WHOM_FAILED;
	}
	ret->address = address;
	switch (acl_person(s->client.host->mail, address, &s->arena, &ret->address, &person, e)) {
	case ACL_PERSON_FAILED:
		return WHOM_FAILED;
	case ACL_PERSON_UNKNOWN:
		return WHOM_UNKNOWN;
	case ACL_PERSON_OK:
		break;
	}
	if (id_same(person.account, place->account))
		return WHOM_OWNER;
	ret->who = person.account;
	return id_same(person.domain, domain) ? WHOM_OK : WHOM_STRANGER;
}

static enum whom whom(struct imap *s, struct slice given, const struct place *place,
	struct acl_entry *ret, struct error *e)
{
	struct acl_reader owner;
	struct slice address;

	*ret = (struct acl_entry){ .address = S("") };
	if (slice_starts(given, S("-"))) {
		ret->is_negative = true;
		given = slice_skip(given, 1);
	}
	if (given.len == 0)
		return WHOM_EMPTY;
	switch (acl_person(s->client.host->mail, place->owner, &s->arena, &address, &owner, e)) {
	case ACL_PERSON_FAILED:
		return WHOM_FAILED;
	case ACL_PERSON_UNKNOWN:
		return WHOM_UNKNOWN;
	case ACL_PERSON_OK:
		break;
	}
	if (!slice_same_nocase(given, S("anyone")))
		return whom_account(s, given, place, owner.domain, ret, e);
	ret->is_anyone = true;
	ret->who = owner.domain;
	return WHOM_OK;
}

static enum next whom_no(struct imap *s, enum whom answer, const struct error *e)
{
	switch (answer) {
	case WHOM_OWNER:
		return imap_no(s, S("[CANNOT] The owner has all rights, always"));
	case WHOM_UNKNOWN:
		return imap_no(s, S("[CANNOT] There is nobody of that name here"));
	case WHOM_STRANGER:
		return imap_no(s, S("[CANNOT] Only people of the same domain can be given rights"));
	case WHOM_EMPTY:
		return imap_bad(s, S("The identifier is empty"));
	case WHOM_OK:
	case WHOM_FAILED:
		break;
	}
	return imap_failed(s, e);
}

/* ---- Words ---- */

static void put_rights(struct imap *s, unsigned rights)
{
	if (rights == 0)
		imap_put(s, S("\"\""));
	else
		imap_wrote(s, imap_rights_write(&s->out, rights, true));
}

static void put_identifier(struct imap *s, const struct acl_entry *entry)
{
	struct slice name = entry->is_anyone ? S("anyone") : entry->address;
	char room[1 + LIMIT_ADDRESS_BYTES];
	struct buf text = BUF_OVER(room);

	imap_put(s, S(" "));
	if ((entry->is_negative && !buf_add_byte(&text, '-')) || !buf_add(&text, name))
		s->is_broken = true;
	else
		imap_put_string(s, buf_slice(&text));
}

static void put_list(struct imap *s, const struct place *place, const struct acl *acl)
{
	imap_put(s, S("* ACL "));
	imap_put_name(s, place->told);
	imap_put(s, S(" "));
	imap_put_string(s, place->owner);
	imap_put(s, S(" "));
	put_rights(s, IMAP_RIGHT_ALL);
	for (size_t i = 0; i < acl->count; i++) {
		put_identifier(s, &acl->at[i]);
		imap_put(s, S(" "));
		put_rights(s, acl->at[i].rights);
	}
	imap_put(s, S("\r\n"));
}

void imap_put_my_rights(struct imap *s, struct slice name, unsigned rights)
{
	imap_put(s, S("* MYRIGHTS "));
	imap_put_name(s, name);
	imap_put(s, S(" "));
	put_rights(s, rights);
	imap_put(s, S("\r\n"));
}

/* ---- Changing ---- */

static enum next change_run(struct imap *s, const struct place *place,
	const struct acl_change *change, struct slice done)
{
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer =
		acl_change(s->client.host->mail, place->account, place->name, change, &e);

	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	imap_notify_own(s, place->told, S(""));
	return imap_ok(s, done);
}

static enum next set_run(struct imap *s, const struct imap_acl *given)
{
	struct error e = { .fault = FAULT_NONE };
	struct acl_change change = { .how = given->change };
	struct place place;
	enum mailbox_answer answer = place_need(s, given->mailbox, IMAP_RIGHT_ADMIN, &place, &e);
	enum whom found;

	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	found = whom(s, given->identifier, &place, &change.entry, &e);
	if (found != WHOM_OK)
		return whom_no(s, found, &e);
	change.owner = place.owner;
	change.entry.rights = given->rights;
	return change_run(s, &place, &change, S("Set"));
}

enum next imap_setacl(struct imap *s, struct slice args)
{
	struct imap_acl given;

	if (!imap_setacl_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	return set_run(s, &given);
}

/* Who is gone may still stand in the list, by his address. */
static bool entry_by_address(const struct acl *acl, struct acl_entry *entry)
{
	for (size_t i = 0; i < acl->count; i++) {
		const struct acl_entry *it = &acl->at[i];

		if (it->is_anyone || it->is_negative != entry->is_negative ||
			!slice_same_nocase(it->address, entry->address))
			continue;
		entry->who = it->who;
		return true;
	}
	return false;
}

static enum next delete_run(struct imap *s, const struct imap_acl *given)
{
	struct error e = { .fault = FAULT_NONE };
	struct acl_change change = { .how = IMAP_ACL_SET };
	struct place place;
	enum mailbox_answer answer = place_need(s, given->mailbox, IMAP_RIGHT_ADMIN, &place, &e);
	struct acl acl;
	enum whom found;

	if (answer == MAILBOX_OK)
		answer = acl_get(
			s->client.host->mail, place.account, place.name, &s->arena, &acl, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	found = whom(s, given->identifier, &place, &change.entry, &e);
	if (found == WHOM_UNKNOWN && entry_by_address(&acl, &change.entry))
		found = WHOM_OK;
	if (found != WHOM_OK)
		return whom_no(s, found, &e);
	change.owner = place.owner;
	return change_run(s, &place, &change, S("Deleted"));
}

enum next imap_deleteacl(struct imap *s, struct slice args)
{
	struct imap_acl given;

	if (!imap_acl_who_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	return delete_run(s, &given);
}

/* ---- Reading ---- */

enum next imap_getacl(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;
	struct place place;
	struct slice name;
	struct acl acl;

	if (!imap_mailbox_parse(&s->parse, args, &name))
		return imap_misparsed(s);
	answer = place_need(s, name, IMAP_RIGHT_ADMIN, &place, &e);
	if (answer == MAILBOX_OK)
		answer = acl_get(
			s->client.host->mail, place.account, place.name, &s->arena, &acl, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	put_list(s, &place, &acl);
	return imap_ok(s, S("That is all"));
}

/* No rights are tied: whoever is no owner can be given each alone. */
static enum next list_rights(struct imap *s, const struct imap_acl *given, bool is_owner)
{
	imap_put(s, S("* LISTRIGHTS "));
	imap_put_name(s, given->mailbox);
	imap_put(s, S(" "));
	imap_put_string(s, given->identifier);
	imap_put(s, S(" "));
	if (is_owner)
		put_rights(s, IMAP_RIGHT_ALL);
	else {
		imap_put(s, S("\"\" "));
		imap_put(s, all_rights);
	}
	imap_put(s, S("\r\n"));
	return imap_ok(s, S("That is all"));
}

enum next imap_listrights(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;
	struct acl_entry entry;
	struct imap_acl given;
	struct place place;
	enum whom found;
	struct acl acl;

	if (!imap_acl_who_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	answer = place_need(s, given.mailbox, IMAP_RIGHT_ADMIN, &place, &e);
	if (answer == MAILBOX_OK) /* is it there? */
		answer = acl_get(
			s->client.host->mail, place.account, place.name, &s->arena, &acl, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	found = whom(s, given.identifier, &place, &entry, &e);
	if (found != WHOM_OK && found != WHOM_OWNER)
		return whom_no(s, found, &e);
	return list_rights(s, &given, found == WHOM_OWNER);
}

enum next imap_myrights(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	const struct acl_reader *who;
	enum mailbox_answer answer;
	struct place place;
	struct slice name;

	if (!imap_mailbox_parse(&s->parse, args, &name))
		return imap_misparsed(s);
	answer = place_find(s, name, &place, &e);
	if (answer == MAILBOX_OK && !place_reader(s, &who, &e))
		answer = MAILBOX_FAILED;
	if (answer == MAILBOX_OK) /* one's own may not be there */
		answer = acl_rights_of(
			s->client.host->mail, place.account, place.name, who, &place.rights, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	imap_put_my_rights(s, name, place.rights);
	return imap_ok(s, S("That is all"));
}
