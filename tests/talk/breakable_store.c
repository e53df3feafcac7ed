/* SPDX-License-Identifier: MIT */
#include "breakable_store.h"

#include "store/store_engine.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_bool writes_are_broken, reads_are_broken, bodies_are_damaged;
static const char write_words[] = "write '/secret/path': the disk is broken";

struct breakable {
	struct store store; /* first */
	struct store *inner;
};

void breakable_store_break(bool writes, bool reads, bool bodies)
{
	writes_are_broken = writes;
	reads_are_broken = reads;
	bodies_are_damaged = bodies;
}

static struct store *inner(struct store *s)
{
	return ((struct breakable *)s)->inner;
}

static bool read_works(struct error *e)
{
	return !reads_are_broken || fail(e, FAULT_LATER, "read '/secret/path': the disk is broken");
}

static bool breakable_open(const struct store_options *options, struct store **ret, struct error *e)
{
	struct breakable *b = calloc(1, sizeof *b);

	if (b == NULL)
		return fail(e, FAULT_LATER, "open a store: out of memory");
	store_init(&b->store, &breakable_store, options);
	if (!store_open(&store_mem, options, &b->inner, e)) {
		free(b);
		return false;
	}
	*ret = &b->store;
	return true;
}

static void breakable_close(struct store *s)
{
	store_close(inner(s));
	free(s);
}

/* The disk may be mended between a submit and its wait: what was not handed on is known by its words. */
static void breakable_submit(struct store *s, struct store_txn *txn)
{
	error_clear(&txn->error);
	if (writes_are_broken)
		(void)fail(&txn->error, FAULT_LATER, "%s", write_words);
	else
		store_submit(inner(s), txn);
}

static enum store_answer breakable_wait(struct store *s, struct store_txn *txn)
{
	return strcmp(txn->error.text, write_words) == 0 ? STORE_FAILED : store_wait(inner(s), txn);
}

static bool breakable_get(struct store *s, struct slice partition, struct slice key,
	struct buf *ret_value, bool *ret_found, struct error *e)
{
	return read_works(e) && store_get(inner(s), partition, key, ret_value, ret_found, e);
}

static bool breakable_version(
	struct store *s, struct slice partition, uint64_t *ret, struct error *e)
{
	return read_works(e) && store_version(inner(s), partition, ret, e);
}

static bool breakable_scan(
	struct store *s, const struct store_scan *scan, struct store_page *ret, struct error *e)
{
	return read_works(e) && store_scan(inner(s), scan, ret, e);
}

static bool breakable_chunk_write(struct store *s, const struct store_chunk *chunk, struct error *e)
{
	return store_chunk_write(inner(s), chunk, e);
}

static bool breakable_chunk_read(struct store *s, struct id blob, uint32_t number, struct buf *ret,
	bool *ret_found, struct error *e)
{
	if (bodies_are_damaged)
		return fail(e, FAULT_NEVER, "read '/secret/path': checksum");
	return read_works(e) && store_chunk_read(inner(s), blob, number, ret, ret_found, e);
}

static void breakable_stats(struct store *s, struct store_stats *ret)
{
	store_stats_get(inner(s), ret);
}

static bool breakable_check(struct store *s, const struct store_check *check, struct error *e)
{
	return store_check(inner(s), check, e);
}

const struct store_engine breakable_store = { .name = "breakable",
	.open = breakable_open,
	.close = breakable_close,
	.submit = breakable_submit,
	.wait = breakable_wait,
	.get = breakable_get,
	.version = breakable_version,
	.scan = breakable_scan,
	.chunk_write = breakable_chunk_write,
	.chunk_read = breakable_chunk_read,
	.stats = breakable_stats,
	.check = breakable_check };
