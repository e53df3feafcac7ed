/* SPDX-License-Identifier: MIT */
#include "session/imap/place.h"

#include "session/imap/change.h"
#include "syntax/imap_name.h"

#include <string.h>

/* RFC 4314 3.5: whoever has none of these may not even know that it is there. */
enum {
	ANY_RIGHT = IMAP_RIGHT_LOOKUP | IMAP_RIGHT_READ | IMAP_RIGHT_INSERT | IMAP_RIGHT_CREATE |
		    IMAP_RIGHT_DELETE | IMAP_RIGHT_ADMIN,
};

bool place_is_foreign(struct slice name)
{
	return slice_same(name, S(PLACE_OTHERS)) || imap_name_is_below(name, S(PLACE_OTHERS));
}

bool place_reader(struct imap *s, const struct acl_reader **ret, struct error *e)
{
	struct slice address;

	if (id_is_zero(s->reader.domain)) {
		switch (acl_person(s->client.host->mail, slice_of(s->client.account), &s->arena,
			&address, &s->reader, e)) {
		case ACL_PERSON_FAILED:
			return false;
		case ACL_PERSON_UNKNOWN: /* it was removed: nothing is shared with it */
			s->reader = (struct acl_reader){ .account = s->client.account_id };
			break;
		case ACL_PERSON_OK:
			break;
		}
	}
	*ret = &s->reader;
	return true;
}

struct slice place_told(struct arena *a, struct slice owner, struct slice name)
{
	const struct slice prefix = S(PLACE_OTHERS "/");
	char *at = arena_take(a, prefix.len + owner.len + 1 + name.len);

	if (at == NULL)
		return (struct slice){ NULL, 0 };
	memcpy(at, prefix.at, prefix.len);
	memcpy(at + prefix.len, owner.at, owner.len);
	at[prefix.len + owner.len] = IMAP_DELIMITER;
	memcpy(at + prefix.len + owner.len + 1, name.at, name.len);
	return (struct slice){ at, prefix.len + owner.len + 1 + name.len };
}

static enum mailbox_answer missing(struct slice name, struct error *e)
{
	error_clear(e);
	(void)fail(e, FAULT_NEVER, "mailbox '%.*s' does not exist", S_FMT(name));
	return MAILBOX_MISSING;
}

/* INBOX has one spelling, also somebody else's. */
static struct slice owners_name(struct imap *s, struct slice name)
{
	struct slice first = slice_first(name, slice_find(name, IMAP_DELIMITER));
	struct slice copy;

	if (!slice_same_nocase(first, S("INBOX")))
		return name;
	copy = arena_copy(&s->arena, name);
	if (copy.at != NULL)
		memcpy((char *)(uintptr_t)copy.at, "INBOX", 5);
	return copy;
}

/* The shortest beginning that is the address of an account. *ret_found false: there is none. */
static bool owner_find(
	struct imap *s, struct slice rest, struct place *ret, bool *ret_found, struct error *e)
{
	struct account account;

	*ret_found = false;
	for (size_t at = 0; at < rest.len; at++) {
		struct slice address = slice_first(rest, at);

		if (rest.at[at] != IMAP_DELIMITER || slice_find(address, '@') == address.len)
			continue;
		if (!account_get(s->client.host->mail->directory, address, &s->arena, &account,
			    ret_found, e))
			return false;
		if (!*ret_found)
			continue;
		ret->account = account.id;
		ret->owner = account.address;
		ret->name = owners_name(s, slice_skip(rest, at + 1));
		return ret->name.at != NULL ||
		       fail(e, FAULT_LATER, "find a mailbox: out of memory");
	}
	return true;
}

static struct place own_place(const struct imap *s, struct slice name)
{
	return (struct place){ .told = name,
		.is_own = true,
		.account = s->client.account_id,
		.owner = slice_of(s->client.account),
		.name = name,
		.rights = IMAP_RIGHT_ALL };
}

/* A mailbox of one's own may have had such a name before others' did. */
static bool is_old_own(struct imap *s, struct slice name)
{
	struct error e = { .fault = FAULT_NONE };
	struct mailbox box;

	return mailbox_find(s->client.host->mail, s->client.account_id, name, &s->arena, &box,
		       &e) == MAILBOX_OK &&
	       !id_is_zero(box.id);
}

/* Somebody else's name, with its owner; its rights are not looked up. */
static enum mailbox_answer foreign_find(
	struct imap *s, struct slice name, struct place *ret, struct error *e)
{
	struct place place = { .told = name };
	bool is_found;

	if (!owner_find(s, slice_skip(name, sizeof PLACE_OTHERS), &place, &is_found, e))
		return MAILBOX_FAILED;
	if (!is_found || id_same(place.account, s->client.account_id))
		return missing(name, e);
	*ret = place;
	return MAILBOX_OK;
}

enum mailbox_answer place_find(
	struct imap *s, struct slice name, struct place *ret, struct error *e)
{
	const struct acl_reader *who;
	enum mailbox_answer answer;
	struct place place;

	if (!place_is_foreign(name) || is_old_own(s, name)) {
		*ret = own_place(s, name);
		return MAILBOX_OK;
	}
	answer = foreign_find(s, name, &place, e);
	if (answer != MAILBOX_OK)
		return answer;
	if (!place_reader(s, &who, e))
		return MAILBOX_FAILED;
	answer = acl_rights_of(
		s->client.host->mail, place.account, place.name, who, &place.rights, e);
	if (answer == MAILBOX_FAILED)
		return answer;
	if (answer != MAILBOX_OK || (place.rights & ANY_RIGHT) == 0)
		return missing(name, e);
	*ret = place;
	return MAILBOX_OK;
}

enum mailbox_answer place_need(
	struct imap *s, struct slice name, unsigned right, struct place *ret, struct error *e)
{
	enum mailbox_answer answer = place_find(s, name, ret, e);

	if (answer != MAILBOX_OK || (ret->rights & right) != 0)
		return answer;
	if ((ret->rights & IMAP_RIGHT_LOOKUP) == 0)
		return missing(name, e);
	(void)fail(e, FAULT_NEVER, "you may not do that with mailbox '%.*s'", S_FMT(name));
	return MAILBOX_DENIED;
}

/* Whether there is something at all is not to be learnt here. */
static enum mailbox_answer may_not_create(struct slice name, struct error *e)
{
	error_clear(e);
	(void)fail(e, FAULT_NEVER, "you may not create mailbox '%.*s'", S_FMT(name));
	return MAILBOX_DENIED;
}

enum mailbox_answer place_to_create(
	struct imap *s, struct slice name, struct place *ret, struct error *e)
{
	const struct acl_reader *who;
	enum mailbox_answer answer;
	struct place place;

	if (!place_is_foreign(name)) {
		*ret = own_place(s, name);
		return MAILBOX_OK;
	}
	answer = foreign_find(s, name, &place, e);
	if (answer == MAILBOX_MISSING)
		return may_not_create(name, e);
	if (answer != MAILBOX_OK || !place_reader(s, &who, e) ||
		!acl_rights_above(
			s->client.host->mail, place.account, place.name, who, &place.rights, e))
		return MAILBOX_FAILED;
	if ((place.rights & IMAP_RIGHT_CREATE) == 0)
		return may_not_create(name, e);
	*ret = place;
	return MAILBOX_OK;
}

enum mailbox_answer place_open(
	struct imap *s, const struct place *place, struct folder **ret, struct error *e)
{
	return mailbox_open(s->client.host->mail, place->account, place->name, ret, e);
}

/* ---- The selected mailbox ---- */

bool imap_may(const struct imap *s, unsigned right)
{
	return (s->rights & right) == right;
}

uint32_t imap_flags_allowed(unsigned rights, uint32_t flags)
{
	const uint32_t plain = ENTRY_ANSWERED | ENTRY_FLAGGED | ENTRY_DRAFT;
	const unsigned all = IMAP_RIGHT_SEEN | IMAP_RIGHT_TRASH | IMAP_RIGHT_WRITE;
	uint32_t allowed = 0;

	if ((rights & all) == all)
		return flags;
	if ((rights & IMAP_RIGHT_SEEN) != 0)
		allowed |= ENTRY_SEEN;
	if ((rights & IMAP_RIGHT_TRASH) != 0)
		allowed |= ENTRY_DELETED;
	if ((rights & IMAP_RIGHT_WRITE) != 0)
		allowed |= plain;
	return flags & allowed;
}

bool imap_rights_renew(struct imap *s)
{
	struct error e = { .fault = FAULT_NONE };
	struct id owner = folder_account(s->view.folder);
	const struct acl_reader *who;
	enum mailbox_answer answer;
	unsigned rights = 0;

	if (id_same(owner, s->client.account_id))
		return true;
	if (!place_reader(s, &who, &e)) {
		imap_note_failure(s, &e);
		return true;
	}
	answer = acl_rights_in(
		s->client.host->mail, owner, folder_id(s->view.folder), who, &rights, &e);
	if (answer == MAILBOX_FAILED) { /* as they were, until they can be read again */
		imap_note_failure(s, &e);
		return true;
	}
	/* A mailbox that is gone is told of as such. */
	if (answer == MAILBOX_OK && (rights & IMAP_RIGHT_READ) == 0)
		return false;
	if (answer == MAILBOX_OK && rights != s->rights) {
		s->rights = rights;
		imap_put_flag_lists(s);
	}
	return true;
}
