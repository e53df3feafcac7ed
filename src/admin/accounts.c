/* SPDX-License-Identifier: MIT */
#include "admin/accounts.h"

#include "admin/listing.h"
#include "admin/member.h"
#include "base/limits.h"
#include "mail/password.h"

#include <string.h>

/* clang-format off */
static const struct member members[] = {
	{ "address",        MEMBER_TEXT,   MEMBER_ANY,       offsetof(struct account, address) },
	{ "disabled",       MEMBER_BOOL,   MEMBER_ANY,       offsetof(struct account, is_disabled) },
	{ "quota",          MEMBER_NUMBER, MEMBER_ANY,       offsetof(struct account, quota_bytes) },
	{ "quota_messages", MEMBER_NUMBER, MEMBER_ANY,       offsetof(struct account, quota_messages) },
	{ "created",        MEMBER_NUMBER, MEMBER_READ_ONLY, offsetof(struct account, created_s) },
	{ "own_quota",          MEMBER_NUMBER, MEMBER_OTHER, 0 },
	{ "own_quota_messages", MEMBER_NUMBER, MEMBER_OTHER, 0 },
	{ "password",       MEMBER_TEXT,   MEMBER_OTHER,     0 },
	{ "password_hash",  MEMBER_TEXT,   MEMBER_OTHER,     0 },
};
/* clang-format on */

/* Only the owner sets his limits, over IMAP. Here they are taken away: null. */
static bool check_own_quota(const json_t *from, struct answer *a)
{
	static const char *const names[] = { "own_quota", "own_quota_messages" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const json_t *value = json_object_get(from, names[i]);

		if (value == NULL || json_is_null(value))
			continue;
		answer_problem(a, ANSWER_NOT_VALID,
			"only the owner sets this limit; null takes both of his away",
			slice_of(names[i]));
		return false;
	}
	return true;
}

static bool hash(
	struct request *r, struct slice plain, bool is_quick, struct account *to, struct answer *a)
{
	struct password *password = r->options->mail->password;
	auto_buf out = { .max = LIMIT_PASSWORD_HASH_BYTES };
	struct error e = { .fault = FAULT_NONE };

	if (plain.len == 0 || plain.len > LIMIT_PASSWORD_BYTES) {
		answer_problem(a, ANSWER_NOT_VALID, "a password has 1 to 512 bytes", S("password"));
		return false;
	}
	bool is_hashed = is_quick ? password_hash_quick(password, plain, &out, &e)
				  : password_hash(password, plain, &out, &e);
	to->password = arena_copy(&r->arena, buf_slice(&out));
	if (is_hashed && to->password.at == NULL)
		is_hashed = fail(&e, FAULT_LATER, "hash a password: out of memory");
	if (!is_hashed)
		answer_failure(a, &e);
	return is_hashed;
}

static bool read_password(
	struct request *r, const json_t *from, bool is_quick, struct account *to, struct answer *a)
{
	const json_t *plain = json_object_get(from, "password");
	const json_t *given = json_object_get(from, "password_hash");
	struct slice text = { json_string_value(given), json_string_length(given) };

	if (plain != NULL && given != NULL) {
		answer_problem(
			a, ANSWER_NOT_VALID, "either password or password_hash", S("password"));
		return false;
	}
	if (json_is_string(plain))
		return hash(r,
			(struct slice){ json_string_value(plain), json_string_length(plain) },
			is_quick, to, a);
	if (json_is_null(plain))
		to->password = S(""); /* may not log in */
	else if (plain != NULL) {
		answer_problem(a, ANSWER_NOT_VALID, "this member is a text", S("password"));
		return false;
	}
	if (given == NULL)
		return true;
	if (!json_is_string(given) || !password_is_hash(text)) {
		answer_problem(a, ANSWER_NOT_VALID,
			"no hash of a kind we know: $argon2id$..., {ARGON2ID}...",
			S("password_hash"));
		return false;
	}
	to->password = text;
	return true;
}

bool account_read(
	struct request *r, const json_t *from, bool is_quick, struct account *to, struct answer *a)
{
	return members_read(members, COUNT(members), from, to, a) && check_own_quota(from, a) &&
	       read_password(r, from, is_quick, to, a);
}

json_t *account_write(const struct account *account)
{
	json_t *object = members_write(members, COUNT(members), account);
	char room[ID_TEXT_BYTES + 1];

	if (object == NULL)
		return NULL;
	(void)json_object_set_new(
		object, "own_quota", json_integer((json_int_t)account->own_quota_bytes));
	(void)json_object_set_new(object, "own_quota_messages",
		json_integer((json_int_t)account->own_quota_messages));
	/* The hash itself is never shown. */
	(void)json_object_set_new(object, "may_login", json_boolean(account->password.len > 0));
	(void)json_object_set_new(object, "id", json_slice(id_text(account->id, room)));
	return object;
}

void route_account_list(struct request *r, struct answer *a)
{
	struct page_wish wish;
	struct error e = { .fault = FAULT_NONE };
	struct account *found;
	size_t count;
	json_t *items;

	if (!request_page(r, &wish, a))
		return;
	if (!listing_accounts(r, &wish, &found, &count, &e)) {
		answer_failure(a, &e);
		return;
	}
	items = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(items, account_write(&found[i]));
	answer_page(a, items, &wish, count, count > 0 ? found[count - 1].address : S(""));
}

static bool find(struct request *r, struct account *ret, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	bool is_found = false;

	if (!account_get(r->options->mail->directory, r->name, &r->arena, ret, &is_found, &e))
		answer_failure(a, &e);
	else if (!is_found)
		answer_change(a, CHANGE_MISSING, &e, "account", r->name);
	return is_found;
}

void route_account_show(struct request *r, struct answer *a)
{
	struct account account;

	if (find(r, &account, a))
		answer_json(a, ANSWER_OK, account_write(&account));
}

void route_account_add(struct request *r, struct answer *a)
{
	struct account account = { .address = S("") };
	struct error e = { .fault = FAULT_NONE };

	if (r->bulk != NULL) {
		bulk_end(r, a);
		return;
	}
	if (!account_read(r, r->json, false, &account, a))
		return;
	r->name = account.address;
	enum change change = account_add(r->options->mail->directory, &account, &e);
	if (change != CHANGE_DONE)
		answer_change(a, change, &e, change == CHANGE_MISSING ? "domain" : "account",
			account.address);
	else if (find(r, &account, a))
		answer_json(a, ANSWER_CREATED, account_write(&account));
}

static bool drops_own_quota(const json_t *from)
{
	return json_object_get(from, "own_quota") != NULL ||
	       json_object_get(from, "own_quota_messages") != NULL;
}

void route_account_set(struct request *r, struct answer *a)
{
	struct account account;
	struct error e = { .fault = FAULT_NONE };

	if (!find(r, &account, a))
		return;
	struct slice address = account.address;
	if (!account_read(r, r->json, false, &account, a))
		return;
	if (!slice_same(address, account.address)) {
		answer_problem(a, ANSWER_NOT_VALID, "an account cannot be renamed", S("address"));
		return;
	}
	struct directory *directory = r->options->mail->directory;
	enum change change = account_set(directory, &account, &e);
	if (change == CHANGE_DONE && drops_own_quota(r->json))
		change = account_set_own_quota(directory, address, 0, 0, &e);
	if (change != CHANGE_DONE)
		answer_change(a, change, &e, "account", r->name);
	else if (find(r, &account, a))
		answer_json(a, ANSWER_OK, account_write(&account));
}

void route_account_remove(struct request *r, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	enum change change = account_remove(r->options->mail->directory, r->name, &e);

	answer_change(a, change, &e, "account", r->name);
}
