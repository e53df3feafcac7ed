/* SPDX-License-Identifier: MIT */
#include "mail/entity.h"

#include <stdlib.h>

enum change entity_place(struct directory *d, const char *what, struct slice address,
	struct arena *a, struct name *ret_name, struct domain_row *ret_domain, struct error *e)
{
	struct name again;
	bool is_found;

	if (name_parse(address, false, a, ret_name) != NAME_OK)
		return change_says(
			CHANGE_BAD, e, "%s '%.*s': that is no address", what, S_FMT(address));
	/* Its canonical text is its name everywhere, so it must be an address again. */
	if (name_parse(ret_name->address, false, a, &again) != NAME_OK ||
		!slice_same(again.address, ret_name->address))
		return change_says(CHANGE_BAD, e, "%s '%.*s': its local part needs quotes", what,
			S_FMT(address));
	if (!directory_domain(d, ret_name->domain, a, ret_domain, &is_found, e))
		return CHANGE_FAILED;
	if (!is_found)
		return change_says(CHANGE_BAD, e, "%s '%.*s': domain '%.*s' does not exist", what,
			S_FMT(address), S_FMT(ret_name->domain));
	if (ret_domain->domain.alias_of.len > 0)
		return change_says(CHANGE_BAD, e, "%s '%.*s': domain '%.*s' is an alias of '%.*s'",
			what, S_FMT(address), S_FMT(ret_name->domain),
			S_FMT(ret_domain->domain.alias_of));
	return CHANGE_DONE;
}

bool entity_fresh(struct directory *d, struct id domain, const struct name *name, struct arena *a,
	struct entity *ret, uint64_t *ret_version, struct error *e)
{
	struct key partition = entity_partition(domain, name->local);
	auto_buf value = { .max = DIRECTORY_RECORD_BYTES };
	struct slice copy;
	bool is_found;

	ret->kind = ENTITY_NONE;
	if (!directory_fresh(d, &partition, name->local, &value, &is_found, ret_version, e))
		return false;
	if (!is_found)
		return true;
	copy = arena_copy(a, buf_slice(&value));
	if (copy.at == NULL || !entity_decode(name->address, copy, a, ret))
		return fail(
			e, FAULT_NEVER, "read '%.*s': its record is damaged", S_FMT(name->address));
	return true;
}

static int row_order(const void *a, const void *b)
{
	const struct entity_row *x = a, *y = b;

	return slice_order(key_slice(&x->partition), key_slice(&y->partition));
}

static bool counts_stage(struct directory *d, struct batch *b, struct id domain, int64_t accounts,
	int64_t aliases, struct error *e)
{
	struct key partition = counts_partition(domain);
	struct domain_counts counts;
	char room[32];
	struct buf value = BUF_OVER(room);
	uint64_t version;

	if (!directory_counts(d, domain, &counts, &version, e))
		return false;
	counts.accounts += (uint64_t)accounts;
	counts.aliases += (uint64_t)aliases;
	invariant(counts_encode(&counts, &value));
	batch_commit(b, &partition, version, 1, 0);
	batch_set(b, S("n"), buf_slice(&value));
	return true;
}

/* Rows are sorted by partition, and so by domain and bucket. */
static bool rows_stage(struct directory *d, struct batch *b, const struct entity_row *rows,
	size_t count, struct error *e)
{
	for (size_t at = 0; at < count;) {
		size_t end = at;
		uint64_t version;

		if (!store_version(d->store, key_slice(&rows[at].partition), &version, e))
			return false;
		while (end < count && row_order(&rows[at], &rows[end]) == 0)
			end++;
		batch_commit(b, &rows[at].partition, version, end - at, 0);
		for (; at < end; at++)
			batch_set(b, rows[at].name.local, rows[at].value);
	}
	for (size_t at = 0; at < count;) {
		int64_t accounts = 0, aliases = 0;
		struct id domain = rows[at].domain;

		for (; at < count && id_same(rows[at].domain, domain); at++) {
			accounts += rows[at].kind == ENTITY_ACCOUNT ? 1 : 0;
			aliases += rows[at].kind == ENTITY_ALIAS ? 1 : 0;
		}
		if (!counts_stage(d, b, domain, accounts, aliases, e))
			return false;
	}
	return true;
}

static void quick_stage(struct batch *b, const struct entity_row *rows, size_t count)
{
	for (uint32_t bucket = 0; bucket < KEYS_QUICK_BUCKETS; bucket++) {
		struct key partition = key_of_number('q', bucket, 1);
		bool is_open = false;

		for (size_t i = 0; i < count; i++) {
			if (!rows[i].is_quick ||
				key_bucket(rows[i].name.address, KEYS_QUICK_BUCKETS) != bucket)
				continue;
			if (!is_open)
				batch_commit(b, &partition, STORE_ANY_VERSION, count, 0);
			is_open = true;
			batch_set(b, rows[i].name.address, S("\1"));
		}
	}
}

/* One commit for all domains: they stand in one partition. */
static bool postmasters_stage(struct directory *d, struct batch *b, struct arena *a,
	const struct entity_row *rows, size_t count, struct error *e)
{
	struct key partition = domain_partition();
	bool is_open = false;

	for (size_t i = 0; i < count; i++) {
		auto_buf value = { .max = DIRECTORY_RECORD_BYTES };
		struct domain_row domain;
		uint64_t version;
		bool is_found = false;

		if (rows[i].becomes_postmaster &&
			!domain_fresh(d, rows[i].name.domain, a, &domain, &is_found, &version, e))
			return false;
		if (!is_found)
			continue;
		domain.domain.postmaster = rows[i].name.address;
		if (!domain_encode(&domain, &value))
			return fail(e, FAULT_LATER, "name a postmaster: out of memory");
		if (!is_open)
			batch_commit(b, &partition, version, count, 0);
		is_open = true;
		batch_set(b, domain.domain.name, buf_slice(&value));
	}
	return true;
}

static void rows_forget(struct directory *d, const struct entity_row *rows, size_t count)
{
	struct key domains = domain_partition();

	for (size_t i = 0; i < count; i++) {
		directory_forget(d, &rows[i].partition, rows[i].name.local);
		if (rows[i].becomes_postmaster)
			directory_forget(d, &domains, rows[i].name.domain);
	}
}

enum change entity_add_rows(
	struct directory *d, struct entity_row *rows, size_t count, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	enum change change;
	auto_batch b;

	batch_begin(&b, 2 * count + KEYS_QUICK_BUCKETS + 1, 0);
	qsort(rows, count, sizeof *rows, row_order);
	if (!rows_stage(d, &b, rows, count, e) || !postmasters_stage(d, &b, &a, rows, count, e))
		return CHANGE_FAILED;
	quick_stage(&b, rows, count);
	change = directory_write(d, &b, e);
	rows_forget(d, rows, count);
	return change;
}

/* The address enters or leaves the list of those to strengthen. */
static void quick_move(struct batch *b, const struct entity_row *row, bool was_quick)
{
	struct key partition = quick_partition(row->name.address);

	if (row->is_quick == was_quick)
		return;
	batch_commit(b, &partition, STORE_ANY_VERSION, 1, 1);
	if (row->is_quick)
		batch_set(b, row->name.address, S("\1"));
	else
		batch_remove(b, row->name.address);
}

enum change entity_set_row(struct directory *d, const struct entity_row *row, uint64_t version,
	bool was_quick, struct error *e)
{
	enum change change;
	auto_batch b;

	batch_begin(&b, 2, 0);
	batch_commit(&b, &row->partition, version, 1, 0);
	batch_set(&b, row->name.local, row->value);
	quick_move(&b, row, was_quick);
	change = directory_write(d, &b, e);
	directory_forget(d, &row->partition, row->name.local);
	return change;
}

enum change entity_remove_row(struct directory *d, const struct entity_row *row, uint64_t version,
	const struct id *account, struct error *e)
{
	struct key removing = key_of('x');
	struct entity_row gone = *row;
	enum change change;
	auto_batch b;

	gone.is_quick = false;
	batch_begin(&b, 4, 0);
	batch_commit(&b, &row->partition, version, 0, 1);
	batch_remove(&b, row->name.local);
	if (!counts_stage(
		    d, &b, row->domain, account != NULL ? -1 : 0, account != NULL ? 0 : -1, e))
		return CHANGE_FAILED;
	quick_move(&b, &gone, row->is_quick);
	if (account != NULL) {
		batch_commit(&b, &removing, STORE_ANY_VERSION, 1, 0);
		batch_set(&b, id_slice(account), S("\1"));
	}
	change = directory_write(d, &b, e);
	directory_forget(d, &row->partition, row->name.local);
	return change;
}
