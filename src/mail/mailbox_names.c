/* SPDX-License-Identifier: MIT */
#include "mail/mailbox_names.h"

#include "base/record.h"
#include "mail/changes.h"
#include "mail/parts.h"

#include <stdlib.h>

enum { NAMES_WAIT_S = 60 /* for another writer of the same account */ };

struct account_names {
	struct table_node node; /* first, see table.h */
	struct id account;
	struct names *names; /* NULL: not read, or old */
	unsigned users;      /* writers that wait or have the turn */
	bool has_writer;
	struct account_names *before, *after;
};

bool mailboxes_open(const struct mail *m, struct mailboxes **ret, struct error *e)
{
	struct mailboxes *all = calloc(1, sizeof *all);

	if (all == NULL || !table_init(&all->accounts)) {
		free(all);
		return fail(e, FAULT_LATER, "open the mailboxes: out of memory");
	}
	all->store = m->store;
	all->clock = m->clock;
	all->folders = m->folders;
	all->quota = m->quota;
	all->changes = m->changes;
	lock_init(&all->lock, RANK_MAILBOXES);
	signal_init(&all->turn_free);
	*ret = all;
	return true;
}

static void names_free(struct names *n)
{
	arena_done(&n->arena);
	free(n);
}

/* Under the lock. */
static void names_drop(struct names *n)
{
	invariant(n->users > 0);
	if (--n->users == 0)
		names_free(n);
}

void names_put(struct mailboxes *all, struct names *n)
{
	HOLDING(&all->lock);
	names_drop(n);
}

/* --- which snapshots stay in memory; under the lock --- */

static void use_remove(struct mailboxes *all, struct account_names *a)
{
	if (a->before != NULL)
		a->before->after = a->after;
	else
		all->oldest = a->after;
	if (a->after != NULL)
		a->after->before = a->before;
	else
		all->newest = a->before;
	a->before = a->after = NULL;
}

static void use_add(struct mailboxes *all, struct account_names *a)
{
	a->before = all->newest;
	a->after = NULL;
	if (all->newest != NULL)
		all->newest->after = a;
	else
		all->oldest = a;
	all->newest = a;
}

static struct account_names *account_find(struct mailboxes *all, struct id account)
{
	struct table_node *node = table_first(&all->accounts, table_hash(id_slice(&account)));

	for (; node != NULL; node = table_next(node)) {
		struct account_names *a = TABLE_ITEM(struct account_names, node);

		if (id_same(a->account, account))
			return a;
	}
	return NULL;
}

static struct account_names *account_make(struct mailboxes *all, struct id account)
{
	struct account_names *a = account_find(all, account);

	if (a != NULL)
		return a;
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return NULL;
	a->account = account;
	table_add(&all->accounts, &a->node, table_hash(id_slice(&account)));
	return a;
}

static void account_forget_names(struct mailboxes *all, struct account_names *a)
{
	if (a->names == NULL)
		return;
	use_remove(all, a);
	all->bytes -= a->names->arena.used;
	names_drop(a->names);
	a->names = NULL;
}

static void account_free_unused(struct mailboxes *all, struct account_names *a)
{
	if (a->names != NULL || a->users > 0)
		return;
	table_remove(&all->accounts, &a->node);
	free(a);
}

static void account_keep(struct mailboxes *all, struct account_names *a, struct names *n)
{
	account_forget_names(all, a);
	a->names = n;
	n->users++;
	use_add(all, a);
	all->bytes += n->arena.used;
	while (all->bytes > NAMES_IDLE_BYTES && all->oldest != a) {
		struct account_names *oldest = all->oldest;

		account_forget_names(all, oldest);
		account_free_unused(all, oldest);
	}
}

void mailboxes_close(struct mailboxes *all)
{
	struct table_node *node;

	if (all == NULL)
		return;
	while ((node = table_take_any(&all->accounts)) != NULL) {
		struct account_names *a = TABLE_ITEM(struct account_names, node);

		invariant(a->users == 0);
		if (a->names != NULL)
			names_free(a->names);
		free(a);
	}
	table_done(&all->accounts);
	signal_done(&all->turn_free);
	lock_done(&all->lock);
	free(all);
}

/* --- the turn --- */

bool names_turn_take(struct mailboxes *all, struct id account, struct error *e)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + NAMES_WAIT_S * NS_PER_S;
	struct account_names *a;

	HOLDING(&all->lock);
	a = account_make(all, account);
	if (a == NULL)
		return fail(e, FAULT_LATER, "change mailboxes: out of memory");
	a->users++;
	while (a->has_writer) {
		if (!signal_wait(&all->turn_free, &all->lock, until_ns)) {
			a->users--;
			return fail(
				e, FAULT_LATER, "change mailboxes: another change takes too long");
		}
	}
	a->has_writer = true;
	return true;
}

void names_turn_drop(struct mailboxes *all, struct id account)
{
	struct account_names *a;

	HOLDING(&all->lock);
	a = account_find(all, account);
	invariant(a != NULL && a->has_writer);
	a->has_writer = false;
	a->users--;
	account_free_unused(all, a);
	signal_all(&all->turn_free);
}

void names_changed(struct mailboxes *all, struct id account)
{
	{
		struct account_names *a;

		HOLDING(&all->lock);
		a = account_find(all, account);
		invariant(a != NULL && a->has_writer);
		account_forget_names(all, a);
		all->changed++;
	}
	changes_tell(all->changes, (struct id){ { 0 } }, account);
}

/* --- getting a snapshot --- */

static struct names *names_cached(struct mailboxes *all, struct id account, uint64_t *ret_changes)
{
	struct account_names *a;

	HOLDING(&all->lock);
	a = account_find(all, account);
	*ret_changes = all->changed;
	if (a == NULL || a->names == NULL)
		return NULL;
	use_remove(all, a);
	use_add(all, a);
	a->names->users++;
	return a->names;
}

bool names_get(struct mailboxes *all, struct id account, struct names **ret, struct error *e)
{
	uint64_t changes;
	struct names *n = names_cached(all, account, &changes);
	struct account_names *a;

	if (n == NULL) {
		n = calloc(1, sizeof *n);
		if (n == NULL)
			return fail(e, FAULT_LATER, "read the mailboxes: out of memory");
		n->users = 1;
		n->arena.max = NAMES_BYTES;
		if (!names_read(all->store, account, n, e)) {
			names_free(n);
			return false;
		}
		HOLDING(&all->lock);
		a = account_make(all, account);
		if (a != NULL && all->changed == changes)
			account_keep(all, a, n);
		else if (a != NULL)
			account_free_unused(all, a);
	}
	*ret = n;
	return true;
}
