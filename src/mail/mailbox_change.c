/* SPDX-License-Identifier: MIT */
/* Creating, deleting and subscribing. */
#include "mail/acl_parts.h"
#include "mail/folder_head.h"
#include "mail/mailbox_parts.h"
#include "mail/quota_use.h"

#include <strings.h>

void naming_done(struct naming *n)
{
	if (n->has_batch)
		batch_done(&n->batch);
	snapshot_done(&n->snapshot);
	if (n->has_turn)
		names_turn_drop(n->mail->mailboxes, n->account);
}

/* A session may outlive its account; nothing new may grow there. */
static bool account_is_there(struct mail *m, struct id account, struct error *e)
{
	struct folder_state state;
	struct folder *inbox;

	if (!folder_open(m->folders, account, &inbox, e))
		return false;
	folder_state_get(inbox, &state);
	folder_close(inbox);
	return state.is_gone == 0 ||
	       fail(e, FAULT_NEVER, "change mailboxes: the account was removed");
}

bool naming_begin(struct naming *n, struct mail *m, struct id account, struct error *e)
{
	*n = (struct naming){ .mail = m, .account = account, .snapshot = { .all = m->mailboxes } };
	if (!names_turn_take(m->mailboxes, account, e))
		return false;
	n->has_turn = true;
	if (!account_is_there(m, account, e) ||
		!names_get(m->mailboxes, account, &n->snapshot.names, e))
		return false;
	n->names = n->snapshot.names;
	n->uid_validity = n->names->uid_validity;
	return true;
}

void naming_batch(struct naming *n, size_t set_max, size_t remove_max, size_t folder_max)
{
	struct key partition = key_of_id('m', n->account);

	batch_begin(&n->batch, 2 + folder_max + LIMIT_ACL_ENTRIES, 0);
	n->has_batch = true;
	batch_commit(
		&n->batch, &partition, n->names->version, set_max + 2 * folder_max + 1, remove_max);
}

void naming_set(struct naming *n, const struct mailbox *m)
{
	char room[NAMES_ROW_BYTES];
	struct buf value = BUF_OVER(room);
	struct key key = key_of_id('n', m->id);

	invariant(name_encode(m, &value));
	batch_set(&n->batch, key_slice(&key), buf_slice(&value));
}

size_t naming_missing(
	const struct naming *n, struct slice name, bool with_itself, struct slice *ret)
{
	size_t count = 0;

	for (size_t i = 1; i <= name.len; i++) {
		struct slice level = slice_first(name, i);
		const struct mailbox *found;

		if (i < name.len ? name.at[i] != '/' : !with_itself)
			continue;
		found = names_find(n->names, level);
		if (found == NULL || id_is_zero(found->id))
			ret[count++] = level;
	}
	return count;
}

/* Seconds, but never one that any mailbox of the account has had: RFC 9051 2.3.1.1. */
static uint32_t uid_validity_next(const struct naming *n)
{
	uint32_t now_s = (uint32_t)(clock_wall_ns(n->mail->clock) / NS_PER_S);

	return now_s > n->uid_validity ? now_s : n->uid_validity + 1;
}

void naming_new(struct naming *n, struct slice name, unsigned uses, struct newborn *ret)
{
	*ret = (struct newborn){ .mailbox = { .name = name,
					 .id = id_new(n->mail->clock),
					 .uses = uses,
					 .created_ns = clock_wall_ns(n->mail->clock) },
		.uid_validity = uid_validity_next(n) };
	n->uid_validity = ret->uid_validity;
	naming_set(n, &ret->mailbox);
	/* RFC 4314 4: as above it. */
	ret->mailbox.acl = naming_inherited(n, name);
	if (ret->mailbox.acl != NULL)
		naming_acl_set(n, ret->mailbox.id, ret->mailbox.acl);
}

void naming_heads(struct naming *n, const struct newborn *born, size_t count)
{
	char room[HEAD_VALUE_BYTES];

	if (count > 0) {
		struct buf value = BUF_OVER(room);

		invariant(names_head_encode(n->uid_validity, &value));
		batch_set(&n->batch, S("h"), buf_slice(&value));
	}
	for (size_t i = 0; i < count; i++) {
		struct folder_head head = { .uid_validity = born[i].uid_validity,
			.uid_next = 1,
			.uid_low = 1,
			.uid_recent = 1,
			.uid_unseen = 1,
			.is_logged = true };
		struct key partition = key_of_id('f', born[i].mailbox.id);
		struct buf value = BUF_OVER(room);

		invariant(head_encode(&head, &value));
		batch_commit(&n->batch, &partition, 0, 1, 0);
		batch_set(&n->batch, S("h"), buf_slice(&value));
	}
	/* They stand below each other, so what they inherit is the same list. */
	if (count > 0)
		naming_shares_add(n, born[0].mailbox.acl, born, count);
}

enum mailbox_answer naming_end(struct naming *n, struct error *e)
{
	enum store_answer answer = batch_write(&n->batch, n->mail->store, e);

	/* Also after a failure: it may be on disk all the same. */
	names_changed(n->mail->mailboxes, n->account);
	if (answer == STORE_OK)
		return MAILBOX_OK;
	if (answer != STORE_FAILED)
		(void)fail(e, FAULT_LATER, "change mailboxes: others keep changing them");
	return MAILBOX_FAILED;
}

static bool name_is_plain(struct slice name)
{
	size_t level = 0;

	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.at[i];

		if (c < 0x20 || c == 0x7f || (c == '/' && i == level))
			return false;
		if (c == '/')
			level = i + 1;
	}
	return level < name.len;
}

enum mailbox_answer naming_check(struct slice name, struct error *e)
{
	struct slice first = slice_first(name, slice_find(name, '/'));
	size_t depth = 1;

	for (size_t i = 0; i < name.len; i++)
		depth += name.at[i] == '/' ? 1 : 0;
	if (name.len > LIMIT_MAILBOX_NAME_BYTES)
		return mailbox_says(MAILBOX_CANNOT, e,
			"a mailbox name of %zu bytes: at most %d are allowed", name.len,
			LIMIT_MAILBOX_NAME_BYTES);
	if (!name_is_plain(name))
		return mailbox_says(MAILBOX_CANNOT, e,
			"mailbox '%.*s': a level is empty, or it has control characters",
			S_FMT(name));
	if (depth > LIMIT_MAILBOX_DEPTH)
		return mailbox_says(MAILBOX_CANNOT, e,
			"mailbox '%.60s...': %zu levels, at most %d are allowed", name.at, depth,
			LIMIT_MAILBOX_DEPTH);
	if (slice_same_nocase(first, S("INBOX")) && !slice_same(first, S("INBOX")))
		return mailbox_says(
			MAILBOX_CANNOT, e, "mailbox '%.*s': INBOX has one spelling", S_FMT(name));
	return MAILBOX_OK;
}

/* RFC 6154 3: a use that only one mailbox can have is free when no other has it. */
static const struct mailbox *use_owner(const struct naming *n, unsigned uses, struct slice but)
{
	for (size_t i = 0; i < n->names->count; i++) {
		const struct mailbox *m = &n->names->at[i];

		if (!id_is_zero(m->id) && (m->uses & uses) != 0 && !slice_same(m->name, but))
			return m;
	}
	return NULL;
}

static enum mailbox_answer uses_check(
	const struct naming *n, struct slice name, unsigned uses, struct error *e)
{
	const struct mailbox *owner = use_owner(n, uses, name);

	if (owner == NULL)
		return MAILBOX_OK;
	return mailbox_says(MAILBOX_CANNOT, e, "mailbox '%.*s' has this special use already",
		S_FMT(owner->name));
}

static enum mailbox_answer create_in_turn(
	struct naming *n, struct slice name, unsigned uses, struct mailbox *ret, struct error *e)
{
	struct slice missing[LIMIT_MAILBOX_DEPTH];
	struct newborn born[LIMIT_MAILBOX_DEPTH];
	size_t count = naming_missing(n, name, true, missing);
	enum mailbox_answer answer = uses_check(n, name, uses, e);

	if (answer != MAILBOX_OK)
		return answer;
	if (count == 0 || !slice_same(missing[count - 1], name))
		return mailbox_says(
			MAILBOX_EXISTS, e, "mailbox '%.*s' exists already", S_FMT(name));
	if (n->names->mailbox_count + count > LIMIT_MAILBOXES)
		return mailbox_says(
			MAILBOX_LIMIT, e, "an account may have %d mailboxes", LIMIT_MAILBOXES);
	naming_batch(n, 0, 0, count);
	for (size_t i = 0; i < count; i++)
		naming_new(n, missing[i], i + 1 == count ? uses : 0, &born[i]);
	naming_heads(n, born, count);
	if (ret != NULL) {
		*ret = born[count - 1].mailbox;
		ret->name = name;
		ret->acl = NULL;
	}
	return naming_end(n, e);
}

enum mailbox_answer mailbox_create(struct mail *m, struct id account, struct slice name,
	unsigned uses, struct mailbox *ret, struct error *e)
{
	ON_EXIT(naming_done) struct naming n = { 0 };
	enum mailbox_answer answer = naming_check(name, e);

	if (answer != MAILBOX_OK)
		return answer;
	if (!naming_begin(&n, m, account, e))
		return MAILBOX_FAILED;
	return create_in_turn(&n, name, uses, ret, e);
}

/* The name goes first, together with a note that the folder is to be removed. */
static enum mailbox_answer delete_in_turn(
	struct naming *n, struct slice name, struct id *ret_folder, struct error *e)
{
	const struct mailbox *found = names_find(n->names, name);
	struct key removing = key_of('x');
	struct key key, rights;

	if (found == NULL || (id_is_zero(found->id) && !found->has_children))
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(name));
	if (id_is_zero(found->id))
		return mailbox_says(MAILBOX_IN_USE, e,
			"'%.*s' is no mailbox, there are only some below it", S_FMT(name));
	*ret_folder = found->id;
	key = key_of_id('n', found->id);
	rights = key_of_id('r', found->id);
	naming_batch(n, 0, 2, 0);
	batch_remove(&n->batch, key_slice(&key));
	batch_remove(&n->batch, key_slice(&rights));
	batch_commit(&n->batch, &removing, STORE_ANY_VERSION, 1, 0);
	batch_set(&n->batch, id_slice(&found->id), id_slice(&n->account));
	shares_remove(&n->batch, found->acl, found->id);
	return naming_end(n, e);
}

enum mailbox_answer mailbox_delete(
	struct mail *m, struct id account, struct slice name, struct error *e)
{
	struct error later = { .fault = FAULT_NONE };
	enum mailbox_answer answer;
	struct id folder;

	if (slice_same(name, S("INBOX")))
		return mailbox_says(MAILBOX_CANNOT, e, "INBOX cannot be deleted");
	/* What is removed below must be part of the account's sum. */
	if (!quota_ready(m, account, e))
		return MAILBOX_FAILED;
	{
		ON_EXIT(naming_done) struct naming n = { 0 };

		if (!naming_begin(&n, m, account, e))
			return MAILBOX_FAILED;
		answer = delete_in_turn(&n, name, &folder, e);
	}
	/* The mailbox is gone; mail that could not be removed now is removed at the next start. */
	if (answer == MAILBOX_OK && !mailbox_remove_folder(m->mailboxes, account, folder, &later))
		error_clear(&later);
	return answer;
}

static enum mailbox_answer subscribe_in_turn(
	struct naming *n, struct slice name, bool is_on, struct error *e)
{
	const struct mailbox *found = names_find(n->names, name);
	char room[LIMIT_MAILBOX_NAME_BYTES + 1];
	struct buf key = BUF_OVER(room);

	if ((found != NULL && found->is_subscribed) == is_on)
		return MAILBOX_OK;
	if (is_on && n->names->subscription_count >= LIMIT_SUBSCRIPTIONS)
		return mailbox_says(MAILBOX_LIMIT, e, "an account may have %d subscriptions",
			LIMIT_SUBSCRIPTIONS);
	invariant(buf_add_byte(&key, 's') && buf_add(&key, name));
	naming_batch(n, 1, 1, 0);
	if (is_on)
		batch_set(&n->batch, buf_slice(&key), S("\1"));
	else
		batch_remove(&n->batch, buf_slice(&key));
	return naming_end(n, e);
}

enum mailbox_answer mailbox_subscribe(
	struct mail *m, struct id account, struct slice name, bool is_on, struct error *e)
{
	ON_EXIT(naming_done) struct naming n = { 0 };
	enum mailbox_answer answer = naming_check(name, e);

	if (answer != MAILBOX_OK)
		return answer;
	if (!naming_begin(&n, m, account, e))
		return MAILBOX_FAILED;
	return subscribe_in_turn(&n, name, is_on, e);
}

static enum mailbox_answer uses_in_turn(
	struct naming *n, struct slice name, unsigned uses, struct error *e)
{
	const struct mailbox *found = names_find(n->names, name);
	enum mailbox_answer answer;
	struct mailbox after;

	if (found == NULL || id_is_zero(found->id))
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(name));
	answer = uses_check(n, name, uses, e);
	if (answer != MAILBOX_OK || found->uses == uses)
		return answer;
	after = *found;
	after.uses = uses;
	naming_batch(n, 1, 0, 0);
	naming_set(n, &after);
	return naming_end(n, e);
}

enum mailbox_answer mailbox_set_uses(
	struct mail *m, struct id account, struct slice name, unsigned uses, struct error *e)
{
	ON_EXIT(naming_done) struct naming n = { 0 };

	if (slice_same(name, S("INBOX")))
		return mailbox_says(MAILBOX_CANNOT, e, "INBOX has no other use");
	if (!naming_begin(&n, m, account, e))
		return MAILBOX_FAILED;
	return uses_in_turn(&n, name, uses, e);
}
