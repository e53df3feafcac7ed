/* SPDX-License-Identifier: MIT */
/*
 * Resolving walks a list of addresses that grows while it is walked: the forward-path first, then what aliases and
 * catch-alls lead to. Each address enters once, which ends every loop; each has the depth at which it was reached.
 */
#include "mail/directory_parts.h"
#include "mail/postmaster.h"
#include "mail/quota.h"

enum { RESOLVE_STEPS = LIMIT_EXPANDED_RCPT_COUNT + LIMIT_ALIAS_TARGETS };

struct step {
	struct slice address;
	unsigned depth;
	bool may_catch_all; /* the first only: what an alias names must exist */
};

struct walk {
	struct directory *directory;
	struct arena *arena;
	struct step *steps;
	size_t step_count, step_room;
	struct target *targets;
	size_t target_count, target_room;
	bool is_disabled;       /* something on the way was */
	bool is_remote, is_bad; /* what the first address turned out to be */
	bool seeks_postmaster; /* the first is one without an entry; of this domain, if it has one */
	struct domain postmaster_of;
	unsigned candidate; /* the next to try */
};

static bool short_of_memory(struct error *e)
{
	return fail(e, FAULT_LATER, "look up an address: out of memory");
}

/* Room in the arena that doubles; the old room is given back with the arena. */
static void *grown(struct arena *a, const void *old, size_t count, size_t *room, size_t bytes)
{
	size_t more = *room == 0 ? 4 : 2 * *room;
	void *at = arena_take(a, more * bytes);

	if (at == NULL)
		return NULL;
	if (count > 0)
		memcpy(at, old, count * bytes);
	*room = more;
	return at;
}

static bool walk_add(
	struct walk *w, struct slice address, unsigned depth, bool may_catch_all, struct error *e)
{
	for (size_t i = 0; i < w->step_count; i++) {
		if (slice_same_nocase(w->steps[i].address, address))
			return true;
	}
	if (w->step_count >= RESOLVE_STEPS)
		return fail(e, FAULT_NEVER, "'%.*s' leads to more than %d addresses",
			S_FMT(w->steps[0].address), LIMIT_EXPANDED_RCPT_COUNT);
	if (w->step_count == w->step_room) {
		struct step *steps =
			grown(w->arena, w->steps, w->step_count, &w->step_room, sizeof *steps);

		if (steps == NULL)
			return short_of_memory(e);
		w->steps = steps;
	}
	w->steps[w->step_count++] = (struct step){ address, depth, may_catch_all };
	return true;
}

static bool target_add(struct walk *w, const struct target *target, struct error *e)
{
	for (size_t i = 0; i < w->target_count; i++) {
		const struct target *t = &w->targets[i];

		if (t->is_local == target->is_local &&
			(t->is_local ? id_same(t->account, target->account)
				     : slice_same_nocase(t->address, target->address)))
			return true;
	}
	if (w->target_count >= LIMIT_EXPANDED_RCPT_COUNT)
		return fail(e, FAULT_NEVER, "'%.*s' leads to more than %d recipients",
			S_FMT(w->steps[0].address), LIMIT_EXPANDED_RCPT_COUNT);
	if (w->target_count == w->target_room) {
		struct target *targets = grown(
			w->arena, w->targets, w->target_count, &w->target_room, sizeof *targets);

		if (targets == NULL)
			return short_of_memory(e);
		w->targets = targets;
	}
	w->targets[w->target_count++] = *target;
	return true;
}

/* The domain behind a name, through domain aliases. */
static bool real_domain(struct walk *w, struct slice name, struct domain_row *ret, bool *ret_found,
	bool *ret_disabled, struct error *e)
{
	*ret_disabled = false;
	for (unsigned i = 0; i < LIMIT_ALIAS_DEPTH; i++) {
		if (!directory_domain(w->directory, name, w->arena, ret, ret_found, e))
			return false;
		if (!*ret_found)
			return true;
		*ret_disabled = *ret_disabled || ret->domain.is_disabled;
		if (ret->domain.alias_of.len == 0)
			return true;
		name = ret->domain.alias_of;
	}
	*ret_found = false;
	return true;
}

static struct target target_of(const struct account *account, const struct domain *domain)
{
	return (struct target){ .is_local = true,
		.address = account->address,
		.account = account->id,
		.domain = domain->name,
		.quota_bytes = quota_smaller(account->quota_bytes, account->own_quota_bytes),
		.quota_messages =
			quota_smaller(account->quota_messages, account->own_quota_messages),
		.domain_quota_bytes = domain->quota_bytes,
		.message_bytes_max = domain->message_bytes_max };
}

static bool entity_walk(struct walk *w, const struct entity *entity,
	const struct domain_row *domain, const struct step *step, struct error *e)
{
	const struct account *account = &entity->account;
	unsigned depth = step->depth + 1;

	if (entity->kind == ENTITY_ACCOUNT) {
		struct target target = target_of(account, &domain->domain);

		w->is_disabled = w->is_disabled || account->is_disabled;
		return account->is_disabled || target_add(w, &target, e);
	}
	if (entity->alias.is_disabled) {
		w->is_disabled = true;
		return true;
	}
	/* Deeper ones are not followed; whoever set them up meets the answer "unknown". */
	if (depth > LIMIT_ALIAS_DEPTH)
		return true;
	for (size_t i = 0; i < entity->alias.target_count; i++) {
		if (!walk_add(w, entity->alias.targets[i], depth, false, e))
			return false;
	}
	return true;
}

/* The local part as it is, then without "+detail". */
static bool entity_find(struct walk *w, const struct domain_row *domain, struct slice local,
	struct entity *ret, struct error *e)
{
	char separator = w->directory->separator;
	size_t at;

	if (!directory_entity(w->directory, domain, local, w->arena, ret, e))
		return false;
	if (ret->kind != ENTITY_NONE || separator == 0)
		return true;
	at = slice_find(local, separator);
	if (at == 0 || at == local.len)
		return true;
	return directory_entity(w->directory, domain, slice_first(local, at), w->arena, ret, e);
}

/* Where an address without an entry goes. */
static bool missing_walk(struct walk *w, const struct domain_row *domain, const struct name *name,
	const struct step *step, struct error *e)
{
	bool is_postmaster = slice_same(name->local, S("postmaster"));
	struct slice next = is_postmaster && domain->domain.postmaster.len > 0
				    ? domain->domain.postmaster
			    : step->may_catch_all || is_postmaster ? domain->domain.catch_all
								   : S("");

	if (is_postmaster && step->depth == 0) {
		w->seeks_postmaster = true;
		w->postmaster_of = domain->domain;
		return true;
	}
	return next.len == 0 || step->depth >= LIMIT_ALIAS_DEPTH ||
	       walk_add(w, next, step->depth + 1, false, e);
}

static bool step_walk(struct walk *w, size_t at, struct error *e)
{
	struct step step = w->steps[at];
	struct domain_row domain;
	struct entity entity;
	struct name name;
	bool is_found, is_disabled;

	switch (name_parse(step.address, true, w->arena, &name)) {
	case NAME_OK:
		break;
	case NAME_BAD:
		w->is_bad = at == 0;
		return true;
	case NAME_SHORT:
		return short_of_memory(e);
	}
	if (name.domain.len == 0) { /* aliases never name it: it is the first */
		w->seeks_postmaster = true;
		return true;
	}
	if (!real_domain(w, name.domain, &domain, &is_found, &is_disabled, e))
		return false;
	if (!is_found) {
		struct target remote = { .address = step.address };

		w->is_remote = at == 0;
		return at == 0 || target_add(w, &remote, e);
	}
	if (is_disabled) {
		w->is_disabled = true;
		return true;
	}
	if (!entity_find(w, &domain, name.local, &entity, e))
		return false;
	if (entity.kind != ENTITY_NONE)
		return entity_walk(w, &entity, &domain, &step, e);
	return missing_walk(w, &domain, &name, &step, e);
}

/* The next candidate for postmaster, while nobody was found. *ret_added: there is one more step. */
static bool postmaster_walk(struct walk *w, bool *ret_added, struct error *e)
{
	size_t before = w->step_count;
	struct slice next;

	while (w->seeks_postmaster && w->target_count == 0 && w->step_count == before &&
		w->candidate < POSTMASTER_CANDIDATES) {
		if (!postmaster_candidate(
			    w->directory, &w->postmaster_of, w->candidate++, w->arena, &next, e))
			return false;
		if (next.len > 0 && !walk_add(w, next, 1, false, e))
			return false;
	}
	*ret_added = w->step_count > before;
	return true;
}

static bool walk_all(struct walk *w, struct slice address, bool may_catch_all, struct error *e)
{
	size_t at = 0;
	bool is_more = true;

	if (!walk_add(w, address, 0, may_catch_all, e))
		return false;
	while (is_more) {
		for (; at < w->step_count; at++)
			if (!step_walk(w, at, e))
				return false;
		if (!postmaster_walk(w, &is_more, e))
			return false;
	}
	return true;
}

bool directory_resolve(struct directory *d, struct slice address, struct arena *a,
	enum resolve *ret, struct targets *ret_targets, struct error *e)
{
	struct walk w = { .directory = d, .arena = a };

	*ret_targets = (struct targets){ 0 };
	if (!walk_all(&w, address, true, e))
		return false;
	*ret_targets = (struct targets){ w.targets, w.target_count };
	if (w.is_bad)
		*ret = RESOLVE_BAD;
	else if (w.is_remote)
		*ret = RESOLVE_REMOTE;
	else if (w.target_count > 0)
		*ret = RESOLVE_OK;
	else
		*ret = w.is_disabled ? RESOLVE_DISABLED : RESOLVE_UNKNOWN;
	return true;
}

bool directory_login(struct directory *d, struct slice user, struct arena *a, struct account *ret,
	bool *ret_found, struct error *e)
{
	struct walk w = { .directory = d, .arena = a };
	struct domain_row domain;
	struct entity entity;
	struct name name;
	bool is_disabled;

	*ret_found = false;
	if (name_parse(user, false, a, &name) != NAME_OK)
		return true;
	if (!real_domain(&w, name.domain, &domain, ret_found, &is_disabled, e))
		return false;
	if (!*ret_found)
		return true;
	if (!directory_entity(d, &domain, name.local, a, &entity, e))
		return false;
	*ret_found = entity.kind == ENTITY_ACCOUNT;
	if (!*ret_found)
		return true;
	*ret = entity.account;
	ret->is_disabled = ret->is_disabled || is_disabled;
	return true;
}

bool directory_may_send_as(struct directory *d, struct slice account, struct slice address,
	bool *ret_may, struct error *e)
{
	auto_arena a = { .max = 4 * LIMIT_ARENA_BYTES };
	struct walk w = { .directory = d, .arena = &a };
	struct account own;
	bool is_found;

	*ret_may = false;
	if (!directory_login(d, account, &a, &own, &is_found, e))
		return false;
	if (!is_found)
		return true;
	/* A catch-all does not make everybody's name one's own. */
	if (!walk_all(&w, address, false, e))
		return false;
	for (size_t i = 0; i < w.target_count; i++)
		*ret_may = *ret_may ||
			   (w.targets[i].is_local && id_same(w.targets[i].account, own.id));
	return true;
}

bool directory_target(struct directory *d, struct slice address, struct arena *a,
	struct target *ret, bool *ret_found, struct error *e)
{
	struct domain_row domain;
	struct entity entity;

	if (!directory_find(d, address, ENTITY_ACCOUNT, a, &entity, &domain, ret_found, e))
		return false;
	if (*ret_found)
		*ret = target_of(&entity.account, &domain.domain);
	return true;
}
