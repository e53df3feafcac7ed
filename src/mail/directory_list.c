/* SPDX-License-Identifier: MIT */
/*
 * Lists in name order. The accounts and aliases of a domain stand in buckets by hash: each bucket is read in order,
 * and the smallest next name of all of them comes next.
 */
#include "mail/directory_parts.h"

#include <stdlib.h>

bool domain_list(struct directory *d, struct slice after, size_t limit, struct arena *a,
	struct domain **ret, size_t *ret_count, struct error *e)
{
	struct key partition = domain_partition();
	struct store_scan scan = { .partition = key_slice(&partition),
		.after = after,
		.expect = STORE_ANY_VERSION,
		.limit = limit < 1                 ? 1
			 : limit > LIMIT_SCAN_ROWS ? LIMIT_SCAN_ROWS
						   : limit };
	struct store_page page = { 0 };
	bool is_good = store_scan(d->store, &scan, &page, e);

	*ret_count = 0;
	*ret = is_good ? arena_take(a, (page.row_count + 1) * sizeof **ret) : NULL;
	if (is_good && *ret == NULL)
		is_good = fail(e, FAULT_LATER, "list domains: out of memory");
	for (size_t i = 0; is_good && i < page.row_count; i++) {
		struct slice name = arena_copy(a, page.rows[i].key);
		struct slice value = arena_copy(a, page.rows[i].value);
		struct domain_row row;

		if (name.at == NULL || value.at == NULL)
			is_good = fail(e, FAULT_LATER, "list domains: out of memory");
		else if (!domain_decode(name, value, &row))
			is_good = fail(e, FAULT_NEVER, "list domains: '%.*s' is damaged",
				S_FMT(page.rows[i].key));
		else
			(*ret)[(*ret_count)++] = row.domain;
	}
	store_page_done(&page);
	return is_good;
}

/* One bucket on its way. */
struct stream {
	struct key partition;
	struct store_page page;
	size_t at; /* the next row */
	size_t limit;
	bool is_open;
};

struct merge {
	struct directory *directory;
	struct slice domain;
	struct stream streams[KEYS_ACCOUNT_BUCKETS];
};

static void merge_done(struct merge *m)
{
	for (size_t i = 0; i < COUNT(m->streams); i++)
		store_page_done(&m->streams[i].page);
}

/* Reads on when the page is used up. */
static bool stream_fill(struct merge *m, struct stream *s, struct slice after, struct error *e)
{
	char room[LIMIT_ADDRESS_BYTES];
	struct store_scan scan = { .partition = key_slice(&s->partition),
		.expect = STORE_ANY_VERSION,
		.limit = s->limit };

	if (s->is_open && (s->at < s->page.row_count || s->page.is_last))
		return true;
	if (s->is_open && s->page.row_count > 0)
		after = s->page.rows[s->page.row_count - 1].key;
	/* The page's own memory is about to be used again. */
	if (after.len > sizeof room)
		return fail(e, FAULT_NEVER, "list a domain: a name is too long");
	if (after.len > 0)
		memcpy(room, after.at, after.len);
	scan.after = (struct slice){ room, after.len };
	s->is_open = true;
	s->at = 0;
	return store_scan(m->directory->store, &scan, &s->page, e);
}

/* The smallest next name of all buckets; NULL: there is none. */
static bool merge_next(
	struct merge *m, struct slice after, const struct store_row **ret, struct error *e)
{
	struct stream *least = NULL;

	for (size_t i = 0; i < COUNT(m->streams); i++) {
		struct stream *s = &m->streams[i];

		if (!stream_fill(m, s, after, e))
			return false;
		if (s->at >= s->page.row_count)
			continue;
		if (least == NULL ||
			slice_order(s->page.rows[s->at].key, least->page.rows[least->at].key) < 0)
			least = s;
	}
	*ret = least == NULL ? NULL : &least->page.rows[least->at++];
	return true;
}

static bool row_entity(const struct merge *m, const struct store_row *row, struct arena *a,
	struct entity *ret, struct error *e)
{
	size_t len = row->key.len + 1 + m->domain.len;
	char *address = arena_take(a, len);
	struct slice value = arena_copy(a, row->value);

	if (address == NULL || value.at == NULL)
		return fail(e, FAULT_LATER, "list a domain: out of memory");
	memcpy(address, row->key.at, row->key.len);
	address[row->key.len] = '@';
	memcpy(address + row->key.len + 1, m->domain.at, m->domain.len);
	if (!entity_decode((struct slice){ address, len }, value, a, ret))
		return fail(e, FAULT_NEVER, "list a domain: '%.*s' is damaged", (int)len, address);
	return true;
}

/* The kind stands behind the version byte; the others need not be decoded. */
static bool row_is(const struct store_row *row, enum entity_kind kind)
{
	return row->value.len >= 2 && (unsigned char)row->value.at[1] == (unsigned)kind;
}

static bool merge_list(struct merge *m, enum entity_kind kind, struct slice after, size_t limit,
	struct arena *a, struct entity *room, size_t *ret_count, struct error *e)
{
	*ret_count = 0;
	while (*ret_count < limit) {
		const struct store_row *row;

		if (!merge_next(m, after, &row, e))
			return false;
		if (row == NULL)
			break;
		if (!row_is(row, kind))
			continue;
		if (!row_entity(m, row, a, &room[(*ret_count)++], e))
			return false;
	}
	return true;
}

/* `after` may be a whole address or a local part. */
static bool entity_list(struct directory *d, enum entity_kind kind, struct slice domain,
	struct slice after, size_t limit, struct arena *a, struct entity **ret, size_t *ret_count,
	struct error *e)
{
	auto_free struct merge *m = calloc(1, sizeof *m);
	struct domain_row row;
	struct slice key;
	bool is_found, is_good;

	*ret_count = 0;
	*ret = arena_take(a, (limit + 1) * sizeof **ret);
	if (m == NULL || *ret == NULL)
		return fail(e, FAULT_LATER, "list a domain: out of memory");
	if (name_domain(domain, a, &key) != NAME_OK)
		return true;
	if (!directory_domain(d, key, a, &row, &is_found, e))
		return false;
	if (!is_found)
		return true;
	m->directory = d;
	m->domain = key;
	for (size_t i = 0; i < COUNT(m->streams); i++) {
		struct stream *s = &m->streams[i];

		s->partition = key_of_id('a', row.id);
		key_add_number(&s->partition, i, 1);
		/* An even share and half of it more, so that most buckets are read once. */
		s->limit = limit * 3 / 2 / KEYS_ACCOUNT_BUCKETS + 8;
		s->limit = s->limit > LIMIT_SCAN_ROWS ? LIMIT_SCAN_ROWS : s->limit;
	}
	is_good = merge_list(m, kind, slice_first(after, slice_find_last(after, '@')), limit, a,
		*ret, ret_count, e);
	merge_done(m);
	return is_good;
}

bool account_list(struct directory *d, struct slice domain, struct slice after, size_t limit,
	struct arena *a, struct account **ret, size_t *ret_count, struct error *e)
{
	struct entity *entities;

	if (!entity_list(d, ENTITY_ACCOUNT, domain, after, limit, a, &entities, ret_count, e))
		return false;
	*ret = arena_take(a, (*ret_count + 1) * sizeof **ret);
	if (*ret == NULL)
		return fail(e, FAULT_LATER, "list a domain: out of memory");
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = entities[i].account;
	return true;
}

bool alias_list(struct directory *d, struct slice domain, struct slice after, size_t limit,
	struct arena *a, struct alias **ret, size_t *ret_count, struct error *e)
{
	struct entity *entities;

	if (!entity_list(d, ENTITY_ALIAS, domain, after, limit, a, &entities, ret_count, e))
		return false;
	*ret = arena_take(a, (*ret_count + 1) * sizeof **ret);
	if (*ret == NULL)
		return fail(e, FAULT_LATER, "list a domain: out of memory");
	for (size_t i = 0; i < *ret_count; i++)
		(*ret)[i] = entities[i].alias;
	return true;
}
