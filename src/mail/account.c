/* SPDX-License-Identifier: MIT */
#include "mail/entity.h"
#include "mail/folder.h"
#include "mail/mailbox_names.h"
#include "mail/password.h"
#include "mail/postmaster.h"

#include <stdlib.h>

enum { ACCOUNTS_A_COMMIT = 250 /* under LIMIT_COMMIT_KEYS, and 100 KB */ };

bool account_is_quick(const struct account *account)
{
	return slice_starts(account->password, S("$mv1$"));
}

/* --- adding --- */

/* One commit in the making. */
struct addition {
	struct directory *directory;
	struct arena arena;
	struct entity_row rows[ACCOUNTS_A_COMMIT];
	size_t count;
};

static enum change password_check(const struct account *account, struct error *e)
{
	if (account->password.len == 0 || password_is_hash(account->password))
		return CHANGE_DONE;
	return change_says(CHANGE_BAD, e,
		"account '%.*s': its password is in no form that we store",
		S_FMT(account->address));
}

static enum change row_make(struct directory *d, const struct account *account,
	const struct name *name, struct id domain, struct arena *a, struct entity_row *ret,
	struct error *e)
{
	auto_buf value = { .max = DIRECTORY_RECORD_BYTES };

	*ret = (struct entity_row){ .name = *name,
		.domain = domain,
		.partition = entity_partition(domain, name->local),
		.kind = ENTITY_ACCOUNT,
		.is_quick = account_is_quick(account) };
	if (account_encode(account, &value))
		ret->value = arena_copy(a, buf_slice(&value));
	if (ret->value.at == NULL) {
		(void)fail(
			e, FAULT_LATER, "account '%.*s': out of memory", S_FMT(account->address));
		return CHANGE_FAILED;
	}
	(void)d;
	return CHANGE_DONE;
}

/* How many of the rows collected so far are of this domain; the same address among them is an error. */
static enum change row_compare(const struct addition *n, const struct name *name, struct id domain,
	uint64_t *ret_same_domain, struct error *e)
{
	*ret_same_domain = 0;
	for (size_t i = 0; i < n->count; i++) {
		*ret_same_domain += id_same(n->rows[i].domain, domain) ? 1 : 0;
		if (slice_same(n->rows[i].name.address, name->address))
			return change_says(CHANGE_EXISTS, e, "account '%.*s' is there twice",
				S_FMT(name->address));
	}
	return CHANGE_DONE;
}

/* *ret_first: it will be the domain's first account. */
static enum change limits_check(struct directory *d, const struct domain_row *domain,
	const struct name *name, uint64_t adding, bool *ret_first, struct error *e)
{
	struct domain_counts counts;
	uint64_t version;

	if (!directory_counts(d, domain->id, &counts, &version, e))
		return CHANGE_FAILED;
	*ret_first = counts.accounts + adding == 0;
	if (domain->domain.account_max > 0 &&
		counts.accounts + adding >= domain->domain.account_max)
		return change_says(CHANGE_LIMIT, e,
			"account '%.*s': domain '%.*s' may have %llu accounts",
			S_FMT(name->address), S_FMT(name->domain),
			(unsigned long long)domain->domain.account_max);
	if (counts.accounts + counts.aliases + adding >= LIMIT_DOMAIN_ACCOUNTS)
		return change_says(CHANGE_LIMIT, e,
			"account '%.*s': a domain has room for %d accounts and aliases",
			S_FMT(name->address), LIMIT_DOMAIN_ACCOUNTS);
	return CHANGE_DONE;
}

static enum change addition_take(struct addition *n, const struct account *account, struct error *e)
{
	struct directory *d = n->directory;
	struct account clean = *account;
	struct domain_row domain;
	struct entity before;
	struct name name;
	uint64_t same_domain, version;
	bool is_first = false;
	enum change change =
		entity_place(d, "account", account->address, &n->arena, &name, &domain, e);

	if (change == CHANGE_DONE)
		change = password_check(account, e);
	if (change == CHANGE_DONE)
		change = row_compare(n, &name, domain.id, &same_domain, e);
	if (change == CHANGE_DONE)
		change = limits_check(d, &domain, &name, same_domain, &is_first, e);
	if (change != CHANGE_DONE)
		return change;
	if (!entity_fresh(d, domain.id, &name, &n->arena, &before, &version, e))
		return CHANGE_FAILED;
	if (before.kind != ENTITY_NONE)
		return change_says(CHANGE_EXISTS, e, "account '%.*s' exists already%s",
			S_FMT(name.address), before.kind == ENTITY_ALIAS ? ", as an alias" : "");
	if (id_is_zero(clean.id))
		clean.id = id_new(d->clock);
	if (clean.created_s == 0)
		clean.created_s = clock_wall_ns(d->clock) / NS_PER_S;
	change = row_make(d, &clean, &name, domain.id, &n->arena, &n->rows[n->count], e);
	n->rows[n->count].becomes_postmaster = is_first && postmaster_is_wanted(d, &domain.domain);
	n->count += change == CHANGE_DONE ? 1 : 0;
	return change;
}

/* Adds up to ACCOUNTS_A_COMMIT; those before the first bad one are written all the same. */
static enum change add_some(struct directory *d, const struct account *accounts, size_t count,
	size_t *ret_done, struct error *e)
{
	struct addition *n = calloc(1, sizeof *n);
	enum change change = CHANGE_DONE, written = CHANGE_DONE;
	struct error write_error = { .fault = FAULT_NONE };

	*ret_done = 0;
	if (n == NULL) {
		(void)fail(e, FAULT_LATER, "add accounts: out of memory");
		return CHANGE_FAILED;
	}
	n->directory = d;
	n->arena.max = BATCH_ARENA_BYTES;
	for (size_t i = 0; i < count && i < ACCOUNTS_A_COMMIT && change == CHANGE_DONE; i++)
		change = addition_take(n, &accounts[i], e);
	if (n->count > 0)
		written = entity_add_rows(d, n->rows, n->count, &write_error);
	if (written == CHANGE_DONE)
		*ret_done = n->count;
	else
		*e = write_error;
	arena_done(&n->arena);
	free(n);
	return written == CHANGE_DONE ? change : written;
}

enum change account_add_many(struct directory *d, const struct account *accounts, size_t count,
	size_t *ret_done, struct error *e)
{
	enum change change = CHANGE_DONE;

	*ret_done = 0;
	/* The turn is let go between commits, so that a long import does not keep others waiting. */
	while (change == CHANGE_DONE && *ret_done < count) {
		auto_turn *turn = NULL;
		size_t done;

		if (!directory_turn_take(d, e))
			return CHANGE_FAILED;
		turn = d;
		change = add_some(d, accounts + *ret_done, count - *ret_done, &done, e);
		*ret_done += done;
	}
	return change;
}

enum change account_add(struct directory *d, const struct account *account, struct error *e)
{
	size_t done;

	return account_add_many(d, account, 1, &done, e);
}

/* --- changing --- */

/* Finds the account that is to be changed. */
static enum change account_find(struct directory *d, struct slice address, struct arena *a,
	struct entity_row *ret_row, struct account *ret, uint64_t *ret_version, struct error *e)
{
	struct domain_row domain;
	struct entity entity = { .kind = ENTITY_NONE };
	struct name name;
	bool is_found = false;

	if (name_parse(address, false, a, &name) == NAME_OK &&
		!directory_domain(d, name.domain, a, &domain, &is_found, e))
		return CHANGE_FAILED;
	if (is_found && !entity_fresh(d, domain.id, &name, a, &entity, ret_version, e))
		return CHANGE_FAILED;
	if (entity.kind != ENTITY_ACCOUNT)
		return change_says(
			CHANGE_MISSING, e, "account '%.*s' does not exist", S_FMT(address));
	*ret = entity.account;
	return row_make(d, ret, &name, domain.id, a, ret_row, e);
}

/* What is to be changed, read under the turn. */
struct changing {
	struct arena arena;
	struct entity_row row;
	struct account account;
	uint64_t version;
};

static void changing_done(struct changing *c)
{
	arena_done(&c->arena);
}

static enum change changing_begin(
	struct directory *d, struct slice address, struct changing *ret, struct error *e)
{
	*ret = (struct changing){ .arena = { .max = LIMIT_ARENA_BYTES } };
	return account_find(d, address, &ret->arena, &ret->row, &ret->account, &ret->version, e);
}

static enum change changing_write(
	struct directory *d, struct changing *c, const struct account *after, struct error *e)
{
	enum change change = row_make(d, after, &c->row.name, c->row.domain, &c->arena, &c->row, e);

	return change == CHANGE_DONE
		       ? entity_set_row(d, &c->row, c->version, account_is_quick(&c->account), e)
		       : change;
}

enum change account_set(struct directory *d, const struct account *account, struct error *e)
{
	ON_EXIT(changing_done) struct changing c = { .arena = { .max = 0 } };
	struct account after = *account;
	auto_turn *turn = NULL;
	enum change change = password_check(account, e);

	if (change != CHANGE_DONE)
		return change;
	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	change = changing_begin(d, account->address, &c, e);
	if (change != CHANGE_DONE)
		return change;
	after.id = c.account.id;
	after.created_s = c.account.created_s;
	/* Whoever read the account may have done so before its owner set them. */
	after.own_quota_bytes = c.account.own_quota_bytes;
	after.own_quota_messages = c.account.own_quota_messages;
	return changing_write(d, &c, &after, e);
}

enum change account_swap_password(struct directory *d, struct slice address, struct slice before,
	struct slice after, struct error *e)
{
	ON_EXIT(changing_done) struct changing c = { .arena = { .max = 0 } };
	struct account account;
	auto_turn *turn = NULL;
	enum change change;

	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	change = changing_begin(d, address, &c, e);
	if (change != CHANGE_DONE)
		return change;
	if (!slice_same(c.account.password, before))
		return change_says(CHANGE_CONFLICT, e, "account '%.*s': its password was changed",
			S_FMT(address));
	account = c.account;
	account.password = after;
	return changing_write(d, &c, &account, e);
}

static bool is_above(uint64_t own, uint64_t given)
{
	return given > 0 && own > given;
}

enum change account_set_own_quota(struct directory *d, struct slice address, uint64_t bytes,
	uint64_t messages, struct error *e)
{
	ON_EXIT(changing_done) struct changing c = { .arena = { .max = 0 } };
	struct account after;
	auto_turn *turn = NULL;
	enum change change;

	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	change = changing_begin(d, address, &c, e);
	if (change != CHANGE_DONE)
		return change;
	after = c.account;
	if (is_above(bytes, after.quota_bytes) || is_above(messages, after.quota_messages))
		return change_says(CHANGE_LIMIT, e,
			"account '%.*s': that is more than its administrator gave it",
			S_FMT(address));
	if (bytes == after.own_quota_bytes && messages == after.own_quota_messages)
		return CHANGE_DONE;
	after.own_quota_bytes = bytes;
	after.own_quota_messages = messages;
	return changing_write(d, &c, &after, e);
}

/* --- removing --- */

static bool remove_mail(struct directory *d, struct id account, struct error *e)
{
	struct key removing = key_of('x');
	auto_batch b;

	batch_begin(&b, 1, 0);
	if (!mailboxes_remove_all(d->mailboxes, account, e))
		return false;
	batch_commit(&b, &removing, STORE_ANY_VERSION, 0, 1);
	batch_remove(&b, id_slice(&account));
	return batch_write_again(&b, d->store, e);
}

static enum change remove_in_turn(
	struct directory *d, struct slice address, struct id *ret_account, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	auto_turn *turn = NULL;
	struct account account;
	struct entity_row row;
	uint64_t version;
	enum change change;

	if (!directory_turn_take(d, e))
		return CHANGE_FAILED;
	turn = d;
	change = account_find(d, address, &a, &row, &account, &version, e);
	if (change != CHANGE_DONE)
		return change;
	*ret_account = account.id;
	return entity_remove_row(d, &row, version, &account.id, e);
}

enum change account_remove(struct directory *d, struct slice address, struct error *e)
{
	struct error later = { .fault = FAULT_NONE };
	struct id account;
	enum change change = remove_in_turn(d, address, &account, e);

	if (change != CHANGE_DONE)
		return change;
	/* The account is gone; mail that could not be removed now is removed at the next start. */
	if (!remove_mail(d, account, &later))
		error_clear(&later);
	return CHANGE_DONE;
}

/* An account, or (with the account's id as its value) one mailbox's folder. */
static bool remove_row(struct directory *d, const struct store_row *row, struct error *e)
{
	struct id id, account;

	if (row->key.len != ID_BYTES)
		return fail(e, FAULT_NEVER, "remove mail that was left: a record is damaged");
	memcpy(id.bytes, row->key.at, ID_BYTES);
	if (row->value.len != ID_BYTES)
		return remove_mail(d, id, e);
	memcpy(account.bytes, row->value.at, ID_BYTES);
	return mailbox_remove_folder(d->mailboxes, account, id, e);
}

bool accounts_remove_go_on(struct directory *d, struct error *e)
{
	struct store_page page = { 0 };
	bool is_good = true, is_last = false;

	/* Each page's rows are gone when it is done, so every scan starts at the front. */
	while (is_good && !is_last) {
		struct store_scan scan = {
			.partition = S("x"), .expect = STORE_ANY_VERSION, .limit = LIMIT_SCAN_ROWS
		};

		is_good = store_scan(d->store, &scan, &page, e);
		for (size_t i = 0; is_good && i < page.row_count; i++) {
			is_good = remove_row(d, &page.rows[i], e);
		}
		is_last = page.is_last || page.row_count == 0;
	}
	store_page_done(&page);
	return is_good;
}

bool account_get(struct directory *d, struct slice address, struct arena *a, struct account *ret,
	bool *ret_found, struct error *e)
{
	struct entity entity;

	if (!directory_find(d, address, ENTITY_ACCOUNT, a, &entity, NULL, ret_found, e))
		return false;
	if (*ret_found)
		*ret = entity.account;
	return true;
}
