/* SPDX-License-Identifier: MIT */
#include "mail/entity.h"

/* Targets in their canonical spelling, each once. */
static enum change alias_clean(
	const struct alias *alias, struct arena *a, struct alias *ret, struct error *e)
{
	size_t bytes = 0;

	*ret = *alias;
	ret->target_count = 0;
	if (alias->target_count == 0)
		return change_says(
			CHANGE_BAD, e, "alias '%.*s': it has no target", S_FMT(alias->address));
	if (alias->target_count > LIMIT_ALIAS_TARGETS)
		return change_says(CHANGE_LIMIT, e, "alias '%.*s': more than %d targets",
			S_FMT(alias->address), LIMIT_ALIAS_TARGETS);
	ret->targets = arena_take(a, alias->target_count * sizeof *ret->targets);
	for (size_t i = 0; ret->targets != NULL && i < alias->target_count; i++) {
		struct name name;
		size_t same = 0;

		if (name_parse(alias->targets[i], false, a, &name) != NAME_OK)
			return change_says(CHANGE_BAD, e,
				"alias '%.*s': target '%.*s' is no address", S_FMT(alias->address),
				S_FMT(alias->targets[i]));
		while (same < ret->target_count && !slice_same(ret->targets[same], name.address))
			same++;
		if (same == ret->target_count)
			ret->targets[ret->target_count++] = name.address;
		bytes += name.address.len + 2;
	}
	if (ret->targets == NULL || bytes > LIMIT_ALIAS_BYTES)
		return change_says(CHANGE_LIMIT, e, "alias '%.*s': targets of more than %d bytes",
			S_FMT(alias->address), LIMIT_ALIAS_BYTES);
	return CHANGE_DONE;
}

static enum change row_make(const struct alias *alias, const struct name *name, struct id domain,
	struct arena *a, struct entity_row *ret, struct error *e)
{
	auto_buf value = { .max = DIRECTORY_RECORD_BYTES };

	*ret = (struct entity_row){ .name = *name,
		.domain = domain,
		.partition = entity_partition(domain, name->local),
		.kind = ENTITY_ALIAS };
	if (alias_encode(alias, &value))
		ret->value = arena_copy(a, buf_slice(&value));
	if (ret->value.at != NULL)
		return CHANGE_DONE;
	(void)fail(e, FAULT_LATER, "alias '%.*s': out of memory", S_FMT(name->address));
	return CHANGE_FAILED;
}

enum change alias_add(struct directory *d, const struct alias *alias, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct domain_counts counts;
	struct domain_row domain;
	struct entity_row row;
	struct entity before;
	struct alias clean;
	struct name name;
	uint64_t version;
	auto_turn *turn = NULL;
	enum change change = alias_clean(alias, &a, &clean, e);

	if (change != CHANGE_DONE)
		return change;
	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	change = entity_place(d, "alias", alias->address, &a, &name, &domain, e);
	if (change != CHANGE_DONE)
		return change;
	if (!directory_counts(d, domain.id, &counts, &version, e) ||
		!entity_fresh(d, domain.id, &name, &a, &before, &version, e))
		return CHANGE_FAILED;
	if (before.kind != ENTITY_NONE)
		return change_says(CHANGE_EXISTS, e, "alias '%.*s' exists already%s",
			S_FMT(name.address),
			before.kind == ENTITY_ACCOUNT ? ", as an account" : "");
	if (counts.accounts + counts.aliases >= LIMIT_DOMAIN_ACCOUNTS)
		return change_says(CHANGE_LIMIT, e,
			"alias '%.*s': a domain has room for %d accounts and aliases",
			S_FMT(name.address), LIMIT_DOMAIN_ACCOUNTS);
	change = row_make(&clean, &name, domain.id, &a, &row, e);
	return change == CHANGE_DONE ? entity_add_rows(d, &row, 1, e) : change;
}

static enum change alias_find(struct directory *d, struct slice address, struct arena *a,
	struct name *ret_name, struct id *ret_domain, struct alias *ret, uint64_t *ret_version,
	struct error *e)
{
	struct domain_row domain;
	struct entity entity = { .kind = ENTITY_NONE };
	bool is_found = false;

	if (name_parse(address, false, a, ret_name) == NAME_OK &&
		!directory_domain(d, ret_name->domain, a, &domain, &is_found, e))
		return CHANGE_FAILED;
	if (is_found && !entity_fresh(d, domain.id, ret_name, a, &entity, ret_version, e))
		return CHANGE_FAILED;
	if (entity.kind != ENTITY_ALIAS)
		return change_says(
			CHANGE_MISSING, e, "alias '%.*s' does not exist", S_FMT(address));
	*ret = entity.alias;
	*ret_domain = domain.id;
	return CHANGE_DONE;
}

enum change alias_set(struct directory *d, const struct alias *alias, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	struct alias clean, before;
	struct entity_row row;
	struct name name;
	struct id domain;
	uint64_t version;
	auto_turn *turn = NULL;
	enum change change = alias_clean(alias, &a, &clean, e);

	if (change != CHANGE_DONE)
		return change;
	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	change = alias_find(d, alias->address, &a, &name, &domain, &before, &version, e);
	if (change == CHANGE_DONE)
		change = row_make(&clean, &name, domain, &a, &row, e);
	return change == CHANGE_DONE ? entity_set_row(d, &row, version, false, e) : change;
}

enum change alias_remove(struct directory *d, struct slice address, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	auto_turn *turn = NULL;
	struct entity_row row;
	struct alias before;
	struct name name;
	struct id domain;
	uint64_t version;
	enum change change;

	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	change = alias_find(d, address, &a, &name, &domain, &before, &version, e);
	if (change == CHANGE_DONE)
		change = row_make(&before, &name, domain, &a, &row, e);
	return change == CHANGE_DONE ? entity_remove_row(d, &row, version, NULL, e) : change;
}

bool alias_get(struct directory *d, struct slice address, struct arena *a, struct alias *ret,
	bool *ret_found, struct error *e)
{
	struct entity entity;

	if (!directory_find(d, address, ENTITY_ALIAS, a, &entity, NULL, ret_found, e))
		return false;
	if (*ret_found)
		*ret = entity.alias;
	return true;
}
