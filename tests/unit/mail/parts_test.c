/* SPDX-License-Identifier: MIT */
/* The parts of mail that stand alone: what is stored, the table and the spool's index. */
#include "check.h"

#include "mail/check_parts.h"
#include "mail/directory_parts.h"
#include "mail/spool_index.h"
#include "mail/spool_item.h"

#include <string.h>

enum { ROOM = 4096 };

/* What was written is read again; every shorter one, and one with more behind it, is refused. */
static void check_cuts(struct slice whole, bool (*decode)(struct slice value))
{
	char room[ROOM + 1];

	check(decode(whole));
	for (size_t len = 0; len < whole.len; len++)
		check_row(!decode(slice_first(whole, len)), len);
	memcpy(room, whole.at, whole.len);
	room[whole.len] = 1;
	check(!decode((struct slice){ room, whole.len + 1 }));
}

static const struct folder_head head_written = { .uid_validity = 1800000000,
	.uid_next = UINT32_MAX,
	.uid_low = 300,
	.is_gone = true,
	.count = 5,
	.bytes = UINT64_MAX,
	.modseq = 1 };

static bool decode_head(struct slice value)
{
	struct folder_head head;

	return head_decode(value, &head) && memcmp(&head, &head_written, sizeof head) == 0;
}

static bool decode_entry(struct slice value)
{
	struct entry entry;

	return entry_decode((struct slice){ "\0\0\1\2", 4 }, value, &entry) && entry.uid == 258 &&
	       entry.is_shared && entry.flags == ENTRY_FLAGGED && entry.bytes == 10240 &&
	       slice_same(entry.prefix, S("Return-Path: <>\r\n")) && entry.body.len == 0;
}

static bool decode_domain(struct slice value)
{
	struct domain_row row;

	return domain_decode(S("a.example"), value, &row) && row.domain.is_disabled &&
	       row.domain.account_max == 7 && slice_same(row.domain.catch_all, S("x@a.example"));
}

static bool decode_alias(struct slice value)
{
	auto_arena a = { .max = 1 << 16 };
	struct entity entity;

	return entity_decode(S("team@a.example"), value, &a, &entity) &&
	       entity.kind == ENTITY_ALIAS && entity.alias.target_count == 2 &&
	       slice_same(entity.alias.targets[1], S("b@a.example"));
}

static bool decode_account(struct slice value)
{
	auto_arena a = { .max = 1 << 16 };
	struct entity entity;

	return entity_decode(S("bob@a.example"), value, &a, &entity) &&
	       entity.kind == ENTITY_ACCOUNT && entity.account.quota_bytes == 1000 &&
	       slice_same(entity.account.password, S("$mv1$x$y"));
}

/* With the limits that its owner set, which records of before know nothing of. */
static bool decode_limited(struct slice value)
{
	auto_arena a = { .max = 1 << 16 };
	struct entity entity;

	return entity_decode(S("bob@a.example"), value, &a, &entity) &&
	       entity.kind == ENTITY_ACCOUNT && entity.account.created_s == 300 &&
	       entity.account.own_quota_bytes == 600 && entity.account.own_quota_messages == 7;
}

/* Byte by byte as they were written before: version, account, not disabled, id, password, limits, date. */
static void test_older_account(void **state)
{
	static const char value[] = "\1\1\0"
				    "0123456789abcdef"
				    "\2pw\5\6\7";
	auto_arena a = { .max = 1 << 16 };
	struct slice whole = { value, sizeof value - 1 };
	struct account again = { .password = S("pw"), .quota_bytes = 5, .quota_messages = 6 };
	char room[ROOM];
	struct buf b = BUF_OVER(room);
	struct entity entity;

	(void)state;
	_Static_assert(ID_BYTES == 16, "the row above");
	check(entity_decode(S("bob@a.example"), whole, &a, &entity));
	check(entity.account.quota_bytes == 5 && entity.account.quota_messages == 6);
	check(entity.account.created_s == 7 && entity.account.own_quota_bytes == 0);
	check(entity.account.own_quota_messages == 0);
	/* Without such limits they are still written so. */
	again.id = entity.account.id;
	again.created_s = 7;
	check(account_encode(&again, &b) && slice_same(buf_slice(&b), whole));
}

static bool decode_item(struct slice value)
{
	auto_arena a = { .max = 1 << 16 };
	struct spool_item item;

	return spool_item_decode((struct id){ { 1 } }, value, &a, &item) && item.rcpt_count == 2 &&
	       item.is_held && item.rcpts[1].fate == SPOOL_BOUNCED &&
	       slice_same(item.rcpts[1].last_reply, S("550 no"));
}

static void test_records(void **state)
{
	char room[ROOM];
	struct buf b = BUF_OVER(room);
	struct entry entry = { .flags = ENTRY_FLAGGED,
		.bytes = 10240,
		.is_shared = true,
		.prefix = S("Return-Path: <>\r\n") };
	struct domain_row row = {
		.domain = { .is_disabled = true, .account_max = 7, .catch_all = S("x@a.example") }
	};
	struct slice targets[] = { S("a@a.example"), S("b@a.example") };
	struct alias alias = { .targets = targets, .target_count = 2 };
	struct account account = { .quota_bytes = 1000, .password = S("$mv1$x$y") };
	struct spool_rcpt rcpts[] = {
		{ .address = S("x@far.example") },
		{ .address = S("y@far.example"), .fate = SPOOL_BOUNCED, .last_reply = S("550 no") }
	};
	struct spool_item item = {
		.entry = entry, .is_held = true, .rcpts = rcpts, .rcpt_count = 2
	};

	(void)state;
	check(head_encode(&head_written, &b));
	check_cuts(buf_slice(&b), decode_head);
	buf_clear(&b);
	check(entry_encode(&entry, &b));
	check_cuts(buf_slice(&b), decode_entry);
	buf_clear(&b);
	check(domain_encode(&row, &b));
	check_cuts(buf_slice(&b), decode_domain);
	buf_clear(&b);
	check(alias_encode(&alias, &b));
	check_cuts(buf_slice(&b), decode_alias);
	buf_clear(&b);
	check(account_encode(&account, &b));
	check_cuts(buf_slice(&b), decode_account);
	buf_clear(&b);
	account.created_s = 300;
	account.own_quota_bytes = 600;
	account.own_quota_messages = 7;
	check(account_encode(&account, &b));
	check_cuts(buf_slice(&b), decode_limited);
	buf_clear(&b);
	check(spool_item_encode(&item, &b));
	check_cuts(buf_slice(&b), decode_item);
}

/* The longest removal list fits into its chunks whatever the UIDs are. */
static void test_removal(void **state)
{
	static uint32_t uids[FOLDER_REMOVE_MAX];
	uint32_t *found = NULL;
	size_t count = 0, total = 0;

	(void)state;
	for (uint32_t i = 0; i < COUNT(uids); i++)
		uids[i] = (i + 1) * 42949u;
	for (size_t at = 0; at < COUNT(uids); at += REMOVAL_CHUNK_UIDS) {
		auto_buf b = { .max = LIMIT_VALUE_BYTES };

		check(removal_encode(uids + at, REMOVAL_CHUNK_UIDS, &b));
		check(removal_decode(buf_slice(&b), &found, &count));
		total += b.len;
	}
	check(count == COUNT(uids) && memcmp(found, uids, sizeof uids) == 0);
	check(total < LIMIT_COMMIT_BYTES - LIMIT_VALUE_BYTES);
	free(found);
}

struct item {
	struct table_node node;
	unsigned number;
};

static void test_table(void **state)
{
	enum { ITEMS = 2000 };
	static struct item items[ITEMS];
	struct table t;

	(void)state;
	check(table_init(&t));
	for (unsigned i = 0; i < ITEMS; i++) {
		items[i].number = i;
		/* Three share each hash. */
		table_add(&t, &items[i].node, i / 3);
	}
	check(t.count == ITEMS && t.head_count >= ITEMS / 2);
	for (unsigned i = 0; i < ITEMS; i += 2)
		table_remove(&t, &items[i].node);
	for (unsigned i = 0; i < ITEMS; i++) {
		struct table_node *node = table_first(&t, i / 3);

		while (node != NULL && TABLE_ITEM(struct item, node)->number != i)
			node = table_next(node);
		check_row((node != NULL) == (i % 2 == 1), i);
	}
	while (table_take_any(&t) != NULL)
		;
	check(t.count == 0);
	table_done(&t);
}

/* Whatever the order in which items come and go, what is due first is taken first. */
static void test_index(void **state)
{
	enum { ITEMS = 500 };
	struct spool_index x;
	struct id ids[ITEMS], listed[10], after = { { 0 } };
	uint64_t before = 0, next_s;
	unsigned dice = 1;

	(void)state;
	check(spool_index_init(&x));
	for (unsigned i = 0; i < ITEMS; i++) {
		ids[i] = (struct id){ { (uint8_t)(i >> 8), (uint8_t)i, 1 } };
		dice = dice * 1103515245u + 12345u;
		check(spool_index_add(&x, ids[i], dice >> 16 & 1023, i % 10 == 0));
	}
	for (unsigned i = 0; i < ITEMS; i += 7)
		spool_index_remove(&x, ids[i]);
	for (unsigned i = 1; i < ITEMS; i += 5)
		spool_index_put_back(&x, ids[i], i * 37 % 1024, false);
	check(spool_index_list(&x, after, listed, COUNT(listed)) == COUNT(listed));
	for (size_t i = 1; i < COUNT(listed); i++)
		check_row(memcmp(&listed[i - 1], &listed[i], sizeof *listed) < 0, i);
	while (spool_index_next_s(&x) != UINT64_MAX) {
		struct id id;

		next_s = spool_index_next_s(&x);
		check(next_s == 0 || !spool_index_take(&x, next_s - 1, &id, &next_s));
		check(spool_index_take(&x, 1024, &id, &next_s));
		check(next_s >= before);
		before = next_s;
		spool_index_remove(&x, id);
	}
	check(x.taken == 0 && x.held == spool_index_count(&x));
	spool_index_done(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_older_account),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_index),
	};

	return cmocka_run_group_tests_name("mail parts", tests, NULL, NULL);
}
