/* SPDX-License-Identifier: MIT */
#include "mail/quota_use.h"

#include "mail/mailbox_names.h"
#include "mail/parts.h"

#include <stdlib.h>

enum { QUOTA_PAGE = 500 /* accounts listed at once; they fit into LIMIT_ARENA_BYTES */ };

struct quota_domain {
	struct table_node node; /* first, see table.h */
	uint64_t bytes, messages;
	bool is_complete; /* all accounts that existed when it was summed are in */
	size_t name_len;
	char name[];
};

struct quota_account {
	struct table_node node; /* first, see table.h */
	struct id id;
	uint64_t bytes, messages;
	struct quota_domain *domain; /* NULL: not part of a domain's sum */
};

struct quota {
	struct lock lock;
	/* under lock: */
	struct table domains, accounts;
};

bool quota_open(struct quota **ret, struct error *e)
{
	struct quota *q = calloc(1, sizeof *q);

	if (q == NULL || !table_init(&q->domains) || !table_init(&q->accounts)) {
		if (q != NULL)
			table_done(&q->domains);
		free(q);
		return fail(e, FAULT_LATER, "open the quotas: out of memory");
	}
	lock_init(&q->lock, RANK_QUOTA);
	*ret = q;
	return true;
}

static void free_all(struct table *t)
{
	struct table_node *node;

	while ((node = table_take_any(t)) != NULL)
		free(node);
	table_done(t);
}

void quota_close(struct quota *q)
{
	if (q == NULL)
		return;
	free_all(&q->accounts);
	free_all(&q->domains);
	lock_done(&q->lock);
	free(q);
}

static struct quota_domain *domain_find(struct quota *q, struct slice name)
{
	struct table_node *node = table_first(&q->domains, table_hash(name));

	for (; node != NULL; node = table_next(node)) {
		struct quota_domain *d = TABLE_ITEM(struct quota_domain, node);

		if (slice_same((struct slice){ d->name, d->name_len }, name))
			return d;
	}
	return NULL;
}

/* NULL: out of memory. */
static struct quota_domain *domain_make(struct quota *q, struct slice name)
{
	struct quota_domain *d = domain_find(q, name);

	if (d != NULL)
		return d;
	d = calloc(1, sizeof *d + name.len + 1);
	if (d == NULL)
		return NULL;
	d->name_len = name.len;
	memcpy(d->name, name.at, name.len);
	table_add(&q->domains, &d->node, table_hash(name));
	return d;
}

static struct quota_account *account_find(struct quota *q, struct id id)
{
	struct table_node *node = table_first(&q->accounts, table_hash(id_slice(&id)));

	for (; node != NULL; node = table_next(node)) {
		struct quota_account *a = TABLE_ITEM(struct quota_account, node);

		if (id_same(a->id, id))
			return a;
	}
	return NULL;
}

/* The account becomes part of its domain's sum. Without memory that is done by a later call. */
static void domain_join(struct quota *q, struct slice domain, struct id account)
{
	struct quota_account *a;
	struct quota_domain *d;

	HOLDING(&q->lock);
	a = account_find(q, account);
	if (a == NULL || a->domain != NULL)
		return;
	d = domain_make(q, domain);
	if (d == NULL)
		return;
	a->domain = d;
	d->bytes += a->bytes;
	d->messages += a->messages;
}

static uint64_t moved(uint64_t value, int64_t by)
{
	if (by < 0 && (uint64_t)-by > value)
		return 0;
	return by < 0 ? value - (uint64_t)-by : value + (uint64_t)by;
}

void quota_changed(struct quota *q, struct id account, int64_t bytes, int64_t messages)
{
	struct quota_account *a;

	HOLDING(&q->lock);
	if (q->accounts.count == 0)
		return;
	a = account_find(q, account);
	if (a == NULL)
		return;
	a->bytes = moved(a->bytes, bytes);
	a->messages = moved(a->messages, messages);
	if (a->domain == NULL)
		return;
	a->domain->bytes = moved(a->domain->bytes, bytes);
	a->domain->messages = moved(a->domain->messages, messages);
}

void quota_forget(struct quota *q, struct id account)
{
	struct quota_account *a;

	HOLDING(&q->lock);
	a = account_find(q, account);
	if (a == NULL)
		return;
	table_remove(&q->accounts, &a->node);
	free(a);
}

struct quota_usage quota_account_now(struct quota *q, struct id account)
{
	struct quota_account *a;

	HOLDING(&q->lock);
	a = account_find(q, account);
	return a == NULL ? (struct quota_usage){ 0 }
			 : (struct quota_usage){ a->bytes, a->messages };
}

struct quota_usage quota_domain_now(struct quota *q, struct slice domain)
{
	struct quota_domain *d;

	HOLDING(&q->lock);
	d = domain_find(q, domain);
	return d == NULL ? (struct quota_usage){ 0 }
			 : (struct quota_usage){ d->bytes, d->messages };
}

static bool is_complete(struct quota *q, struct slice domain)
{
	struct quota_domain *d;

	HOLDING(&q->lock);
	d = domain_find(q, domain);
	return d != NULL && d->is_complete;
}

static bool set_complete(struct quota *q, struct slice domain, struct error *e)
{
	struct quota_domain *d;

	HOLDING(&q->lock);
	d = domain_make(q, domain);
	if (d == NULL)
		return fail(e, FAULT_LATER, "sum a domain: out of memory");
	d->is_complete = true;
	return true;
}

/* --- summing an account: all its folders at one moment --- */

struct folder_list {
	struct folder **at;
	size_t count;
};

static void folder_list_done(struct folder_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		folder_close(l->at[i]);
	free(l->at);
}

static bool folders_open_all(
	struct mail *m, struct id account, struct folder_list *ret, struct error *e)
{
	struct names *n;
	bool is_good = names_get(m->mailboxes, account, &n, e);

	if (!is_good)
		return false;
	ret->at = calloc(n->count, sizeof *ret->at);
	if (ret->at == NULL)
		is_good = fail(e, FAULT_LATER, "sum an account: out of memory");
	for (size_t i = 0; is_good && i < n->count; i++) {
		if (id_is_zero(n->at[i].id))
			continue;
		is_good = folder_open_id(m->folders, account, n->at[i].id, &ret->at[ret->count], e);
		ret->count += is_good ? 1 : 0;
	}
	names_put(m->mailboxes, n);
	return is_good;
}

static bool account_is_summed(struct quota *q, struct id account)
{
	HOLDING(&q->lock);
	return account_find(q, account) != NULL;
}

/* Under the folders' lock: what is added from now on comes by quota_changed(). */
static bool account_add_sum(struct quota *q, struct id account, const struct folder_list *l)
{
	struct quota_account *a;

	HOLDING(&q->lock);
	if (account_find(q, account) != NULL)
		return true;
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return false;
	a->id = account;
	for (size_t i = 0; i < l->count; i++) {
		a->bytes += l->at[i]->next.bytes;
		a->messages += l->at[i]->next.count;
	}
	table_add(&q->accounts, &a->node, table_hash(id_slice(&account)));
	return true;
}

/* A broken head still has mails in it that failed: only good ones are counted. */
static bool folders_sum(
	struct mail *m, struct id account, const struct folder_list *l, struct error *e)
{
	for (;;) {
		bool are_ready = true;

		for (size_t i = 0; i < l->count; i++) {
			if (!folder_ready(l->at[i], e))
				return false;
		}
		HOLDING(&m->folders->lock);
		for (size_t i = 0; i < l->count; i++)
			are_ready = are_ready && folder_is_ready(l->at[i]);
		if (are_ready)
			return account_add_sum(m->quota, account, l) ||
			       fail(e, FAULT_LATER, "sum an account: out of memory");
	}
}

bool quota_ready(struct mail *m, struct id account, struct error *e)
{
	ON_EXIT(folder_list_done) struct folder_list l = { 0 };
	bool is_good;

	if (account_is_summed(m->quota, account))
		return true;
	/* Under the turn no mailbox comes or goes. */
	if (!names_turn_take(m->mailboxes, account, e))
		return false;
	is_good = folders_open_all(m, account, &l, e) && folders_sum(m, account, &l, e);
	names_turn_drop(m->mailboxes, account);
	return is_good;
}

static bool quota_sum(struct mail *m, struct slice domain, struct error *e)
{
	char after_room[LIMIT_ADDRESS_BYTES];
	struct slice after = S("");
	size_t count = 1;

	if (is_complete(m->quota, domain))
		return true;
	while (count > 0) {
		auto_arena a = { .max = LIMIT_ARENA_BYTES };
		struct account *accounts;

		if (!account_list(
			    m->directory, domain, after, QUOTA_PAGE, &a, &accounts, &count, e))
			return false;
		for (size_t i = 0; i < count; i++) {
			if (!quota_ready(m, accounts[i].id, e))
				return false;
			domain_join(m->quota, domain, accounts[i].id);
		}
		if (count > 0) {
			struct slice last = accounts[count - 1].address;

			invariant(last.len <= sizeof after_room);
			memcpy(after_room, last.at, last.len);
			after = (struct slice){ after_room, last.len };
		}
	}
	return set_complete(m->quota, domain, e);
}

uint64_t quota_smaller(uint64_t given, uint64_t own)
{
	if (given == 0 || own == 0)
		return given + own;
	return given < own ? given : own;
}

bool quota_is_limited(const struct target *t)
{
	return t->quota_bytes > 0 || t->quota_messages > 0 || t->domain_quota_bytes > 0;
}

bool quota_ready_for(struct mail *m, const struct target *t, struct error *e)
{
	if (!quota_is_limited(t))
		return true;
	if (t->domain_quota_bytes > 0 && !quota_sum(m, t->domain, e))
		return false;
	return quota_ready(m, t->account, e);
}

enum quota_answer quota_fits(struct quota *q, const struct target *t, uint64_t bytes,
	uint64_t messages, uint64_t largest)
{
	struct quota_usage account, domain;

	if (t->message_bytes_max > 0 && largest > t->message_bytes_max)
		return QUOTA_NEVER;
	if ((t->quota_bytes > 0 && bytes > t->quota_bytes) ||
		(t->domain_quota_bytes > 0 && bytes > t->domain_quota_bytes))
		return QUOTA_NEVER;
	/* What takes no more room fits, also when the limit was lowered meanwhile. */
	if (!quota_is_limited(t) || (bytes == 0 && messages == 0))
		return QUOTA_FITS;
	account = quota_account_now(q, t->account);
	if (t->quota_bytes > 0 && account.bytes + bytes > t->quota_bytes)
		return QUOTA_FULL;
	if (t->quota_messages > 0 && account.messages + messages > t->quota_messages)
		return QUOTA_FULL;
	if (t->domain_quota_bytes == 0)
		return QUOTA_FITS;
	domain_join(q, t->domain, t->account);
	domain = quota_domain_now(q, t->domain);
	return domain.bytes + bytes > t->domain_quota_bytes ? QUOTA_FULL : QUOTA_FITS;
}

bool quota_account(struct mail *m, struct id account, struct quota_usage *ret, struct error *e)
{
	if (!quota_ready(m, account, e))
		return false;
	*ret = quota_account_now(m->quota, account);
	return true;
}

bool quota_domain(struct mail *m, struct slice domain, struct quota_usage *ret, struct error *e)
{
	if (!quota_sum(m, domain, e))
		return false;
	*ret = quota_domain_now(m->quota, domain);
	return true;
}
