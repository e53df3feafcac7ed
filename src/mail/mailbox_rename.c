/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"
#include "mail/mailbox_parts.h"
#include "mail/transfer.h"

#include <stdlib.h>

/* The name after the move; .at NULL: too long. */
static struct slice name_moved(
	struct slice name, struct slice from, struct slice to, struct arena *a)
{
	char room[LIMIT_MAILBOX_NAME_BYTES];
	struct buf moved = BUF_OVER(room);

	if (!buf_add(&moved, to) || !buf_add(&moved, slice_skip(name, from.len)))
		return (struct slice){ NULL, 0 };
	return arena_copy(a, buf_slice(&moved));
}

static bool is_moved(const struct mailbox *m, struct slice from)
{
	return !id_is_zero(m->id) && (slice_same(m->name, from) || names_is_below(m->name, from));
}

/* Mailboxes that move; none may meet one that is there and stays. */
static enum mailbox_answer moves_stage(
	struct naming *n, struct slice from, struct slice to, struct arena *a, struct error *e)
{
	for (size_t i = names_from(n->names, from); i < n->names->count; i++) {
		struct mailbox moved = n->names->at[i];
		const struct mailbox *there;
		enum mailbox_answer answer;

		if (!slice_starts(moved.name, from))
			break;
		if (!is_moved(&moved, from))
			continue;
		moved.name = name_moved(moved.name, from, to, a);
		if (moved.name.at == NULL)
			return mailbox_says(MAILBOX_CANNOT, e,
				"a mailbox below '%.*s' would get a name that is too long",
				S_FMT(from));
		answer = naming_check(moved.name, e);
		if (answer != MAILBOX_OK)
			return answer;
		there = names_find(n->names, moved.name);
		if (there != NULL && !id_is_zero(there->id) && !is_moved(there, from))
			return mailbox_says(MAILBOX_EXISTS, e, "mailbox '%.*s' exists already",
				S_FMT(moved.name));
		naming_set(n, &moved);
	}
	return MAILBOX_OK;
}

static size_t moves_count(const struct naming *n, struct slice from)
{
	size_t count = 0;

	for (size_t i = names_from(n->names, from); i < n->names->count; i++) {
		if (!slice_starts(n->names->at[i].name, from))
			break;
		count += is_moved(&n->names->at[i], from) ? 1 : 0;
	}
	return count;
}

static enum mailbox_answer rename_check(const struct naming *n, struct slice from, struct slice to,
	size_t moves, size_t missing, struct error *e)
{
	const struct mailbox *there = names_find(n->names, to);

	if (moves == 0)
		return mailbox_says(
			MAILBOX_MISSING, e, "mailbox '%.*s' does not exist", S_FMT(from));
	if ((there != NULL && !id_is_zero(there->id)) || slice_same(from, to))
		return mailbox_says(MAILBOX_EXISTS, e, "mailbox '%.*s' exists already", S_FMT(to));
	if (names_is_below(to, from))
		return mailbox_says(
			MAILBOX_CANNOT, e, "mailbox '%.*s' cannot move below itself", S_FMT(from));
	if (moves > LIMIT_MAILBOX_RENAMES)
		return mailbox_says(MAILBOX_LIMIT, e,
			"%zu mailboxes would move, at most %d can at once", moves,
			LIMIT_MAILBOX_RENAMES);
	if (n->names->mailbox_count + missing > LIMIT_MAILBOXES)
		return mailbox_says(
			MAILBOX_LIMIT, e, "an account may have %d mailboxes", LIMIT_MAILBOXES);
	return MAILBOX_OK;
}

static enum mailbox_answer rename_in_turn(
	struct naming *n, struct slice from, struct slice to, struct error *e)
{
	struct slice missing[LIMIT_MAILBOX_DEPTH];
	struct newborn born[LIMIT_MAILBOX_DEPTH];
	size_t count = naming_missing(n, to, false, missing);
	size_t moves = moves_count(n, from);
	auto_arena a = { .max = BATCH_ARENA_BYTES };
	enum mailbox_answer answer = rename_check(n, from, to, moves, count, e);

	if (answer != MAILBOX_OK)
		return answer;
	naming_batch(n, moves, 0, count);
	answer = moves_stage(n, from, to, &a, e);
	if (answer != MAILBOX_OK)
		return answer;
	for (size_t i = 0; i < count; i++)
		naming_new(n, missing[i], 0, &born[i]);
	naming_heads(n, born, count);
	return naming_end(n, e);
}

/* Everything that is in the INBOX now; mail that comes meanwhile stays there. */
static enum mailbox_answer inbox_move(
	struct mail *m, struct folder *inbox, struct folder *to, struct error *e)
{
	struct transfer t = { .mail = m, .from = inbox, .to = to, .is_move = true };
	struct transferred moved = { 0 };
	auto_uids uids = { 0 };
	enum append_answer answer;
	uint32_t uid_next;
	uint64_t modseq;

	if (!folder_known(inbox, &uids, &uid_next, &modseq, e))
		return MAILBOX_FAILED;
	answer = transfer_run(&t, &uids, &moved, e);
	transferred_done(&moved);
	if (answer == APPEND_OK)
		return MAILBOX_OK;
	if (answer != APPEND_FAILED)
		(void)fail(e, FAULT_LATER, "rename INBOX: the new mailbox cannot take the mail");
	return MAILBOX_FAILED;
}

/* RFC 9051 6.3.6: INBOX stays, empty, and what is below it stays too. */
static enum mailbox_answer inbox_rename(
	struct mail *m, struct id account, struct slice to, struct error *e)
{
	struct folder *inbox, *target;
	enum mailbox_answer answer = mailbox_create(m, account, to, 0, NULL, e);

	if (answer != MAILBOX_OK)
		return answer;
	answer = mailbox_open(m, account, to, &target, e);
	if (answer != MAILBOX_OK)
		return answer;
	answer = mailbox_open(m, account, S("INBOX"), &inbox, e);
	if (answer == MAILBOX_OK) {
		answer = inbox_move(m, inbox, target, e);
		folder_close(inbox);
	}
	folder_close(target);
	return answer;
}

enum mailbox_answer mailbox_rename(
	struct mail *m, struct id account, struct slice from, struct slice to, struct error *e)
{
	ON_EXIT(naming_done) struct naming n = { 0 };
	enum mailbox_answer answer = naming_check(to, e);

	if (answer != MAILBOX_OK)
		return answer;
	if (slice_same(from, S("INBOX")))
		return inbox_rename(m, account, to, e);
	if (!naming_begin(&n, m, account, e))
		return MAILBOX_FAILED;
	return rename_in_turn(&n, from, to, e);
}
