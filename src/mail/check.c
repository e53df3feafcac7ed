/* SPDX-License-Identifier: MIT */
#include "mail/acl_parts.h"
#include "mail/check_parts.h"
#include "mail/directory_parts.h"
#include "mail/mailbox_names.h"
#include "mail/spool_item.h"

#include "base/record.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void check_says(struct check *c, const char *format, ...)
{
	char words[CHECK_WORDS_BYTES];
	va_list rest;

	va_start(rest, format);
	(void)vsnprintf(words, sizeof words, format, rest);
	va_end(rest);
	c->result->findings++;
	c->report(c->context, slice_of(words));
}

static struct table_node *find_id(const struct table *t, struct id id, size_t id_at)
{
	struct table_node *node = table_first(t, table_hash(id_slice(&id)));

	while (node != NULL && memcmp((const char *)node + id_at, &id, sizeof id) != 0)
		node = table_next(node);
	return node;
}

struct table_node *check_find_or_make(struct table *t, struct id id, size_t id_at, size_t bytes)
{
	struct table_node *node = find_id(t, id, id_at);

	if (node != NULL)
		return node;
	node = calloc(1, bytes);
	if (node == NULL)
		return NULL;
	memcpy((char *)node + id_at, &id, sizeof id);
	table_add(t, node, table_hash(id_slice(&id)));
	return node;
}

struct seen_folder *check_folder(struct check *c, struct id id)
{
	return (struct seen_folder *)check_find_or_make(
		&c->folders, id, offsetof(struct seen_folder, id), sizeof(struct seen_folder));
}

struct seen_body *check_body(struct check *c, struct id blob)
{
	return (struct seen_body *)check_find_or_make(
		&c->bodies, blob, offsetof(struct seen_body, blob), sizeof(struct seen_body));
}

struct seen_domain *check_domain(struct check *c, struct id id)
{
	return (struct seen_domain *)check_find_or_make(
		&c->domains, id, offsetof(struct seen_domain, id), sizeof(struct seen_domain));
}

static struct id id_of(struct slice s, size_t at)
{
	struct slice bytes = slice_first(slice_skip(s, at), ID_BYTES);
	struct id id = { { 0 } };

	memcpy(id.bytes, bytes.at, bytes.len);
	return id;
}

/* --- one function a kind of partition; false: out of memory --- */

static bool see_head(struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct seen_folder *f = check_folder(c, id_of(partition, 1));
	struct folder_keywords keywords = { .count = 0 };
	char name[ID_TEXT_BYTES + 1];
	bool is_good;

	if (f == NULL)
		return false;
	if (slice_same(key, S("h"))) {
		is_good = head_decode(value, &f->head);
		f->has_head = is_good;
		c->result->folders++;
	} else if (slice_same(key, S("k"))) {
		is_good = keywords_decode(value, &keywords);
		keywords_done(&keywords);
	} else {
		is_good = removal_decode(value, &f->removing, &f->removing_count);
	}
	if (!is_good)
		check_says(c, "folder '%.*s': its head is damaged", S_FMT(id_text(f->id, name)));
	return true;
}

static bool folder_owned(struct check *c, struct id id)
{
	struct seen_folder *f = check_folder(c, id);

	if (f != NULL)
		f->has_owner = true;
	return f != NULL;
}

/* Every mailbox has a head from its first moment. */
static bool folder_named(struct check *c, struct id id)
{
	struct seen_folder *f = check_folder(c, id);

	if (f != NULL)
		f->has_owner = f->needs_head = true;
	return f != NULL;
}

static bool body_seen(struct check *c, const struct entry *entry, struct id folder)
{
	struct seen_body *b;

	if (entry->bytes == entry->prefix.len && !entry->is_shared)
		return true;
	b = check_body(c, entry->blob);
	if (b == NULL)
		return false;
	b->bytes = entry->bytes - entry->prefix.len;
	b->is_marked_shared = b->is_marked_shared || entry->is_shared;
	b->holders++;
	b->folder = folder;
	b->uid = entry->uid;
	return true;
}

static bool see_entry(struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct seen_folder *f = check_folder(c, id_of(partition, 1));
	char name[ID_TEXT_BYTES + 1];
	struct entry entry;

	if (f == NULL)
		return false;
	if (!entry_decode(key, value, &entry)) {
		check_says(c, "folder '%.*s': entry %u is damaged", S_FMT(id_text(f->id, name)),
			(unsigned)key_read_number(key));
		return true;
	}
	if (c->entry_count == c->entry_room) {
		size_t room = 2 * c->entry_room + 1024;
		struct seen_entry *more = realloc(c->entries, room * sizeof *more);

		if (more == NULL)
			return false;
		c->entries = more;
		c->entry_room = room;
	}
	c->entries[c->entry_count++] =
		(struct seen_entry){ f->id, entry.blob, entry.uid, entry.flags, entry.bytes };
	c->result->messages++;
	return body_seen(c, &entry, f->id);
}

static bool see_holders(
	struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct seen_body *b = check_body(c, id_of(partition, 1));
	struct cursor cursor = cursor_over(value);

	(void)key;
	if (b == NULL)
		return false;
	(void)record_read_u8(&cursor);
	b->holders_stored = record_read_number(&cursor);
	return true;
}

static bool see_item(struct check *c, struct slice partition, struct slice key, struct slice value)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	char name[ID_TEXT_BYTES + 1];
	struct spool_item item;
	struct id id = id_of(key, 0);

	(void)partition;
	if (!spool_item_decode(id, value, &a, &item)) {
		check_says(c, "spool item '%.*s' is damaged", S_FMT(id_text(id, name)));
		return true;
	}
	c->result->spool_items++;
	if (!body_seen(c, &item.entry, (struct id){ { 0 } }))
		return false;
	if (item.entry.bytes > item.entry.prefix.len || item.entry.is_shared)
		check_body(c, item.entry.blob)->item = id; /* it was made a moment ago */
	return true;
}

static bool see_domain(
	struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct domain_row row;
	struct seen_domain *d;

	(void)partition;
	if (!domain_decode(key, value, &row)) {
		check_says(c, "domain '%.*s': its record is damaged", S_FMT(key));
		return true;
	}
	d = check_domain(c, row.id);
	if (d == NULL)
		return false;
	d->has_record = true;
	if (!slice_text(key, d->name, sizeof d->name))
		d->name[0] = '\0';
	c->result->domains++;
	return true;
}

static bool see_entity(
	struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct seen_domain *d = check_domain(c, id_of(partition, 1));
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct entity entity;

	if (d == NULL)
		return false;
	if (!entity_decode(key, value, &a, &entity)) {
		check_says(c, "account or alias '%.*s': its record is damaged", S_FMT(key));
		return true;
	}
	d->accounts += entity.kind == ENTITY_ACCOUNT ? 1 : 0;
	d->aliases += entity.kind == ENTITY_ALIAS ? 1 : 0;
	c->result->accounts += entity.kind == ENTITY_ACCOUNT ? 1 : 0;
	c->result->aliases += entity.kind == ENTITY_ALIAS ? 1 : 0;
	return entity.kind != ENTITY_ACCOUNT || folder_owned(c, entity.account.id);
}

static bool is_acl(struct slice value)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct acl acl;

	return acl_decode(value, &a, &acl);
}

/* Who is given a mailbox of whom. */
static bool see_share(struct check *c, struct slice partition, struct slice key, struct slice value)
{
	char name[ID_TEXT_BYTES + 1];
	struct share share;

	if (key.len != ID_BYTES || !share_decode(value, &share))
		check_says(c, "account or domain '%.*s': the record of a shared mailbox is damaged",
			S_FMT(id_text(id_of(partition, 1), name)));
	return true;
}

/* Names of mailboxes. */
static bool see_name(struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct id account = id_of(partition, 1);
	char name[ID_TEXT_BYTES + 1];
	struct mailbox m = { .uses = 0 };
	bool is_good = true;
	uint32_t uid_validity;

	if (slice_same(key, S("h")))
		is_good = names_head_decode(value, &uid_validity);
	else if (slice_starts(key, S("n")))
		is_good = name_decode(slice_skip(key, 1), value, &m);
	else if (slice_starts(key, S("r")))
		is_good = key.len == 1 + ID_BYTES && is_acl(value);
	if (!is_good)
		check_says(c, "account '%.*s': the record of a mailbox is damaged",
			S_FMT(id_text(account, name)));
	if (id_is_zero(m.id))
		return true;
	c->result->mailboxes++;
	return folder_named(c, m.id);
}

/* What is still to be removed: an account's INBOX or a mailbox. */
static bool see_removing(
	struct check *c, struct slice partition, struct slice key, struct slice value)
{
	(void)partition;
	(void)value;
	return folder_owned(c, id_of(key, 0));
}

static bool see_counts(
	struct check *c, struct slice partition, struct slice key, struct slice value)
{
	struct seen_domain *d = check_domain(c, id_of(partition, 1));
	struct domain_counts counts = { 0 };

	(void)key;
	if (d == NULL)
		return false;
	d->has_counts = counts_decode(value, &counts);
	d->accounts_stored = counts.accounts;
	d->aliases_stored = counts.aliases;
	return true;
}

/* clang-format off */
static const struct {
	char kind;
	bool (*see)(struct check *c, struct slice partition, struct slice key, struct slice value);
} kinds[] = {
	{ 'f', see_head },
	{ 'e', see_entry },
	{ 'b', see_holders },
	{ 's', see_item },
	{ 'D', see_domain },
	{ 'a', see_entity },
	{ 'c', see_counts },
	{ 'm', see_name },
	{ 'g', see_share },
	{ 'M', check_see_metadata },
	{ 'x', see_removing },
};
/* clang-format on */

static bool see_row(void *context, struct slice partition, struct slice key, struct slice value,
	struct error *e)
{
	struct check *c = context;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (partition.len > 0 && partition.at[0] == kinds[i].kind &&
			!kinds[i].see(c, partition, key, value))
			return fail(e, FAULT_LATER, "check the data: out of memory");
	}
	return true;
}

static bool is_wanted(void *context, struct id blob)
{
	struct check *c = context;

	c->result->bodies++;
	return find_id(&c->bodies, blob, offsetof(struct seen_body, blob)) != NULL;
}

static void store_finding(void *context, enum store_finding finding, struct slice what)
{
	static const char *const words[] = {
		[STORE_FINDING_DAMAGED_KEY] = "damaged record",
		[STORE_FINDING_DAMAGED_BLOB] = "damaged message body",
		[STORE_FINDING_ORPHAN_BLOB] = "message body nobody refers to",
		[STORE_FINDING_DAMAGED_LOG] = "damaged log of commits",
	};
	struct check *c = context;

	check_says(c, "%s: %.*s", words[finding], S_FMT(what));
	c->result->mended += c->may_salvage ? 1 : 0;
}

static void free_all(struct table *t)
{
	struct table_node *node;

	while (t->heads != NULL && (node = table_take_any(t)) != NULL)
		free(node);
	table_done(t);
}

static void check_done(struct check *c)
{
	for (size_t i = 0; i < c->folders.head_count; i++) {
		for (struct table_node *n = c->folders.heads[i]; n != NULL; n = n->next)
			free(TABLE_ITEM(struct seen_folder, n)->removing);
	}
	free_all(&c->folders);
	free_all(&c->bodies);
	free_all(&c->domains);
	free_all(&c->metadata);
	free(c->entries);
}

bool mail_check(struct store *store, bool may_salvage, mail_check_fn *report, void *context,
	struct mail_check_result *ret, struct error *e)
{
	ON_EXIT(check_done)
	struct check c = { .store = store,
		.may_salvage = may_salvage,
		.report = report,
		.context = context,
		.result = ret };
	struct store_check how = { .report = store_finding,
		.see_row = see_row,
		.is_wanted = is_wanted,
		.context = &c,
		.may_salvage = may_salvage };

	*ret = (struct mail_check_result){ 0 };
	if (!table_init(&c.folders) || !table_init(&c.bodies) || !table_init(&c.domains) ||
		!table_init(&c.metadata))
		return fail(e, FAULT_LATER, "check the data: out of memory");
	return store_check(store, &how, e) && check_compare(&c, e);
}
