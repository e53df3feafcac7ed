/* SPDX-License-Identifier: MIT */
#include "mail/directory_parts.h"
#include "mail/password_wrap.h"

/* The address leaves the list when its account is gone, or was given another password meanwhile. */
static bool quick_forget(struct mail *m, uint32_t bucket, struct slice address, struct error *e)
{
	struct key partition = key_of_number('q', bucket, 1);
	auto_batch b;

	batch_begin(&b, 1, 0);
	b.txn.may_be_lazy = true;
	batch_commit(&b, &partition, STORE_ANY_VERSION, 0, 1);
	batch_remove(&b, address);
	return batch_write_again(&b, m->store, e);
}

static bool strengthen_one(struct mail *m, uint32_t bucket, struct slice address, struct error *e)
{
	auto_arena a = { .max = LIMIT_ARENA_BYTES };
	char room[LIMIT_PASSWORD_HASH_BYTES];
	struct buf wrapped = BUF_OVER(room);
	struct account account;
	bool is_found;

	if (!account_get(m->directory, address, &a, &account, &is_found, e))
		return false;
	if (!is_found || !account_is_quick(&account))
		return quick_forget(m, bucket, address, e);
	if (!password_wrap(m->password, account.password, &wrapped, e))
		return false;
	switch (account_swap_password(
		m->directory, address, account.password, buf_slice(&wrapped), e)) {
	case CHANGE_FAILED:
		return false;
	case CHANGE_CONFLICT:
	case CHANGE_MISSING:
	case CHANGE_DONE:
	case CHANGE_EXISTS:
	case CHANGE_IN_USE:
	case CHANGE_LIMIT:
	case CHANGE_BAD:
		break;
	}
	/* It changed under our hands: the next round looks again. */
	error_clear(e);
	return true;
}

static bool strengthen_bucket(
	struct mail *m, uint32_t bucket, size_t *count, bool *ret_left, struct error *e)
{
	struct key partition = key_of_number('q', bucket, 1);
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = *count < LIMIT_SCAN_ROWS ? *count + 1 : LIMIT_SCAN_ROWS };
	struct store_page page = { 0 };
	bool is_good = store_scan(m->store, &scan, &page, e);
	size_t done = 0;

	while (is_good && done<page.row_count && * count> 0) {
		is_good = strengthen_one(m, bucket, page.rows[done++].key, e);
		(*count)--;
	}
	*ret_left = *ret_left || (is_good && (done < page.row_count || !page.is_last));
	store_page_done(&page);
	return is_good;
}

bool password_strengthen(struct mail *m, size_t count, bool *ret_left, struct error *e)
{
	*ret_left = false;
	for (uint32_t bucket = 0; bucket < KEYS_QUICK_BUCKETS; bucket++) {
		if (!strengthen_bucket(m, bucket, &count, ret_left, e))
			return false;
		if (*ret_left)
			break;
	}
	return true;
}
