/* SPDX-License-Identifier: MIT */
#include "mail/folder_head.h"
#include "mail/parts.h"

#include <stdlib.h>

enum {
	FOLDER_WAIT_S = 30, /* for others to land; the store's own patience is as long */
	FOLDER_LOADS = 100, /* tries to find a folder unbroken before we say "later" */
};

bool folders_open(struct store *store, const struct clock *clock, struct quota *quota,
	struct changes *changes, struct folders **ret, struct error *e)
{
	struct folders *f = calloc(1, sizeof *f);

	if (f == NULL || !table_init(&f->open)) {
		free(f);
		return fail(e, FAULT_LATER, "open the folders: out of memory");
	}
	f->store = store;
	f->clock = clock;
	f->quota = quota;
	f->changes = changes;
	lock_init(&f->lock, RANK_FOLDERS);
	signal_init(&f->settled);
	*ret = f;
	return true;
}

static void folder_free(struct folder *f)
{
	free(f->removing);
	folder_events_clear(f);
	free(f->events);
	uids_done(&f->known);
	keywords_done(f->keywords);
	free(f->keywords);
	free(f);
}

void folders_close(struct folders *f)
{
	struct table_node *node;

	if (f == NULL)
		return;
	while ((node = table_take_any(&f->open)) != NULL) {
		struct folder *folder = TABLE_ITEM(struct folder, node);

		invariant(folder->users == 0);
		folder_free(folder);
	}
	table_done(&f->open);
	signal_done(&f->settled);
	lock_done(&f->lock);
	free(f);
}

static void idle_remove(struct folders *all, struct folder *f)
{
	if (f->idle_before != NULL)
		f->idle_before->idle_after = f->idle_after;
	else
		all->idle_first = f->idle_after;
	if (f->idle_after != NULL)
		f->idle_after->idle_before = f->idle_before;
	else
		all->idle_last = f->idle_before;
	f->idle_before = f->idle_after = NULL;
	all->idle_count--;
}

static void idle_add(struct folders *all, struct folder *f)
{
	f->idle_before = all->idle_last;
	f->idle_after = NULL;
	if (all->idle_last != NULL)
		all->idle_last->idle_after = f;
	else
		all->idle_first = f;
	all->idle_last = f;
	all->idle_count++;
}

/* Finds the folder in the table or puts an empty one there; NULL: out of memory. */
static struct folder *folder_take(struct folders *all, struct id account, struct id id)
{
	uint64_t hash = table_hash(id_slice(&id));
	struct table_node *node;
	struct folder *f;

	HOLDING(&all->lock);
	for (node = table_first(&all->open, hash); node != NULL; node = table_next(node)) {
		f = TABLE_ITEM(struct folder, node);
		if (!id_same(f->id, id))
			continue;
		if (f->users == 0)
			idle_remove(all, f);
		f->users++;
		return f;
	}
	f = calloc(1, sizeof *f);
	if (f == NULL)
		return NULL;
	f->folders = all;
	f->id = id;
	f->account = account;
	f->users = 1;
	table_add(&all->open, &f->node, hash);
	return f;
}

/* Goes on with a removal that a crash interrupted, unless somebody is at it. A failure leaves it for the next. */
static void folder_resume(struct folder *f)
{
	struct error later = { .fault = FAULT_NONE };

	{
		HOLDING(&f->folders->lock);
		if (f->removing_count == 0 || f->is_removing)
			return;
		f->is_removing = true;
	}
	if (!folder_remove_go_on(f, &later))
		error_clear(&later);
	folder_turn_drop(f);
}

bool folder_open_id(
	struct folders *all, struct id account, struct id id, struct folder **ret, struct error *e)
{
	struct folder *f = folder_take(all, account, id);

	if (f == NULL)
		return fail(e, FAULT_LATER, "open a folder: out of memory");
	if (!folder_ready(f, e)) {
		folder_close(f);
		return false;
	}
	folder_resume(f);
	*ret = f;
	return true;
}

/* The INBOX's folder id is the account's id, so that a delivery needs no look-up. */
bool folder_open(struct folders *all, struct id account, struct folder **ret, struct error *e)
{
	return folder_open_id(all, account, account, ret, e);
}

void folder_close(struct folder *f)
{
	struct folders *all = f->folders;
	struct folder *oldest;

	HOLDING(&all->lock);
	invariant(f->users > 0);
	if (--f->users > 0)
		return;
	invariant(f->in_flight == 0 && !f->is_loading && !f->is_removing && !f->is_maildrop_locked);
	idle_add(all, f);
	if (all->idle_count <= FOLDERS_IDLE_MAX)
		return;
	oldest = all->idle_first;
	idle_remove(all, oldest);
	table_remove(&all->open, &oldest->node);
	folder_free(oldest);
}

struct id folder_id(const struct folder *f)
{
	return f->id;
}

struct id folder_account(const struct folder *f)
{
	return f->account;
}

void folder_state_get(struct folder *f, struct folder_state *ret)
{
	HOLDING(&f->folders->lock);
	*ret = (struct folder_state){ .uid_validity = f->committed.uid_validity,
		.uid_next = f->committed.uid_next,
		.count = f->committed.count,
		.bytes = f->committed.bytes,
		.modseq = f->committed.modseq,
		.unseen = f->committed.unseen,
		.deleted = f->committed.deleted,
		.deleted_bytes = f->committed.deleted_bytes,
		.uid_recent = f->committed.uid_recent,
		.is_gone = f->committed.is_gone };
}

bool folder_lock_maildrop(struct folder *f)
{
	HOLDING(&f->folders->lock);
	if (f->is_maildrop_locked)
		return false;
	f->is_maildrop_locked = true;
	return true;
}

void folder_unlock_maildrop(struct folder *f)
{
	HOLDING(&f->folders->lock);
	f->is_maildrop_locked = false;
}

/* What stands on disk: the head and, after a crash, a removal list. */
struct folder_found {
	struct folder_head head;
	uint32_t *removing;
	size_t removing_count;
	struct slice keywords; /* into the page */
	bool has_head;
};

static bool found_row(struct folder_found *found, const struct store_row *row)
{
	if (slice_same(row->key, S("k"))) {
		found->keywords = row->value;
		return true;
	}
	if (!slice_same(row->key, S("h")))
		return removal_decode(row->value, &found->removing, &found->removing_count);
	found->has_head = true;
	return head_decode(row->value, &found->head);
}

static bool found_decode(
	struct folder *f, const struct store_page *page, struct folder_found *ret, struct error *e)
{
	char name[ID_TEXT_BYTES + 1];

	for (size_t i = 0; i < page->row_count; i++) {
		if (!found_row(ret, &page->rows[i]))
			return fail(e, FAULT_NEVER, "read folder '%.*s': its head is damaged",
				S_FMT(id_text(f->id, name)));
	}
	/* A mailbox that was deleted, seen by somebody who had it open. */
	ret->head.is_gone = ret->head.is_gone || (!ret->has_head && page->version > 0);
	ret->head.version = page->version;
	return true;
}

static bool folder_read(
	struct folder *f, struct folder_found *ret, struct store_page *page, struct error *e)
{
	struct key partition = key_of_id('f', f->id);
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };
	bool is_good;

	/* RFC 3501 2.3.1.1 asks for a UIDVALIDITY that grows when a mailbox is made anew: seconds do. */
	*ret = (struct folder_found){
		.head = { .uid_next = 1,
			.uid_low = 1,
			.uid_recent = 1,
			.uid_unseen = 1,
			.uid_validity = (uint32_t)(clock_wall_ns(f->folders->clock) / NS_PER_S) }
	};
	is_good = store_scan(f->folders->store, &scan, page, e) && found_decode(f, page, ret, e);
	if (!is_good) {
		free(ret->removing);
		ret->removing = NULL;
	}
	return is_good;
}

/* The table only grows, and what it has may be in use: only names that are new are taken. */
static bool names_take(struct folder *f, struct slice value, struct error *e)
{
	if (value.len == 0)
		return true;
	if (f->keywords == NULL)
		f->keywords = calloc(1, sizeof *f->keywords);
	if (f->keywords == NULL)
		return fail(e, FAULT_LATER, "open a folder: out of memory");
	if (!keywords_decode(value, f->keywords))
		return fail(e, FAULT_NEVER, "open a folder: its keywords are damaged");
	return true;
}

bool folder_is_ready(const struct folder *f)
{
	return f->is_loaded && !f->is_broken;
}

/* True when it is ready; else this thread has to load it (*ret_mine) or waited in vain. */
static bool folder_wait_ready(struct folder *f, uint64_t until_ns, bool *ret_mine)
{
	struct folders *all = f->folders;

	HOLDING(&all->lock);
	*ret_mine = false;
	while (f->is_loading || (f->is_broken && f->in_flight > 0)) {
		if (!signal_wait(&all->settled, &all->lock, until_ns))
			return false;
	}
	if (folder_is_ready(f))
		return true;
	f->is_loading = *ret_mine = true;
	return false;
}

/* Under the lock. */
static void found_take(struct folder *f, struct folder_found *found)
{
	uint64_t used =
		f->is_loaded ? f->next.modseq + f->modseq_skip : found->head.modseq + MODSEQ_SKIP;

	f->next = f->committed = found->head;
	f->modseq_skip = used > f->next.modseq ? used - f->next.modseq : 0;
	free(f->removing);
	f->removing = found->removing;
	f->removing_count = found->removing_count;
	/* What was noted of changes that failed must not be told. */
	folder_events_clear(f);
	f->is_loaded = true;
	f->is_broken = false;
}

static bool folder_load(struct folder *f, struct error *e)
{
	struct folders *all = f->folders;
	struct store_page page = { 0 };
	struct folder_found found;
	bool is_good = folder_read(f, &found, &page, e);

	{
		HOLDING(&all->lock);
		if (is_good && !names_take(f, found.keywords, e)) {
			is_good = false;
			free(found.removing);
		}
		f->is_loading = false;
		if (is_good)
			found_take(f, &found);
		signal_all(&all->settled);
	}
	store_page_done(&page);
	return is_good;
}

bool folder_ready(struct folder *f, struct error *e)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + FOLDER_WAIT_S * NS_PER_S;
	bool is_mine;

	for (unsigned i = 0; i < FOLDER_LOADS; i++) {
		if (folder_wait_ready(f, until_ns, &is_mine))
			return true;
		if (!is_mine)
			break;
		if (!folder_load(f, e))
			return false;
	}
	return fail(e, FAULT_LATER, "open a folder: others keep changing it");
}

/*
 * A lazy change may be taken back by a power cut after its modseq was told to a client; the same number must not come to
 * mean something else (RFC 7162 3.1.2.2). So after a start the numbers go on a little higher, and after a change that failed,
 * behind those that were given out.
 */
uint64_t folder_modseq_next(const struct folder *f)
{
	return f->next.modseq + 1 + f->modseq_skip;
}

void folder_stage(const struct folder *f, struct batch *b, const struct folder_head *after,
	size_t set_max, size_t remove_max)
{
	struct key partition = key_of_id('f', f->id);
	char room[HEAD_VALUE_BYTES];
	struct buf value = BUF_OVER(room);

	invariant(folder_is_ready(f) && after->version == f->next.version + 1);
	batch_commit(b, &partition, f->next.version, set_max + 1, remove_max);
	invariant(head_encode(after, &value));
	batch_set(b, S("h"), buf_slice(&value));
}

void folder_depart(struct folder *f, const struct folder_head *after)
{
	if (after->modseq != f->next.modseq)
		f->modseq_skip = 0;
	f->next = *after;
	f->in_flight++;
}

void folder_land(struct folder *f, const struct folder_head *after, bool is_done)
{
	invariant(f->in_flight > 0);
	f->in_flight--;
	if (!is_done)
		f->is_broken = true;
	/* Waiters come back in any order; what they made took effect in the order of versions. */
	else if (after->version > f->committed.version)
		f->committed = *after;
	if (f->is_broken && f->in_flight == 0)
		signal_all(&f->folders->settled);
}

enum store_answer folder_settle(
	struct folder *f, struct batch *b, const struct folder_head *after, struct error *e)
{
	struct folders *all = f->folders;
	enum store_answer answer = store_wait(all->store, &b->txn);

	/* Nobody submits to a broken folder before all have landed, so the version tells only of us. */
	if (answer == STORE_UNKNOWN || answer == STORE_FAILED) {
		enum store_answer settled = batch_settle(b, all->store, e);

		if (answer == STORE_FAILED && settled == STORE_CONFLICT) {
			*e = b->txn.error;
			settled = STORE_FAILED;
		}
		answer = settled;
	}
	HOLDING(&all->lock);
	folder_land(f, after, answer == STORE_OK);
	return answer;
}

bool folder_turn_take(struct folder *f, struct error *e)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + FOLDER_WAIT_S * NS_PER_S;

	HOLDING(&f->folders->lock);
	while (f->is_removing) {
		if (!signal_wait(&f->folders->settled, &f->folders->lock, until_ns))
			return fail(e, FAULT_LATER, "remove mail: another removal takes too long");
	}
	f->is_removing = true;
	return true;
}

void folder_turn_drop(struct folder *f)
{
	HOLDING(&f->folders->lock);
	f->is_removing = false;
	signal_all(&f->folders->settled);
}
