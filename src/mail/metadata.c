/* SPDX-License-Identifier: MIT */
#include "mail/metadata_parts.h"

#include "mail/changes.h"
#include "mail/mailbox_parts.h"

#include <stdlib.h>

static const struct slice private_root = S_INIT("/private"), shared_root = S_INIT("/shared");

static bool is_private(struct slice name)
{
	return slice_starts(name, private_root);
}

/* The name without its root is in the key. */
static struct slice below_root(struct slice name)
{
	return slice_skip(name, is_private(name) ? private_root.len : shared_root.len);
}

static bool key_put(struct buf *out, const struct metadata_of *of, struct slice name)
{
	return buf_add(out, id_slice(&of->folder)) &&
	       (is_private(name) ? buf_add_byte(out, 'p') && buf_add(out, id_slice(&of->reader))
				 : buf_add_byte(out, 's')) &&
	       buf_add(out, below_root(name));
}

static bool short_of_memory(struct error *e)
{
	return fail(e, FAULT_LATER, "METADATA: out of memory");
}

static bool damaged(struct error *e)
{
	return fail(e, FAULT_NEVER, "read METADATA: a record is damaged");
}

/* ---- Reading ---- */

struct entries {
	struct metadata_entry *at;
	size_t count, room;
	struct arena *arena;
};

static struct slice joined(struct arena *a, struct slice root, struct slice rest)
{
	char *at = arena_take(a, root.len + rest.len);

	if (at == NULL)
		return (struct slice){ NULL, 0 };
	memcpy(at, root.at, root.len);
	memcpy(at + root.len, rest.at, rest.len);
	return (struct slice){ at, root.len + rest.len };
}

static bool entry_add(struct entries *list, struct slice root, struct slice rest,
	struct slice stored, struct error *e)
{
	struct metadata_entry *entry;
	struct slice value;

	if (!metadata_value_decode(stored, &value))
		return damaged(e);
	if (list->count == list->room) {
		size_t room = 2 * list->room + 4;
		struct metadata_entry *more = arena_take(list->arena, room * sizeof *more);

		if (more == NULL)
			return short_of_memory(e);
		if (list->count > 0)
			memcpy(more, list->at, list->count * sizeof *more);
		list->at = more;
		list->room = room;
	}
	entry = &list->at[list->count++];
	entry->name = joined(list->arena, root, rest);
	entry->value = arena_copy(list->arena, value);
	return (entry->name.at != NULL && entry->value.at != NULL) || short_of_memory(e);
}

/* What begins with the name, and of that the name itself and what is below it. */
static bool entries_scan(struct mail *m, const struct metadata_of *of, struct slice name,
	struct slice prefix, struct entries *list, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct key partition = key_of_id('M', of->owner);
	struct store_scan scan = { .partition = key_slice(&partition),
		.prefix = prefix,
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };
	size_t root = prefix.len - below_root(name).len;
	char after[METADATA_KEY_BYTES];

	do {
		if (!store_scan(m->store, &scan, &page, e))
			return false;
		for (size_t i = 0; i < page.row_count; i++) {
			struct slice rest = slice_skip(page.rows[i].key, prefix.len);

			if ((rest.len == 0 || rest.at[0] == '/') &&
				!entry_add(list, is_private(name) ? private_root : shared_root,
					slice_skip(page.rows[i].key, root), page.rows[i].value, e))
				return false;
		}
		if (page.row_count > 0) {
			struct slice last = page.rows[page.row_count - 1].key;

			if (last.len > sizeof after)
				return damaged(e);
			memcpy(after, last.at, last.len);
			scan.after = (struct slice){ after, last.len };
		}
	} while (!page.is_last && page.row_count > 0);
	return true;
}

bool metadata_read(struct mail *m, const struct metadata_of *of, struct slice name, bool with_below,
	struct arena *a, struct metadata_entry **ret, size_t *ret_count, struct error *e)
{
	auto_buf stored = { .max = LIMIT_VALUE_BYTES };
	struct key partition = key_of_id('M', of->owner);
	struct entries list = { .arena = a };
	char room[METADATA_KEY_BYTES];
	struct buf key = BUF_OVER(room);
	bool is_good, is_found = false;

	if (!key_put(&key, of, name))
		return fail(e, FAULT_NEVER, "read METADATA: the name is too long");
	if (with_below) {
		is_good = entries_scan(m, of, name, buf_slice(&key), &list, e);
	} else {
		is_good = store_get(m->store, key_slice(&partition), buf_slice(&key), &stored,
				  &is_found, e) &&
			  (!is_found || entry_add(&list, S(""), name, buf_slice(&stored), e));
	}
	*ret = list.at;
	*ret_count = list.count;
	return is_good;
}

/* ---- Writing ---- */

struct writing {
	struct mail *mail;
	const struct metadata_of *of;
	const struct metadata_entry *entries;
	size_t count;
	struct metadata_sum sum;
	size_t shared, own; /* how many there are of each */
	struct batch batch;
	bool has_batch;
};

static void try_end(struct writing **w)
{
	if ((*w)->has_batch)
		batch_done(&(*w)->batch);
	(*w)->has_batch = false;
}

static bool group_count(struct writing *w, struct slice root, size_t *ret, struct error *e)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct key partition = key_of_id('M', w->of->owner);
	char room[METADATA_KEY_BYTES];
	struct buf prefix = BUF_OVER(room);
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_METADATA_ENTRIES + 1 };
	char after[METADATA_KEY_BYTES];

	invariant(key_put(&prefix, w->of, root));
	scan.prefix = buf_slice(&prefix);
	*ret = 0;
	do { /* a page may end early for its bytes */
		if (!store_scan(w->mail->store, &scan, &page, e))
			return false;
		*ret += page.row_count;
		if (page.row_count > 0) {
			struct slice last = page.rows[page.row_count - 1].key;

			if (last.len > sizeof after)
				return damaged(e);
			memcpy(after, last.at, last.len);
			scan.after = (struct slice){ after, last.len };
		}
	} while (!page.is_last && page.row_count > 0 && *ret <= LIMIT_METADATA_ENTRIES);
	return true;
}

static bool entry_stage(struct writing *w, const struct metadata_entry *entry, struct error *e)
{
	auto_buf before = { .max = LIMIT_VALUE_BYTES }, after = { .max = LIMIT_VALUE_BYTES };
	struct key partition = key_of_id('M', w->of->owner);
	size_t *group = is_private(entry->name) ? &w->own : &w->shared;
	char room[METADATA_KEY_BYTES];
	struct buf key = BUF_OVER(room);
	bool is_found;

	if (!key_put(&key, w->of, entry->name))
		return fail(e, FAULT_NEVER, "write METADATA: the name is too long");
	if (!store_get(
		    w->mail->store, key_slice(&partition), buf_slice(&key), &before, &is_found, e))
		return false;
	if (is_found) {
		metadata_sum_take(&w->sum, w->of->owner, buf_slice(&key), buf_slice(&before));
		*group -= *group > 0 ? 1 : 0;
	}
	if (entry->value.at == NULL) {
		batch_remove(&w->batch, buf_slice(&key));
		return true;
	}
	if (!metadata_value_encode(entry->value, &after))
		return short_of_memory(e);
	metadata_sum_add(&w->sum, w->of->owner, buf_slice(&key), buf_slice(&after));
	(*group)++;
	batch_set(&w->batch, buf_slice(&key), buf_slice(&after));
	return true;
}

/* Over a limit, and not on the way down. */
static bool is_over(const struct metadata_count *now, const struct metadata_count *before,
	uint64_t entries_max, uint64_t bytes_max)
{
	return (now->entries > entries_max && now->entries > before->entries) ||
	       (now->bytes > bytes_max && now->bytes > before->bytes);
}

static bool is_too_much(const struct writing *w, const struct metadata_sum *before)
{
	return w->shared > LIMIT_METADATA_ENTRIES || w->own > LIMIT_METADATA_ENTRIES ||
	       is_over(&w->sum.own, &before->own, LIMIT_METADATA_ACCOUNT_ENTRIES,
		       LIMIT_METADATA_ACCOUNT_BYTES) ||
	       is_over(&w->sum.others, &before->others, LIMIT_METADATA_OTHERS_ENTRIES,
		       LIMIT_METADATA_OTHERS_BYTES);
}

/* The same name twice: the last one counts. */
static bool is_overruled(const struct writing *w, size_t at)
{
	for (size_t i = at + 1; i < w->count; i++)
		if (slice_same(w->entries[i].name, w->entries[at].name))
			return true;
	return false;
}

static enum metadata_answer write_once(struct writing *w, enum store_answer *ret, struct error *e)
{
	struct key partition = key_of_id('M', w->of->owner);
	char room[METADATA_SUM_BYTES];
	struct buf value = BUF_OVER(room);
	struct metadata_sum before;
	uint64_t version;

	if (!metadata_sum_read(w->mail->store, w->of->owner, &before, &version, e) ||
		!group_count(w, shared_root, &w->shared, e) ||
		!group_count(w, private_root, &w->own, e))
		return METADATA_FAILED;
	w->sum = before;
	batch_begin(&w->batch, 1, 0);
	w->has_batch = true;
	batch_commit(&w->batch, &partition, version, w->count + 1, w->count);
	for (size_t i = 0; i < w->count; i++)
		if (!is_overruled(w, i) && !entry_stage(w, &w->entries[i], e))
			return METADATA_FAILED;
	if (is_too_much(w, &before))
		return METADATA_TOO_MANY;
	invariant(metadata_sum_encode(&w->sum, &value));
	batch_set(&w->batch, S("c"), buf_slice(&value));
	*ret = batch_write(&w->batch, w->mail->store, e);
	return METADATA_OK;
}

static bool is_there(const struct naming *n, struct id folder)
{
	for (size_t i = 0; i < n->names->count; i++)
		if (id_same(n->names->at[i].id, folder))
			return true;
	return id_is_zero(folder);
}

/* In the turn of the names: the mailbox does not go meanwhile. Only what goes with another one may come between. */
static enum metadata_answer write_in_turn(struct writing *w, struct error *e)
{
	enum { TRIES = 20 };

	for (unsigned i = 0; i < TRIES; i++) {
		ON_EXIT(try_end) UNUSED struct writing *over = w;
		enum store_answer stored = STORE_CONFLICT;
		enum metadata_answer answer = write_once(w, &stored, e);

		if (answer != METADATA_OK)
			return answer;
		if (stored == STORE_OK)
			return METADATA_OK;
		if (stored == STORE_FAILED)
			return METADATA_FAILED;
	}
	(void)fail(e, FAULT_LATER, "write METADATA: others keep changing it");
	return METADATA_FAILED;
}

static void tell(const struct writing *w, const void *origin)
{
	for (size_t i = 0; i < w->count; i++) {
		struct slice name = w->entries[i].name;

		const struct change_of_entry change = { .origin = origin,
			.account = w->of->owner,
			.folder = w->of->folder,
			.reader = is_private(name) ? w->of->reader : (struct id){ { 0 } },
			.name = name };

		changes_tell_entry(w->mail->changes, &change);
	}
}

/* RFC 7162 3.2: the mailbox's modseq moves. Before the write: one that moves for nothing harms nobody. */
static bool touch(struct mail *m, const struct metadata_of *of, struct error *e)
{
	struct folder *f;
	bool is_good;

	if (id_is_zero(of->folder))
		return true;
	if (!folder_open_id(m->folders, of->owner, of->folder, &f, e))
		return false;
	is_good = folder_touch(f, e);
	folder_close(f);
	return is_good;
}

enum metadata_answer metadata_write(struct mail *m, const struct metadata_of *of,
	const struct metadata_entry *entries, size_t count, const void *origin, struct error *e)
{
	struct writing w = { .mail = m, .of = of, .entries = entries, .count = count };
	enum metadata_answer answer;

	for (size_t i = 0; i < count; i++)
		if (entries[i].value.len > LIMIT_METADATA_VALUE_BYTES)
			return METADATA_TOO_LONG;
	{
		ON_EXIT(naming_done) struct naming n = { 0 };

		if (!naming_begin(&n, m, of->owner, e))
			return METADATA_FAILED;
		if (!is_there(&n, of->folder))
			return METADATA_MISSING;
		if (!touch(m, of, e))
			return METADATA_FAILED;
		answer = write_in_turn(&w, e);
	}
	if (answer == METADATA_OK)
		tell(&w, origin);
	return answer;
}
