/* SPDX-License-Identifier: MIT */
#include "syntax/imap_scope.h"

#include "base/limits.h"
#include "syntax/imap_inner.h"

static const struct scope_row {
	struct slice word;
	enum imap_scope_kind kind;
	bool has_names, is_notify, is_esearch;
} rows[] = {
	{ S_INIT("SELECTED"), IMAP_SCOPE_SELECTED, false, true, true },
	{ S_INIT("SELECTED-DELAYED"), IMAP_SCOPE_SELECTED_DELAYED, false, true, false },
	{ S_INIT("INBOXES"), IMAP_SCOPE_INBOXES, false, true, true },
	{ S_INIT("PERSONAL"), IMAP_SCOPE_PERSONAL, false, true, true },
	{ S_INIT("SUBSCRIBED"), IMAP_SCOPE_SUBSCRIBED, false, true, true },
	{ S_INIT("MAILBOXES"), IMAP_SCOPE_MAILBOXES, true, true, true },
	{ S_INIT("SUBTREE"), IMAP_SCOPE_SUBTREE, true, true, true },
	{ S_INIT("SUBTREE-ONE"), IMAP_SCOPE_SUBTREE_ONE, true, false, true },
};

/* RFC 5465 8 one-or-more-mailbox */
static void read_names(struct imap_reader *r, struct imap_scope *scope)
{
	struct imap_array names = { 0 };
	bool has_list = imap_try(r, '(');
	struct slice *at;

	do {
		struct slice name = imap_mailbox(r);

		at = imap_array_add(r, &names, sizeof *at, LIMIT_IMAP_SCOPE_NAMES,
			"there are too many mailboxes in the list");
		if (at != NULL)
			*at = name;
	} while (has_list && imap_try(r, ' '));
	if (has_list)
		imap_expect(r, ')', "the list of mailboxes does not end");
	scope->names = names.at;
	scope->name_count = names.count;
}

struct imap_scope imap_scope_read(struct imap_reader *r, enum imap_scope_use use)
{
	struct imap_scope scope = { 0 };
	struct slice word = imap_atom(r, "a choice of mailboxes is expected");

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool is_ours = use == IMAP_SCOPE_OF_NOTIFY ? rows[i].is_notify : rows[i].is_esearch;

		if (!is_ours || !slice_same_nocase(rows[i].word, word))
			continue;
		scope.kind = rows[i].kind;
		if (rows[i].has_names) {
			imap_space(r);
			read_names(r, &scope);
		}
		return scope;
	}
	imap_miss(r, "that is no choice of mailboxes: SELECTED, INBOXES, PERSONAL, SUBSCRIBED, "
		     "MAILBOXES, SUBTREE");
	return scope;
}
