/* SPDX-License-Identifier: MIT */
#include "admin/listing.h"
#include "admin/member.h"
#include "base/limits.h"

/* clang-format off */
static const struct member members[] = {
	{ "address",  MEMBER_TEXT, MEMBER_ANY,   offsetof(struct alias, address) },
	{ "disabled", MEMBER_BOOL, MEMBER_ANY,   offsetof(struct alias, is_disabled) },
	{ "targets",  MEMBER_TEXT, MEMBER_OTHER, 0 },
};
/* clang-format on */

static json_t *alias_write(const struct alias *alias)
{
	json_t *object = members_write(members, COUNT(members), alias);
	json_t *targets = json_array();

	for (size_t i = 0; i < alias->target_count; i++)
		(void)json_array_append_new(targets, json_slice(alias->targets[i]));
	if (object != NULL)
		(void)json_object_set(object, "targets", targets);
	json_decref(targets);
	return object;
}

static bool read_targets(struct request *r, struct alias *to, struct answer *a)
{
	const json_t *targets = json_object_get(r->json, "targets");
	size_t count = json_array_size(targets);

	if (targets == NULL)
		return true;
	if (!json_is_array(targets) || count == 0 || count > LIMIT_ALIAS_TARGETS) {
		answer_problem(a, ANSWER_NOT_VALID, "an alias has 1 to 500 targets, in a list",
			S("targets"));
		return false;
	}
	to->targets = arena_take(&r->arena, count * sizeof *to->targets);
	to->target_count = to->targets != NULL ? count : 0;
	for (size_t i = 0; i < to->target_count; i++) {
		const json_t *target = json_array_get(targets, i);

		if (!json_is_string(target)) {
			answer_problem(a, ANSWER_NOT_VALID, "a target is a text", S("targets"));
			return false;
		}
		to->targets[i] =
			(struct slice){ json_string_value(target), json_string_length(target) };
	}
	return true;
}

static bool alias_read(struct request *r, struct alias *to, struct answer *a)
{
	return members_read(members, COUNT(members), r->json, to, a) && read_targets(r, to, a);
}

void route_alias_list(struct request *r, struct answer *a)
{
	struct page_wish wish;
	struct error e = { .fault = FAULT_NONE };
	struct alias *found;
	size_t count;
	json_t *items;

	if (!request_page(r, &wish, a))
		return;
	if (!listing_aliases(r, &wish, &found, &count, &e)) {
		answer_failure(a, &e);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, alias_write(&found[i]));
	answer_page(a, items, &wish, count, count > 0 ? found[count - 1].address : S(""));
}

static bool find(struct request *r, struct alias *ret, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_found = false;

	if (!alias_get(r->options->mail->directory, r->name, &r->arena, ret, &is_found, &e))
		answer_failure(a, &e);
	else if (!is_found)
		answer_change(a, CHANGE_MISSING, &e, "alias", r->name);
	return is_found;
}

void route_alias_show(struct request *r, struct answer *a)
{
	struct alias alias;

	if (find(r, &alias, a))
		answer_json(a, ANSWER_OK, alias_write(&alias));
}

void route_alias_add(struct request *r, struct answer *a)
{
	struct alias alias = { .address = S("") };
	struct error e = { .fault = FAULT_NONE };

	if (!alias_read(r, &alias, a))
		return;
	if (alias.target_count == 0) {
		answer_problem(a, ANSWER_NOT_VALID, "an alias has 1 to 500 targets, in a list",
			S("targets"));
		return;
	}
	r->name = alias.address;
	enum change change = alias_add(r->options->mail->directory, &alias, &e);
	if (change != CHANGE_DONE)
		answer_change(a, change, &e, change == CHANGE_MISSING ? "domain" : "alias",
			alias.address);
	else if (find(r, &alias, a))
		answer_json(a, ANSWER_CREATED, alias_write(&alias));
}

void route_alias_set(struct request *r, struct answer *a)
{
	struct alias alias;
	struct error e = { .fault = FAULT_NONE };

	if (!find(r, &alias, a))
		return;
	struct slice address = alias.address;
	if (!alias_read(r, &alias, a))
		return;
	if (!slice_same(address, alias.address)) {
		answer_problem(a, ANSWER_NOT_VALID, "an alias cannot be renamed", S("address"));
		return;
	}
	enum change change = alias_set(r->options->mail->directory, &alias, &e);
	if (change != CHANGE_DONE)
		answer_change(a, change, &e, "alias", r->name);
	else if (find(r, &alias, a))
		answer_json(a, ANSWER_OK, alias_write(&alias));
}

void route_alias_remove(struct request *r, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	enum change change = alias_remove(r->options->mail->directory, r->name, &e);

	answer_change(a, change, &e, "alias", r->name);
}
