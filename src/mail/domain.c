/* SPDX-License-Identifier: MIT */
#include "mail/directory_parts.h"
#include "syntax/address.h"

#include <stdlib.h>

#define auto_turn ON_EXIT(directory_turn_drop) struct directory

/* What a caller wrote, in the spelling that is stored. */
static enum change domain_clean(
	const struct domain *domain, struct arena *a, struct domain *ret, struct error *e)
{
	const struct {
		const char *what;
		struct slice text;
		struct slice *ret;
	} addresses[] = {
		{ "catch-all", domain->catch_all, &ret->catch_all },
		{ "postmaster", domain->postmaster, &ret->postmaster },
	};
	struct name name;

	*ret = *domain;
	if (name_domain(domain->name, a, &ret->name) != NAME_OK || !address_is_domain(ret->name))
		return change_says(CHANGE_BAD, e, "domain '%.*s': that is no domain name",
			S_FMT(domain->name));
	if (domain->alias_of.len > 0 && name_domain(domain->alias_of, a, &ret->alias_of) != NAME_OK)
		return change_says(CHANGE_BAD, e, "domain '%.*s': alias of '%.*s': no domain name",
			S_FMT(domain->name), S_FMT(domain->alias_of));
	for (size_t i = 0; i < COUNT(addresses); i++) {
		if (addresses[i].text.len == 0)
			continue;
		if (name_parse(addresses[i].text, false, a, &name) != NAME_OK)
			return change_says(CHANGE_BAD, e, "domain '%.*s': %s '%.*s' is no address",
				S_FMT(domain->name), addresses[i].what, S_FMT(addresses[i].text));
		*addresses[i].ret = name.address;
	}
	if (slice_same(ret->name, ret->alias_of))
		return change_says(CHANGE_BAD, e, "domain '%.*s': it cannot be an alias of itself",
			S_FMT(domain->name));
	return CHANGE_DONE;
}

/* An alias leads to a real domain: chains would only hide what an address means. */
static enum change alias_check(
	struct directory *d, const struct domain *domain, struct arena *a, struct error *e)
{
	struct domain_row other;
	bool is_found;

	if (domain->alias_of.len == 0)
		return CHANGE_DONE;
	if (!directory_domain(d, domain->alias_of, a, &other, &is_found, e))
		return CHANGE_FAILED;
	if (!is_found)
		return change_says(CHANGE_BAD, e, "domain '%.*s': domain '%.*s' does not exist",
			S_FMT(domain->name), S_FMT(domain->alias_of));
	if (other.domain.alias_of.len > 0)
		return change_says(CHANGE_BAD, e, "domain '%.*s': '%.*s' is itself an alias",
			S_FMT(domain->name), S_FMT(domain->alias_of));
	return CHANGE_DONE;
}

/* Walks all domains: how many, and does one of them stand for `name`? */
static bool domains_walk(struct directory *d, struct slice name, size_t *ret_count,
	bool *ret_aliased, struct error *e)
{
	char room[LIMIT_DOMAIN_BYTES + 1];
	struct slice after = S("");
	size_t count = 1;

	*ret_count = 0;
	*ret_aliased = false;
	while (count > 0) {
		auto_arena a = { .max = LIMIT_ARENA_BYTES };
		struct domain *domains;

		if (!domain_list(d, after, LIMIT_SCAN_ROWS / 2, &a, &domains, &count, e))
			return false;
		for (size_t i = 0; i < count; i++)
			*ret_aliased = *ret_aliased || slice_same(domains[i].alias_of, name);
		*ret_count += count;
		if (count > 0) {
			invariant(domains[count - 1].name.len <= sizeof room);
			memcpy(room, domains[count - 1].name.at, domains[count - 1].name.len);
			after = (struct slice){ room, domains[count - 1].name.len };
		}
	}
	return true;
}

bool domain_stage(struct batch *b, const struct domain_row *row, uint64_t expect)
{
	struct key partition = domain_partition();
	auto_buf value = { .max = DIRECTORY_RECORD_BYTES };

	if (!domain_encode(row, &value))
		return false;
	batch_commit(b, &partition, expect, 1, 0);
	batch_set(b, row->domain.name, buf_slice(&value));
	return true;
}

static enum change domain_write(
	struct directory *d, struct batch *b, struct slice name, struct error *e)
{
	struct key partition = domain_partition();
	enum change change = directory_write(d, b, e);

	directory_forget(d, &partition, name);
	return change;
}

bool domain_fresh(struct directory *d, struct slice name, struct arena *a, struct domain_row *ret,
	bool *ret_found, uint64_t *ret_version, struct error *e)
{
	struct key partition = domain_partition();
	auto_buf value = { .max = DIRECTORY_RECORD_BYTES };
	struct slice copy;

	if (!directory_fresh(d, &partition, name, &value, ret_found, ret_version, e))
		return false;
	copy = arena_copy(a, buf_slice(&value));
	if (*ret_found && (copy.at == NULL || !domain_decode(name, copy, ret)))
		return fail(
			e, FAULT_NEVER, "read domain '%.*s': its record is damaged", S_FMT(name));
	return true;
}

enum change domain_add(struct directory *d, const struct domain *domain, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct domain_row row = { .id = id_new(d->clock) }, before;
	char room[32];
	struct buf counts = BUF_OVER(room);
	struct key counts_at = counts_partition(row.id);
	enum change change = domain_clean(domain, &a, &row.domain, e);
	auto_turn *turn = NULL;
	bool is_found, is_aliased;
	uint64_t version;
	size_t count;
	auto_batch b;

	batch_begin(&b, 2, 0);
	if (change != CHANGE_DONE)
		return change;
	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	if (!domain_fresh(d, row.domain.name, &a, &before, &is_found, &version, e))
		return CHANGE_FAILED;
	if (is_found)
		return change_says(
			CHANGE_EXISTS, e, "domain '%.*s' exists already", S_FMT(row.domain.name));
	change = alias_check(d, &row.domain, &a, e);
	if (change != CHANGE_DONE)
		return change;
	/* Each commit of partition D raises its version, so few commits mean few domains: no need to count. */
	if (version >= LIMIT_DOMAINS) {
		if (!domains_walk(d, row.domain.name, &count, &is_aliased, e))
			return CHANGE_FAILED;
		if (count >= LIMIT_DOMAINS)
			return change_says(CHANGE_LIMIT, e,
				"domain '%.*s': there are %d domains already",
				S_FMT(row.domain.name), LIMIT_DOMAINS);
	}
	if (row.domain.created_s == 0)
		row.domain.created_s = clock_wall_ns(d->clock) / NS_PER_S;
	invariant(counts_encode(&(struct domain_counts){ 0 }, &counts));
	if (!domain_stage(&b, &row, version))
		return change_says(
			CHANGE_LIMIT, e, "domain '%.*s': too big", S_FMT(row.domain.name));
	batch_commit(&b, &counts_at, 0, 1, 0);
	batch_set(&b, S("n"), buf_slice(&counts));
	return domain_write(d, &b, row.domain.name, e);
}

/* May the domain become an alias, or go? Not while somebody lives there or another domain leads there. */
static enum change in_use(struct directory *d, const struct domain_row *row, struct error *e)
{
	struct domain_counts counts;
	uint64_t version;
	bool is_aliased;
	size_t count;

	if (!directory_counts(d, row->id, &counts, &version, e))
		return CHANGE_FAILED;
	if (counts.accounts + counts.aliases > 0)
		return change_says(CHANGE_IN_USE, e,
			"domain '%.*s': it still has %llu accounts and %llu aliases",
			S_FMT(row->domain.name), (unsigned long long)counts.accounts,
			(unsigned long long)counts.aliases);
	if (!domains_walk(d, row->domain.name, &count, &is_aliased, e))
		return CHANGE_FAILED;
	if (is_aliased)
		return change_says(CHANGE_IN_USE, e,
			"domain '%.*s': another domain is an alias of it", S_FMT(row->domain.name));
	return CHANGE_DONE;
}

enum change domain_set(struct directory *d, const struct domain *domain, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct domain_row row, before;
	enum change change = domain_clean(domain, &a, &row.domain, e);
	auto_turn *turn = NULL;
	bool is_found;
	uint64_t version;
	auto_batch b;

	batch_begin(&b, 1, 0);
	if (change != CHANGE_DONE)
		return change;
	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	if (!domain_fresh(d, row.domain.name, &a, &before, &is_found, &version, e))
		return CHANGE_FAILED;
	if (!is_found)
		return change_says(
			CHANGE_MISSING, e, "domain '%.*s' does not exist", S_FMT(row.domain.name));
	change = alias_check(d, &row.domain, &a, e);
	if (change == CHANGE_DONE && row.domain.alias_of.len > 0 && before.domain.alias_of.len == 0)
		change = in_use(d, &before, e);
	if (change != CHANGE_DONE)
		return change;
	row.id = before.id;
	row.domain.created_s = before.domain.created_s;
	if (!domain_stage(&b, &row, version))
		return change_says(
			CHANGE_LIMIT, e, "domain '%.*s': too big", S_FMT(row.domain.name));
	return domain_write(d, &b, row.domain.name, e);
}

enum change domain_remove(struct directory *d, struct slice name, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct key partition = domain_partition(), counts;
	struct domain_row row;
	struct slice key;
	auto_turn *turn = NULL;
	bool is_found;
	uint64_t version;
	enum change change;
	auto_batch b;

	batch_begin(&b, 2, 0);
	if (name_domain(name, &a, &key) != NAME_OK)
		return change_says(CHANGE_MISSING, e, "domain '%.*s' does not exist", S_FMT(name));
	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	if (!domain_fresh(d, key, &a, &row, &is_found, &version, e))
		return CHANGE_FAILED;
	if (!is_found)
		return change_says(CHANGE_MISSING, e, "domain '%.*s' does not exist", S_FMT(name));
	change = in_use(d, &row, e);
	if (change != CHANGE_DONE)
		return change;
	counts = counts_partition(row.id);
	batch_commit(&b, &partition, version, 0, 1);
	batch_remove(&b, key);
	batch_commit(&b, &counts, STORE_ANY_VERSION, 0, 1);
	batch_remove(&b, S("n"));
	return domain_write(d, &b, key, e);
}

bool domain_get(struct directory *d, struct slice name, struct arena *a, struct domain *ret,
	bool *ret_found, struct error *e)
{
	struct domain_row row;
	struct slice key;

	*ret_found = false;
	if (name_domain(name, a, &key) != NAME_OK)
		return true;
	if (!directory_domain(d, key, a, &row, ret_found, e))
		return false;
	if (*ret_found)
		*ret = row.domain;
	return true;
}

bool domain_counts(struct directory *d, struct slice name, struct domain_counts *ret,
	bool *ret_found, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct domain_row row;
	struct slice key;
	uint64_t version;

	*ret_found = false;
	if (name_domain(name, &a, &key) != NAME_OK)
		return true;
	if (!directory_domain(d, key, &a, &row, ret_found, e))
		return false;
	return !*ret_found || directory_counts(d, row.id, ret, &version, e);
}
