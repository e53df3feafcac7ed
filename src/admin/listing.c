/* SPDX-License-Identifier: MIT */
#include "admin/listing.h"

#include <string.h>

enum { LISTING_DOMAINS = 100 /* read at once */ };

/* One kind of list: what differs between accounts and aliases. */
struct kind {
	size_t item_bytes;
	bool (*list)(struct request *r, struct slice domain, struct slice after, size_t limit,
		void **ret, size_t *ret_count, struct error *e);
};

static bool list_accounts(struct request *r, struct slice domain, struct slice after, size_t limit,
	void **ret, size_t *ret_count, struct error *e)
{
	struct account *found;
	bool is_read = account_list(
		r->options->mail->directory, domain, after, limit, &r->arena, &found, ret_count, e);

	*ret = is_read ? found : NULL;
	return is_read;
}

static bool list_aliases(struct request *r, struct slice domain, struct slice after, size_t limit,
	void **ret, size_t *ret_count, struct error *e)
{
	struct alias *found;
	bool is_read = alias_list(
		r->options->mail->directory, domain, after, limit, &r->arena, &found, ret_count, e);

	*ret = is_read ? found : NULL;
	return is_read;
}

static const struct kind accounts = { sizeof(struct account), list_accounts };
static const struct kind aliases = { sizeof(struct alias), list_aliases };

struct listing {
	struct request *request;
	const struct kind *kind;
	char *items;
	size_t count, limit;
};

static bool add_domain(struct listing *l, struct slice domain, struct slice after, struct error *e)
{
	void *found;
	size_t count;

	if (l->count == l->limit)
		return true;
	if (!l->kind->list(l->request, domain, after, l->limit - l->count, &found, &count, e))
		return false;
	if (count > 0)
		memcpy(l->items + l->count * l->kind->item_bytes, found,
			count * l->kind->item_bytes);
	l->count += count;
	return true;
}

static bool add_all(struct listing *l, struct slice after, struct error *e)
{
	size_t at = slice_find_last(after, '@');
	struct slice last = slice_skip(after, at + 1); /* empty without '@' */
	struct domain *domains;
	size_t count;

	if (last.len > 0 && !add_domain(l, last, after, e))
		return false;
	do { /* ends: names only grow */
		if (!domain_list(l->request->options->mail->directory, last, LISTING_DOMAINS,
			    &l->request->arena, &domains, &count, e))
			return false;
		for (size_t i = 0; i < count; i++)
			if (!add_domain(l, domains[i].name, S(""), e))
				return false;
		if (count > 0)
			last = domains[count - 1].name;
	} while (count > 0 && l->count < l->limit);
	return true;
}

static bool listing(struct request *r, const struct kind *kind, const struct page_wish *wish,
	void **ret, size_t *ret_count, struct error *e)
{
	struct listing l = { .request = r, .kind = kind, .limit = wish->limit };

	l.items = arena_take(&r->arena, (wish->limit + 1) * kind->item_bytes);
	if (l.items == NULL)
		return fail(e, FAULT_LATER, "list: out of memory");
	bool is_read = wish->domain.len > 0 ? add_domain(&l, wish->domain, wish->after, e)
					    : add_all(&l, wish->after, e);
	*ret = l.items;
	*ret_count = l.count;
	return is_read;
}

bool listing_accounts(struct request *r, const struct page_wish *wish, struct account **ret,
	size_t *ret_count, struct error *e)
{
	void *items;
	bool is_read = listing(r, &accounts, wish, &items, ret_count, e);

	*ret = is_read ? items : NULL;
	return is_read;
}

bool listing_aliases(struct request *r, const struct page_wish *wish, struct alias **ret,
	size_t *ret_count, struct error *e)
{
	void *items;
	bool is_read = listing(r, &aliases, wish, &items, ret_count, e);

	*ret = is_read ? items : NULL;
	return is_read;
}
