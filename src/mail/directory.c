/* SPDX-License-Identifier: MIT */
#include "mail/directory_parts.h"
#include "mail/parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* One value, or that there is none. The name is the partition and the key together. */
struct cached {
	struct table_node node; /* first, see table.h */
	struct cached *older, *newer;
	size_t name_len, value_len;
	bool is_found;
	char bytes[];
};

enum {
	CACHED_NAME_BYTES =
		LIMIT_PARTITION_NAME_BYTES + LIMIT_ADDRESS_BYTES + LIMIT_LOCAL_PART_BYTES
};

bool directory_open(const struct mail *m, const struct mail_options *options,
	struct directory **ret, struct error *e)
{
	struct directory *d = calloc(1, sizeof *d);

	if (d == NULL || !table_init(&d->cache)) {
		free(d);
		return fail(e, FAULT_LATER, "open the directory: out of memory");
	}
	d->store = m->store;
	d->clock = m->clock;
	d->folders = m->folders;
	d->mailboxes = m->mailboxes;
	d->separator = options->address_separator;
	lock_init(&d->lock, RANK_DIRECTORY);
	signal_init(&d->turn_free);
	if (options->postmaster.len > sizeof d->postmaster) {
		directory_close(d);
		return fail(
			e, FAULT_NEVER, "open the directory: the postmaster's address is too long");
	}
	d->postmaster_len = options->postmaster.len;
	if (d->postmaster_len > 0)
		memcpy(d->postmaster, options->postmaster.at, d->postmaster_len);
	*ret = d;
	return true;
}

void directory_close(struct directory *d)
{
	struct table_node *node;

	if (d == NULL)
		return;
	while ((node = table_take_any(&d->cache)) != NULL)
		free(node);
	table_done(&d->cache);
	signal_done(&d->turn_free);
	lock_done(&d->lock);
	free(d);
}

/* --- the cache, under lock --- */

static struct cached *cached_find(struct directory *d, struct slice name)
{
	struct table_node *node = table_first(&d->cache, table_hash(name));

	for (; node != NULL; node = table_next(node)) {
		struct cached *c = TABLE_ITEM(struct cached, node);

		if (slice_same((struct slice){ c->bytes, c->name_len }, name))
			return c;
	}
	return NULL;
}

static size_t cached_bytes(const struct cached *c)
{
	return sizeof *c + c->name_len + c->value_len;
}

static void cached_unlink(struct directory *d, struct cached *c)
{
	*(c->older != NULL ? &c->older->newer : &d->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &d->newest) = c->older;
}

static void cached_link(struct directory *d, struct cached *c)
{
	c->older = d->newest;
	c->newer = NULL;
	*(d->newest != NULL ? &d->newest->newer : &d->oldest) = c;
	d->newest = c;
}

static void cached_remove(struct directory *d, struct cached *c)
{
	cached_unlink(d, c);
	table_remove(&d->cache, &c->node);
	d->cache_bytes -= cached_bytes(c);
	free(c);
}

static void cached_add(struct directory *d, struct slice name, struct slice value, bool is_found)
{
	struct cached *c;

	if (cached_find(d, name) != NULL)
		return;
	c = malloc(sizeof *c + name.len + value.len);
	if (c == NULL)
		return;
	c->name_len = name.len;
	c->value_len = value.len;
	c->is_found = is_found;
	memcpy(c->bytes, name.at, name.len);
	if (value.len > 0)
		memcpy(c->bytes + name.len, value.at, value.len);
	table_add(&d->cache, &c->node, table_hash(name));
	cached_link(d, c);
	d->cache_bytes += cached_bytes(c);
	while (d->cache_bytes > DIRECTORY_CACHE_BYTES && d->oldest != c)
		cached_remove(d, d->oldest);
}

/* --- reading --- */

static struct slice cached_name(
	char room[CACHED_NAME_BYTES], const struct key *partition, struct slice key)
{
	invariant(partition->len + key.len <= CACHED_NAME_BYTES);
	memcpy(room, partition->at, partition->len);
	memcpy(room + partition->len, key.at, key.len);
	return (struct slice){ room, partition->len + key.len };
}

/* True: the cache knows, and *ret_value is in the arena (NULL: the arena is full). */
static bool cache_look(struct directory *d, struct slice name, struct arena *a,
	struct slice *ret_value, bool *ret_found, uint64_t *ret_writes)
{
	struct cached *c;

	HOLDING(&d->lock);
	*ret_writes = d->writes;
	c = cached_find(d, name);
	if (c == NULL)
		return false;
	cached_unlink(d, c);
	cached_link(d, c);
	*ret_found = c->is_found;
	*ret_value = arena_copy(a, (struct slice){ c->bytes + c->name_len, c->value_len });
	return true;
}

static bool directory_read(struct directory *d, const struct key *partition, struct slice key,
	struct arena *a, struct slice *ret_value, bool *ret_found, struct error *e)
{
	char room[CACHED_NAME_BYTES];
	struct slice name = cached_name(room, partition, key);
	auto_buf value = { .max = DIRECTORY_RECORD_BYTES };
	uint64_t writes;

	if (!cache_look(d, name, a, ret_value, ret_found, &writes)) {
		if (!store_get(d->store, key_slice(partition), key, &value, ret_found, e))
			return false;
		*ret_value = arena_copy(a, buf_slice(&value));
		HOLDING(&d->lock);
		if (writes == d->writes)
			cached_add(d, name, buf_slice(&value), *ret_found);
	}
	if (ret_value->at == NULL)
		return fail(e, FAULT_LATER, "look up '%.*s': out of memory", S_FMT(key));
	return true;
}

void directory_forget(struct directory *d, const struct key *partition, struct slice key)
{
	char room[CACHED_NAME_BYTES];
	struct slice name = cached_name(room, partition, key);
	struct cached *c;

	HOLDING(&d->lock);
	d->writes++;
	c = cached_find(d, name);
	if (c != NULL)
		cached_remove(d, c);
}

uint64_t directory_changes(struct directory *d)
{
	return atomic_load_explicit(&d->writes, memory_order_acquire);
}

bool directory_domain(struct directory *d, struct slice name, struct arena *a,
	struct domain_row *ret, bool *ret_found, struct error *e)
{
	struct key partition = domain_partition();
	struct slice value;

	if (!directory_read(d, &partition, name, a, &value, ret_found, e))
		return false;
	if (*ret_found && !domain_decode(name, value, ret))
		return fail(e, FAULT_NEVER, "look up domain '%.*s': its record is damaged",
			S_FMT(name));
	return true;
}

bool directory_entity(struct directory *d, const struct domain_row *domain, struct slice local,
	struct arena *a, struct entity *ret, struct error *e)
{
	struct key partition = entity_partition(domain->id, local);
	struct slice value, name = domain->domain.name;
	bool is_found;
	char *address;

	ret->kind = ENTITY_NONE;
	if (!directory_read(d, &partition, local, a, &value, &is_found, e))
		return false;
	if (!is_found)
		return true;
	address = arena_take(a, local.len + 1 + name.len);
	if (address == NULL)
		return fail(e, FAULT_LATER, "look up an address: out of memory");
	memcpy(address, local.at, local.len);
	address[local.len] = '@';
	memcpy(address + local.len + 1, name.at, name.len);
	if (!entity_decode((struct slice){ address, local.len + 1 + name.len }, value, a, ret))
		return fail(e, FAULT_NEVER, "look up '%.*s': its record is damaged",
			(int)(local.len + 1 + name.len), address);
	return true;
}

bool directory_find(struct directory *d, struct slice address, enum entity_kind kind,
	struct arena *a, struct entity *ret, struct domain_row *ret_domain, bool *ret_found,
	struct error *e)
{
	struct domain_row domain;
	struct name name;
	bool has_domain = false;

	*ret = (struct entity){ .kind = ENTITY_NONE };
	*ret_found = false;
	if (name_parse(address, false, a, &name) != NAME_OK)
		return true;
	if (!directory_domain(d, name.domain, a, &domain, &has_domain, e))
		return false;
	if (has_domain && !directory_entity(d, &domain, name.local, a, ret, e))
		return false;
	*ret_found = ret->kind == kind;
	if (*ret_found && ret_domain != NULL)
		*ret_domain = domain;
	return true;
}

/* --- writing --- */

bool directory_turn_take(struct directory *d, struct error *e)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + DIRECTORY_WAIT_S * NS_PER_S;

	HOLDING(&d->lock);
	while (d->has_writer) {
		if (!signal_wait(&d->turn_free, &d->lock, until_ns))
			return fail(e, FAULT_LATER,
				"change the directory: another change takes too long");
	}
	d->has_writer = true;
	return true;
}

void directory_turn_drop(struct directory **d)
{
	if (*d == NULL)
		return;
	HOLDING(&(*d)->lock);
	(*d)->has_writer = false;
	signal_one(&(*d)->turn_free);
}

bool directory_fresh(struct directory *d, const struct key *partition, struct slice key,
	struct buf *ret_value, bool *ret_found, uint64_t *ret_version, struct error *e)
{
	/* In the turn nobody else changes what we read, so two reads are as good as one. */
	return store_get(d->store, key_slice(partition), key, ret_value, ret_found, e) &&
	       store_version(d->store, key_slice(partition), ret_version, e);
}

bool directory_counts(struct directory *d, struct id domain, struct domain_counts *ret,
	uint64_t *ret_version, struct error *e)
{
	struct key partition = counts_partition(domain);
	auto_buf value = { .max = DIRECTORY_RECORD_BYTES };
	bool is_found;

	*ret = (struct domain_counts){ 0 };
	if (!directory_fresh(d, &partition, S("n"), &value, &is_found, ret_version, e))
		return false;
	if (is_found && !counts_decode(buf_slice(&value), ret))
		return fail(e, FAULT_NEVER, "read a domain's counts: damaged");
	return true;
}

enum change directory_write(struct directory *d, struct batch *b, struct error *e)
{
	switch (batch_write(b, d->store, e)) {
	case STORE_OK:
		return CHANGE_DONE;
	case STORE_CONFLICT:
	case STORE_UNKNOWN:
		return change_says(
			CHANGE_CONFLICT, e, "somebody else changed the same thing first");
	case STORE_FAILED:
		break;
	}
	return CHANGE_FAILED;
}

enum change change_says(enum change change, struct error *e, const char *format, ...)
{
	va_list words;

	e->fault = FAULT_NEVER;
	va_start(words, format);
	(void)vsnprintf(e->text, sizeof e->text, format, words);
	va_end(words);
	return change;
}
