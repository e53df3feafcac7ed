/* SPDX-License-Identifier: MIT */
/* Accepting, reading and removing mail. */
#include "world.h"

#include "mail/folder_head.h"

#include <stdio.h>
#include <string.h>

static void test_two_namesakes(struct world *w)
{
	struct folder *a, *b;
	struct folder_state state;
	uint32_t uids[10];
	auto_buf out = { .max = 1 << 20 };

	world_domain(w, "a.example");
	world_domain(w, "b.example");
	world_account(w, "alice@a.example");
	world_account(w, "alice@b.example");
	check(world_deliver(w, "Alice@A.example", S("Subject: one\r\n\r\nfor a\r\n")) == INTAKE_OK);
	a = world_folder(w, "alice@a.example");
	b = world_folder(w, "alice@b.example");
	check(world_uids(a, uids, COUNT(uids)) == 1 && uids[0] == 1);
	check(world_uids(b, uids, COUNT(uids)) == 0);
	world_read(w, a, 1, &out);
	check(slice_same(buf_slice(&out),
		S("Return-Path: <sender@far.example>\r\nDelivered-To: alice@a.example\r\n"
		  "Subject: one\r\n\r\nfor a\r\n")));
	folder_state_get(a, &state);
	check(state.count == 1 && state.uid_next == 2 && state.bytes == out.len);
	folder_state_get(b, &state);
	check(state.count == 0 && state.uid_next == 1);
	folder_close(a);
	folder_close(b);
}

/* Bodies around the borders of a chunk. */
static void test_body_sizes(struct world *w)
{
	static const size_t sizes[] = { 0, 1, LIMIT_BLOB_CHUNK_BYTES - 1, LIMIT_BLOB_CHUNK_BYTES,
		LIMIT_BLOB_CHUNK_BYTES + 1, 3 * LIMIT_BLOB_CHUNK_BYTES,
		3 * LIMIT_BLOB_CHUNK_BYTES + 7 };
	static char bytes[4 * LIMIT_BLOB_CHUNK_BYTES];
	struct slice prefix =
		S("Return-Path: <sender@far.example>\r\nDelivered-To: alice@a.example\r\n");
	auto_buf out = { .max = 1 << 20 };
	struct folder *f;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)('a' + i * 7 % 26);
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	f = world_folder(w, "alice@a.example");
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct slice body = { bytes, sizes[i] };

		check_row(world_deliver(w, "alice@a.example", body) == INTAKE_OK, i);
		world_read(w, f, (uint32_t)i + 1, &out);
		check_row(slice_starts(buf_slice(&out), prefix), i);
		check_row(slice_same(slice_skip(buf_slice(&out), prefix.len), body), i);
	}
	folder_close(f);
}

/* Six at once share a blob; it lives as long as one of them. */
/* Read ahead, as many as fit: each message is what it is when it is read alone. */
static void test_bodies_ahead(struct world *w)
{
	enum { MAILS = 70 };
	static char text[3 * LIMIT_BLOB_CHUNK_BYTES];
	auto_buf alone = { .max = sizeof text + 1024 }, lent = { .max = sizeof text + 1024 };
	struct bodies_ahead ahead = { 0 };
	struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct folder *f;
	size_t until = 0;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	for (size_t i = 0; i < MAILS; i++) {
		size_t bytes = 2 + i * i * 37 % (sizeof text - 2);

		(void)memset(text, 'a' + (int)(i % 26), sizeof text);
		memcpy(text + bytes - 2, "\r\n", 2);
		check_row(world_deliver(w, "alice@a.example", (struct slice){ text, bytes }) ==
				  INTAKE_OK,
			i);
	}
	f = world_folder(w, "alice@a.example");
	check(folder_list(f, 0, 1000, &page, &e) && page.count == MAILS);
	for (size_t i = 0; i < page.count; i++) {
		ON_EXIT(body_close) struct body_reader reader;
		struct slice piece;

		if (i == until)
			until += bodies_ahead(&ahead, w->mail.store, &page.at[i], page.count - i);
		check_row(until > i && until <= page.count, i);
		body_open(&reader, w->mail.store, &page.at[i]);
		bodies_ahead_lend(&ahead, &reader);
		buf_clear(&lent);
		do {
			check_row(body_next(&reader, &piece, &e) && buf_add(&lent, piece), i);
		} while (piece.len > 0);
		world_read(w, f, page.at[i].uid, &alone);
		check_row(slice_same(buf_slice(&alone), buf_slice(&lent)), i);
	}
	bodies_ahead_done(&ahead);
	entry_page_done(&page);
	folder_close(f);
}

static void test_shared_blob(struct world *w)
{
	static const char *const names[] = { "a1@a.example", "a2@a.example", "a3@a.example",
		"far@else.example" };
	enum intake_answer answers[COUNT(names)];
	auto_buf out = { .max = 1 << 20 };
	auto_buf chunk = { .max = LIMIT_BLOB_CHUNK_BYTES };
	struct error e = { .fault = FAULT_NONE };
	struct entry_page page = { 0 };
	struct spool_item item;
	struct folder *f;
	struct id blob;
	uint64_t next_s;
	bool is_found;

	world_domain(w, "a.example");
	for (size_t i = 0; i < 3; i++)
		world_account(w, names[i]);
	world_deliver_many(w, names, COUNT(names), S("Subject: x\r\n\r\nbody\r\n"), answers);
	for (size_t i = 0; i < COUNT(names); i++)
		check_row(answers[i] == INTAKE_OK, i);
	for (uint32_t i = 0; i < 3; i++) {
		f = world_folder(w, names[i]);
		check_row(folder_find(f, 1, &page, &is_found, &e) && is_found, i);
		check_row(page.at[0].is_shared, i);
		blob = page.at[0].blob;
		world_read(w, f, 1, &out);
		check_row(folder_remove(f, (const uint32_t[]){ 1 }, 1, &e), i);
		check_row(folder_find(f, 1, &page, &is_found, &e) && !is_found, i);
		folder_close(f);
		check(store_chunk_read(w->mail.store, blob, 0, &chunk, &is_found, &e) && is_found);
		buf_clear(&chunk);
	}
	entry_page_done(&page);
	check(spool_take(w->mail.spool, &w->arena, &item, &is_found, &next_s, &e) && is_found);
	check(item.rcpt_count == 1 && slice_same(item.rcpts[0].address, S("far@else.example")));
	check(id_same(item.entry.blob, blob) && item.entry.bytes == 20);
	item.rcpts[0].fate = SPOOL_RELAYED;
	check(spool_put_back(w->mail.spool, &item, &e));
	check(store_chunk_read(w->mail.store, blob, 0, &chunk, &is_found, &e) && !is_found);
}

/* Gives the next mail this UID, as if there had been as many before. */
static void skip_uids(struct world *w, const char *address, uint32_t uid_next)
{
	struct account account = world_account_get(w, address);
	struct folder_head head = { .uid_validity = 1, .uid_next = uid_next, .uid_low = 1 };
	struct key partition = key_of_id('f', account.id);
	struct error e = { .fault = FAULT_NONE };
	char room[64];
	struct buf value = BUF_OVER(room);
	auto_batch b;

	check(head_encode(&head, &value));
	batch_begin(&b, 1, 0);
	batch_commit(&b, &partition, STORE_ANY_VERSION, 1, 0);
	batch_set(&b, S("h"), buf_slice(&value));
	check(batch_write_again(&b, w->mail.store, &e));
}

/* Entries stand in segments of FOLDER_SEGMENT_UIDS; lists and removals go over their borders. */
static void test_segments(struct world *w)
{
	static const uint32_t inner[] = { FOLDER_SEGMENT_UIDS - 1, FOLDER_SEGMENT_UIDS,
		FOLDER_SEGMENT_UIDS + 1, FOLDER_SEGMENT_UIDS + 2 };
	struct error e = { .fault = FAULT_NONE };
	struct folder *f;
	uint32_t uids[8];

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	skip_uids(w, "alice@a.example", FOLDER_SEGMENT_UIDS - 1);
	for (size_t i = 0; i < COUNT(inner); i++)
		check_row(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK, i);
	f = world_folder(w, "alice@a.example");
	check(world_uids(f, uids, COUNT(uids)) == COUNT(inner));
	check(memcmp(uids, inner, sizeof inner) == 0);
	check(folder_remove(f, inner + 1, 2, &e));
	check(world_uids(f, uids, COUNT(uids)) == 2 && uids[0] == inner[0] && uids[1] == inner[3]);
	check(folder_remove(f, uids, 2, &e));
	check(world_uids(f, uids, COUNT(uids)) == 0);
	folder_close(f);
}

/* RFC 3501 2.3.1.1: UIDs are 32 bits; when they are used up a mailbox takes no more. */
static void test_last_uid(struct world *w)
{
	struct folder_state state;
	struct folder *f;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	skip_uids(w, "alice@a.example", UINT32_MAX - 1);
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_FAILED);
	f = world_folder(w, "alice@a.example");
	folder_state_get(f, &state);
	check(state.count == 1 && state.uid_next == UINT32_MAX);
	folder_close(f);
}

/* Twice the commit's keys in one mail: a transaction has many commits. */
static void test_thousand_recipients(struct world *w)
{
	enum { MANY = 1100, REMOTE = 200 }; /* more than FOLDERS_IDLE_MAX */
	static char names[MANY + REMOTE][32];
	static const char *to[MANY + REMOTE];
	static enum intake_answer answers[MANY + REMOTE];
	static struct account accounts[MANY];
	struct error e = { .fault = FAULT_NONE };
	struct spool_stats stats;
	size_t done;

	world_domain(w, "a.example");
	for (size_t i = 0; i < MANY + REMOTE; i++) {
		(void)snprintf(names[i], sizeof names[i], "user%zu@%s", i,
			i < MANY ? "a.example" : "far.example");
		to[i] = names[i];
		if (i < MANY)
			accounts[i] = (struct account){ .address = slice_of(names[i]) };
	}
	check(account_add_many(w->mail.directory, accounts, MANY, &done, &e) == CHANGE_DONE);
	check(done == MANY);
	world_deliver_many(w, to, COUNT(to), S("Subject: all\r\n\r\n"), answers);
	for (size_t i = 0; i < COUNT(to); i++)
		check_row(answers[i] == INTAKE_OK, i);
	for (size_t i = 0; i < MANY; i += 37) {
		struct folder *f = world_folder(w, names[i]);
		uint32_t uids[2];

		check_row(world_uids(f, uids, COUNT(uids)) == 1, i);
		folder_close(f);
	}
	spool_stats_get(w->mail.spool, &stats);
	check(stats.waiting == REMOTE / 50);
}

static void test_same_mailbox_twice(struct world *w)
{
	static const char *const to[] = { "alice@a.example", "alice+x@a.example", "all@a.example" };
	enum intake_answer answers[COUNT(to)];
	struct folder *f;
	uint32_t uids[4];

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	world_alias(w, "all@a.example", to, 1);
	world_deliver_many(w, to, COUNT(to), S("x\r\n"), answers);
	for (size_t i = 0; i < COUNT(to); i++)
		check_row(answers[i] == INTAKE_OK, i);
	f = world_folder(w, "alice@a.example");
	check(world_uids(f, uids, COUNT(uids)) == 1);
	folder_close(f);
}

static void test_remove_some(struct world *w)
{
	enum { COUNT_ALL = 50 };
	static const struct {
		uint32_t uids[4];
		size_t count, left;
	} rows[] = {
		{ { 1 }, 1, 49 },
		{ { 1, 2, 50 }, 3, 47 },
		{ { 3, 4, 5, 30 }, 4, 43 },
		{ { 50, 51, 1000 }, 3, 43 },
		{ { 0 }, 0, 43 },
	};
	struct error e = { .fault = FAULT_NONE };
	struct folder_state state;
	struct folder *f;
	uint32_t uids[COUNT_ALL];

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	for (size_t i = 0; i < COUNT_ALL; i++)
		check_row(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK, i);
	f = world_folder(w, "alice@a.example");
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(folder_remove(f, rows[i].uids, rows[i].count, &e), i);
		check_row(world_uids(f, uids, COUNT(uids)) == rows[i].left, i);
		folder_state_get(f, &state);
		check_row(state.count == rows[i].left && state.uid_next == COUNT_ALL + 1, i);
	}
	size_t left = world_uids(f, uids, COUNT(uids));
	check(folder_remove(f, uids, left, &e));
	folder_state_get(f, &state);
	check(state.count == 0 && state.bytes == 0);
	/* UIDs go on growing in an empty folder. */
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
	check(world_uids(f, uids, COUNT(uids)) == 1 && uids[0] == COUNT_ALL + 1);
	folder_close(f);
}

static void test_reopen(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder_state before, after;
	auto_buf out = { .max = 1 << 20 };
	struct folder *f;
	uint32_t uids[8];

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	for (uint32_t round = 0; round < 3; round++) {
		f = world_folder(w, "alice@a.example");
		check_row(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK, round);
		check_row(world_uids(f, uids, COUNT(uids)) == 1 && uids[0] == round + 1, round);
		folder_state_get(f, &before);
		folder_close(f);
		world_reopen(w);
		f = world_folder(w, "alice@a.example");
		folder_state_get(f, &after);
		check_row(memcmp(&before, &after, sizeof before) == 0, round);
		world_read(w, f, round + 1, &out);
		/* The last removal leaves nothing, but the next UID is never given again. */
		check_row(folder_remove(f, uids, 1, &e), round);
		folder_close(f);
		world_reopen(w);
	}
}

static void test_maildrop_lock(struct world *w)
{
	struct folder *f, *g;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	f = world_folder(w, "alice@a.example");
	g = world_folder(w, "alice@a.example");
	check(f == g);
	check(folder_lock_maildrop(f) && !folder_lock_maildrop(g));
	folder_unlock_maildrop(f);
	check(folder_lock_maildrop(g));
	folder_unlock_maildrop(g);
	folder_close(f);
	folder_close(g);
}

static void test_account_removed(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	enum resolve resolve;
	struct targets targets;
	struct folder *f;
	uint32_t uids[4];

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	for (size_t i = 0; i < 3; i++)
		check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
	f = world_folder(w, "alice@a.example");
	check(account_remove(w->mail.directory, S("alice@a.example"), &e) == CHANGE_DONE);
	check(world_uids(f, uids, COUNT(uids)) == 0);
	folder_close(f);
	check(directory_resolve(
		w->mail.directory, S("alice@a.example"), &w->arena, &resolve, &targets, &e));
	check(resolve == RESOLVE_UNKNOWN);
	/* A namesake that comes later starts with an empty mailbox. */
	world_account(w, "alice@a.example");
	f = world_folder(w, "alice@a.example");
	check(world_uids(f, uids, COUNT(uids)) == 0);
	folder_close(f);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "two namesakes", test_two_namesakes, false },
		{ "body sizes", test_body_sizes, false },
		{ "bodies ahead", test_bodies_ahead, false },
		{ "shared blob", test_shared_blob, false },
		{ "a thousand recipients", test_thousand_recipients, false },
		{ "segments", test_segments, false },
		{ "last uid", test_last_uid, false },
		{ "same mailbox twice", test_same_mailbox_twice, false },
		{ "remove some", test_remove_some, false },
		{ "reopen", test_reopen, true },
		{ "maildrop lock", test_maildrop_lock, false },
		{ "account removed", test_account_removed, false },
	};

	return world_run("delivery", tests, COUNT(tests));
}
