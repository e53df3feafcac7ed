/* SPDX-License-Identifier: MIT */
#include "admin/request.h"
#include "mail/quota.h"

/*
 * A view of accounts and domains: what they may use and what they use. A name with @ is an account, else a
 * domain. Limits are kept in the account and the domain themselves; 0 is no limit.
 */
struct quota_row {
	struct slice name;
	bool is_account;
	uint64_t quota_bytes, quota_messages; /* messages: accounts only */
	uint64_t own_bytes, own_messages;     /* of its owner; accounts only */
	struct quota_usage used;
};

static json_t *row_write(const struct quota_row *row)
{
	json_t *object = json_pack("{s:o, s:s, s:I, s:I, s:I, s:I}", "name", json_slice(row->name),
		"kind", row->is_account ? "account" : "domain", "quota",
		(json_int_t)row->quota_bytes, "quota_messages", (json_int_t)row->quota_messages,
		"used", (json_int_t)row->used.bytes, "messages", (json_int_t)row->used.messages);

	if (object == NULL || !row->is_account)
		return object;
	(void)json_object_set_new(object, "own_quota", json_integer((json_int_t)row->own_bytes));
	(void)json_object_set_new(
		object, "own_quota_messages", json_integer((json_int_t)row->own_messages));
	return object;
}

static bool account_row(
	struct request *r, const struct account *account, struct quota_row *ret, struct error *e)
{
	*ret = (struct quota_row){ .name = account->address,
		.is_account = true,
		.quota_bytes = account->quota_bytes,
		.quota_messages = account->quota_messages,
		.own_bytes = account->own_quota_bytes,
		.own_messages = account->own_quota_messages };
	return quota_account(r->options->mail, account->id, &ret->used, e);
}

static bool domain_row(
	struct request *r, const struct domain *domain, struct quota_row *ret, struct error *e)
{
	*ret = (struct quota_row){ .name = domain->name, .quota_bytes = domain->quota_bytes };
	return quota_domain(r->options->mail, domain->name, &ret->used, e);
}

/* The limits are to change: the object they stand in. */
struct quota_holder {
	struct account account;
	struct domain domain;
	bool is_account;
};

static bool find(struct request *r, struct quota_holder *ret, struct answer *a)
{
	struct directory *directory = r->options->mail->directory;
	struct error e = { .fault = FAULT_NONE };
	bool is_found = false, is_read;

	ret->is_account = slice_find(r->name, '@') < r->name.len;
	is_read = ret->is_account
			  ? account_get(directory, r->name, &r->arena, &ret->account, &is_found, &e)
			  : domain_get(directory, r->name, &r->arena, &ret->domain, &is_found, &e);
	if (!is_read)
		answer_failure(a, &e);
	else if (!is_found)
		answer_change(
			a, CHANGE_MISSING, &e, ret->is_account ? "account" : "domain", r->name);
	return is_found;
}

static void show(struct request *r, const struct quota_holder *holder, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	struct quota_row row;
	bool is_read = holder->is_account ? account_row(r, &holder->account, &row, &e)
					  : domain_row(r, &holder->domain, &row, &e);

	if (is_read)
		answer_json(a, ANSWER_OK, row_write(&row));
	else
		answer_failure(a, &e);
}

void route_quota_show(struct request *r, struct answer *a)
{
	struct quota_holder holder;

	if (find(r, &holder, a))
		show(r, &holder, a);
}

static void change_to(struct request *r, struct quota_holder *h, uint64_t bytes, uint64_t messages,
	struct answer *a)
{
	struct directory *directory = r->options->mail->directory;
	struct error e = { .fault = FAULT_NONE };
	enum change change;

	if (h->is_account) {
		h->account.quota_bytes = bytes;
		h->account.quota_messages = messages;
		change = account_set(directory, &h->account, &e);
	} else {
		h->domain.quota_bytes = bytes;
		change = domain_set(directory, &h->domain, &e);
	}
	if (change == CHANGE_DONE)
		show(r, h, a);
	else
		answer_change(a, change, &e, h->is_account ? "account" : "domain", r->name);
}

/* False: *a says what is wrong. A member that is missing leaves *ret as it was. */
static bool read_number(const json_t *object, const char *name, uint64_t *ret, struct answer *a)
{
	const json_t *value = json_object_get(object, name);

	if (value == NULL)
		return true;
	if (!json_is_integer(value) || json_integer_value(value) < 0) {
		answer_problem(
			a, ANSWER_NOT_VALID, "this member is a number, 0 or more", slice_of(name));
		return false;
	}
	*ret = (uint64_t)json_integer_value(value);
	return true;
}

void route_quota_set(struct request *r, struct answer *a)
{
	struct quota_holder h;

	if (!find(r, &h, a))
		return;
	uint64_t bytes = h.is_account ? h.account.quota_bytes : h.domain.quota_bytes;
	uint64_t messages = h.is_account ? h.account.quota_messages : 0;
	if (!h.is_account && json_object_get(r->json, "quota_messages") != NULL) {
		answer_problem(a, ANSWER_NOT_VALID, "a domain has no limit of messages",
			S("quota_messages"));
		return;
	}
	if (read_number(r->json, "quota", &bytes, a) &&
		read_number(r->json, "quota_messages", &messages, a))
		change_to(r, &h, bytes, messages, a);
}

void route_quota_remove(struct request *r, struct answer *a)
{
	struct quota_holder h;

	if (find(r, &h, a))
		change_to(r, &h, 0, 0, a);
}

static bool list_accounts(struct request *r, const struct page_wish *wish, json_t *items,
	size_t *ret_count, struct slice *ret_last, struct error *e)
{
	struct account *found;
	struct quota_row row;

	if (!account_list(r->options->mail->directory, wish->domain, wish->after, wish->limit,
		    &r->arena, &found, ret_count, e))
		return false;
	for (size_t i = 0; i < *ret_count; i++) {
		if (!account_row(r, &found[i], &row, e))
			return false;
		(void)json_array_append_new(items, row_write(&row));
		*ret_last = row.name;
	}
	return true;
}

static bool list_domains(struct request *r, const struct page_wish *wish, json_t *items,
	size_t *ret_count, struct slice *ret_last, struct error *e)
{
	struct domain *found;
	struct quota_row row;

	if (!domain_list(r->options->mail->directory, wish->after, wish->limit, &r->arena, &found,
		    ret_count, e))
		return false;
	for (size_t i = 0; i < *ret_count; i++) {
		if (!domain_row(r, &found[i], &row, e))
			return false;
		(void)json_array_append_new(items, row_write(&row));
		*ret_last = row.name;
	}
	return true;
}

/* With domain=: the accounts of that domain; else the domains. */
void route_quota_list(struct request *r, struct answer *a)
{
	struct page_wish wish;
	struct error e = { .fault = FAULT_NONE };
	struct slice last = S("");
	size_t count = 0;

	if (!request_page(r, &wish, a))
		return;
	json_t *items = json_array();
	bool is_read = wish.domain.len > 0 ? list_accounts(r, &wish, items, &count, &last, &e)
					   : list_domains(r, &wish, items, &count, &last, &e);
	if (is_read) {
		answer_page(a, items, &wish, count, last);
		return;
	}
	json_decref(items);
	answer_failure(a, &e);
}
