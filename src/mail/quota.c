/* SPDX-License-Identifier: MIT */
#include "mail/quota_use.h"

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
	struct quota_domain *domain;
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

void quota_count(struct quota *q, struct slice domain, const struct folder *f)
{
	struct quota_account *a;
	struct quota_domain *d;

	invariant(lock_is_held(&f->folders->lock));
	HOLDING(&q->lock);
	if (account_find(q, f->id) != NULL)
		return;
	d = domain_make(q, domain);
	a = calloc(1, sizeof *a);
	/* Without memory the account is counted by a later call. */
	if (a == NULL || d == NULL) {
		free(a);
		return;
	}
	a->id = f->id;
	a->domain = d;
	table_add(&q->accounts, &a->node, table_hash(id_slice(&f->id)));
	d->bytes += f->next.bytes;
	d->messages += f->next.count;
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

static bool count_account(struct mail *m, struct slice domain, struct id account, struct error *e)
{
	struct folder *f;
	bool is_counted = false, is_good;

	if (!folder_open(m->folders, account, &f, e))
		return false;
	/* A broken head still has mails in it that failed: only a good one is counted. */
	do {
		is_good = folder_ready(f, e);
		HOLDING(&m->folders->lock);
		is_counted = is_good && folder_is_ready(f);
		if (is_counted)
			quota_count(m->quota, domain, f);
	} while (is_good && !is_counted);
	folder_close(f);
	return is_good;
}

bool quota_sum(struct mail *m, struct slice domain, struct error *e)
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
			if (!count_account(m, domain, accounts[i].id, e))
				return false;
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

enum quota_answer quota_fits(
	struct quota *q, const struct target *t, const struct folder *f, uint64_t bytes)
{
	struct quota_usage domain;

	invariant(lock_is_held(&f->folders->lock));
	if (t->message_bytes_max > 0 && bytes > t->message_bytes_max)
		return QUOTA_NEVER;
	if ((t->quota_bytes > 0 && bytes > t->quota_bytes) ||
		(t->domain_quota_bytes > 0 && bytes > t->domain_quota_bytes))
		return QUOTA_NEVER;
	if (t->quota_bytes > 0 && f->next.bytes + bytes > t->quota_bytes)
		return QUOTA_FULL;
	if (t->quota_messages > 0 && f->next.count + 1 > t->quota_messages)
		return QUOTA_FULL;
	if (t->domain_quota_bytes == 0)
		return QUOTA_FITS;
	quota_count(q, t->domain, f);
	domain = quota_domain_now(q, t->domain);
	return domain.bytes + bytes > t->domain_quota_bytes ? QUOTA_FULL : QUOTA_FITS;
}

bool quota_account(struct mail *m, struct id account, struct quota_usage *ret, struct error *e)
{
	struct folder *f;

	if (!folder_open(m->folders, account, &f, e))
		return false;
	{
		HOLDING(&m->folders->lock);
		*ret = (struct quota_usage){ f->next.bytes, f->next.count };
	}
	folder_close(f);
	return true;
}

bool quota_domain(struct mail *m, struct slice domain, struct quota_usage *ret, struct error *e)
{
	if (!quota_sum(m, domain, e))
		return false;
	*ret = quota_domain_now(m->quota, domain);
	return true;
}
