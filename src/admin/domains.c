/* SPDX-License-Identifier: MIT */
#include "admin/member.h"

/* clang-format off */
static const struct member members[] = {
	{ "name",         MEMBER_TEXT,   MEMBER_ANY,       offsetof(struct domain, name) },
	{ "disabled",     MEMBER_BOOL,   MEMBER_ANY,       offsetof(struct domain, is_disabled) },
	{ "alias_of",     MEMBER_TEXT,   MEMBER_ANY,       offsetof(struct domain, alias_of) },
	{ "catch_all",    MEMBER_TEXT,   MEMBER_ANY,       offsetof(struct domain, catch_all) },
	{ "postmaster",   MEMBER_TEXT,   MEMBER_ANY,       offsetof(struct domain, postmaster) },
	{ "accounts_max", MEMBER_NUMBER, MEMBER_ANY,       offsetof(struct domain, account_max) },
	{ "quota",        MEMBER_NUMBER, MEMBER_ANY,       offsetof(struct domain, quota_bytes) },
	{ "message_size", MEMBER_NUMBER, MEMBER_ANY,       offsetof(struct domain, message_bytes_max) },
	{ "created",      MEMBER_NUMBER, MEMBER_READ_ONLY, offsetof(struct domain, created_s) },
};
/* clang-format on */

/* With how many accounts and aliases it has. */
static bool domain_write(struct request *r, const struct domain *d, json_t **ret, struct error *e)
{
	struct domain_counts counts = { .accounts = 0 };
	bool is_found;

	if (!domain_counts(r->options->mail->directory, d->name, &counts, &is_found, e))
		return false;
	*ret = members_write(members, COUNT(members), d);
	if (*ret == NULL)
		return fail(e, FAULT_LATER, "show a domain: out of memory");
	(void)json_object_set_new(*ret, "accounts", json_integer((json_int_t)counts.accounts));
	(void)json_object_set_new(*ret, "aliases", json_integer((json_int_t)counts.aliases));
	return true;
}

static void answer_domain(
	struct request *r, enum answer_status status, const struct domain *d, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	json_t *object = NULL;

	if (domain_write(r, d, &object, &e))
		answer_json(a, status, object);
	else
		answer_failure(a, &e);
}

void route_domain_list(struct request *r, struct answer *a)
{
	struct page_wish wish;
	struct error e = { .fault = FAULT_NONE };
	struct domain *found;
	size_t count;
	json_t *items;

	if (!request_page(r, &wish, a))
		return;
	if (!domain_list(r->options->mail->directory, wish.after, wish.limit, &r->arena, &found,
		    &count, &e)) {
		answer_failure(a, &e);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *object = NULL;

		if (!domain_write(r, &found[i], &object, &e)) {
			json_decref(items);
			answer_failure(a, &e);
			return;
		}
		(void)json_array_append_new(items, object);
	}
	answer_page(a, items, &wish, count, count > 0 ? found[count - 1].name : S(""));
}

/* False: *a says why. */
static bool find(struct request *r, struct domain *ret, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_found = false;

	if (!domain_get(r->options->mail->directory, r->name, &r->arena, ret, &is_found, &e))
		answer_failure(a, &e);
	else if (!is_found)
		answer_change(a, CHANGE_MISSING, &e, "domain", r->name);
	return is_found;
}

void route_domain_show(struct request *r, struct answer *a)
{
	struct domain d;

	if (find(r, &d, a))
		answer_domain(r, ANSWER_OK, &d, a);
}

void route_domain_add(struct request *r, struct answer *a)
{
	struct domain d = { .name = S("") };
	struct error e = { .fault = FAULT_NONE };

	if (!members_read(members, COUNT(members), r->json, &d, a))
		return;
	r->name = d.name;
	enum change change = domain_add(r->options->mail->directory, &d, &e);
	if (change != CHANGE_DONE)
		answer_change(a, change, &e,
			change == CHANGE_MISSING ? "domain to be an alias of" : "domain", d.name);
	else if (find(r, &d, a))
		answer_domain(r, ANSWER_CREATED, &d, a);
}

void route_domain_set(struct request *r, struct answer *a)
{
	struct domain d;
	struct error e = { .fault = FAULT_NONE };

	if (!find(r, &d, a))
		return;
	struct slice name = d.name;
	if (!members_read(members, COUNT(members), r->json, &d, a))
		return;
	if (!slice_same(name, d.name)) {
		answer_problem(a, ANSWER_NOT_VALID, "a domain cannot be renamed; make it an alias",
			S("name"));
		return;
	}
	enum change change = domain_set(r->options->mail->directory, &d, &e);
	if (change != CHANGE_DONE)
		answer_change(a, change, &e, "domain", r->name);
	else if (find(r, &d, a))
		answer_domain(r, ANSWER_OK, &d, a);
}

void route_domain_remove(struct request *r, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	enum change change = domain_remove(r->options->mail->directory, r->name, &e);

	answer_change(a, change, &e, "domain", r->name);
}
