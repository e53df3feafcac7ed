/* SPDX-License-Identifier: MIT */
/* COPY and MOVE: bodies are shared, quotas looked at, many messages go in bounded commits. */
#include "imap_world.h"

#include <stdio.h>
#include <string.h>

struct room {
	struct account account;
	struct folder *from, *to;
};

static struct room begin(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct room r;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	r.account = world_account_get(w, "alice@a.example");
	check(mailbox_create(&w->mail, r.account.id, S("to"), 0, NULL, &e) == MAILBOX_OK);
	r.from = world_mailbox(w, "alice@a.example", "INBOX");
	r.to = world_mailbox(w, "alice@a.example", "to");
	return r;
}

static void end(struct room *r)
{
	folder_close(r->from);
	folder_close(r->to);
}

static enum append_answer run(struct world *w, struct folder *from, struct folder *to,
	const struct target *target, bool is_move, const struct uids *uids, struct transferred *ret)
{
	struct transfer t = {
		.mail = &w->mail, .from = from, .to = to, .target = target, .is_move = is_move
	};
	struct error e = { .fault = FAULT_NONE };
	enum append_answer answer = transfer_run(&t, uids, ret, &e);

	if (answer == APPEND_FAILED)
		print_error("%s\n", e.text);
	return answer;
}

static uint64_t count_of(struct folder *f)
{
	struct folder_state state;

	folder_state_get(f, &state);
	return state.count;
}

/* Whatever order the holders of a body go in, it stays for the last. */
static void test_shared(struct world *w)
{
	struct room r = begin(w);
	struct transferred done = { 0 };
	auto_buf out = { .max = 1 << 16 }, chunk = { .max = LIMIT_BLOB_CHUNK_BYTES };
	auto_uids one = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct entry before, copy;
	bool is_found;

	check(world_deliver(w, "alice@a.example", S("Subject: x\r\n\r\nbody\r\n")) == INTAKE_OK);
	check(world_flag(r.from, 1, FLAGS_ADD, ENTRY_FLAGGED, 0).outcome == FLAGS_CHANGED);
	before = world_entry(r.from, 1);
	check(uids_append(&one, 1, 1));
	check(run(w, r.from, r.to, NULL, false, &one, &done) == APPEND_OK);
	check(uids_at(&done.from, 1) == 1 && uids_at(&done.to, 1) == 1 && done.uid_validity > 0);
	copy = world_entry(r.to, 1);
	check(id_same(copy.blob, before.blob) && id_same(copy.message, before.message));
	check(copy.is_shared && world_entry(r.from, 1).is_shared);
	check(copy.flags == before.flags && copy.received_ns == before.received_ns);
	check(world_entry(r.from, 1).modseq == before.modseq);
	/* Again, and within the folder itself. */
	transferred_done(&done);
	check(run(w, r.from, r.to, NULL, false, &one, &done) == APPEND_OK);
	transferred_done(&done);
	check(run(w, r.to, r.to, NULL, false, &one, &done) == APPEND_OK);
	check(uids_at(&done.to, 1) == 3 && count_of(r.to) == 3);
	check(folder_remove(r.from, (const uint32_t[]){ 1 }, 1, &e));
	check(folder_remove(r.to, (const uint32_t[]){ 1, 3 }, 2, &e));
	world_read(w, r.to, 2, &out);
	check(slice_starts(buf_slice(&out), S("Return-Path")) && out.len == copy.bytes);
	check(store_chunk_read(w->mail.store, copy.blob, 0, &chunk, &is_found, &e) && is_found);
	check(folder_remove(r.to, (const uint32_t[]){ 2 }, 1, &e));
	buf_clear(&chunk);
	check(store_chunk_read(w->mail.store, copy.blob, 0, &chunk, &is_found, &e) && !is_found);
	transferred_done(&done);
	end(&r);
}

/* More than one commit, with gaps, over keywords of other bits. */
static void test_many(struct world *w)
{
	enum { MANY = 2 * TRANSFER_STEP + 100 };
	struct room r = begin(w);
	struct error e = { .fault = FAULT_NONE };
	struct transferred done = { 0 };
	struct slice names[] = { S("a"), S("b") };
	struct folder_state state;
	auto_uids uids = { 0 };
	uint64_t bits, other;

	check(folder_keywords_bits(r.from, names, 2, true, &bits, NULL, &e) && bits == 3);
	check(folder_keywords_bits(r.to, names + 1, 1, true, &other, NULL, &e) && other == 1);
	for (unsigned i = 0; i < MANY;) {
		struct append *a = append_begin(&w->mail, r.from, NULL, &e);
		struct append_message message = { .keywords = 2 };
		struct appended appended;

		check(a != NULL);
		for (unsigned k = 0; k < 500 && i < MANY; k++, i++) {
			check(body_add(append_body(a), S("x\r\n"), &e));
			check(append_add(a, &message, NULL, &e));
		}
		check(append_commit(a, &appended, &e) == APPEND_OK);
	}
	for (uint32_t uid = 1; uid <= MANY; uid += uid % 7 == 0 ? 3 : 1)
		check(uids_append(&uids, uid, uid));
	check(uids_append(&uids, MANY + 5, MANY + 9));
	check(run(w, r.from, r.to, NULL, false, &uids, &done) == APPEND_OK);
	check(uids_size(&done.from) == uids_size(&uids) - 5);
	check(count_of(r.to) == uids_size(&done.to) && count_of(r.from) == MANY);
	check(world_entry(r.to, 1).keywords == other);
	transferred_done(&done);
	check(run(w, r.from, r.to, NULL, true, &uids, &done) == APPEND_OK);
	check(count_of(r.to) == 2 * (uint64_t)(uids_size(&uids) - 5));
	check(count_of(r.from) == MANY - (uint64_t)(uids_size(&uids) - 5));
	folder_state_get(r.from, &state);
	check(state.modseq == done.modseq);
	transferred_done(&done);
	end(&r);
}

/* Copies count, moves do not; a copy that does not fit leaves nothing behind. */
static void test_quota(struct world *w)
{
	enum { MANY = TRANSFER_STEP + 50 };
	struct room r = begin(w);
	struct target target = { .is_local = true,
		.address = S("alice@a.example"),
		.account = r.account.id,
		.quota_messages = 2 * TRANSFER_STEP };
	struct transferred done = { 0 };
	struct quota_usage usage;
	struct error e = { .fault = FAULT_NONE };
	auto_uids uids = { 0 };

	for (unsigned i = 0; i < MANY;) {
		struct append *a = append_begin(&w->mail, r.from, NULL, &e);
		struct append_message message = { .flags = 0 };
		struct appended appended;

		check(a != NULL);
		for (unsigned k = 0; k < 500 && i < MANY; k++, i++) {
			check(body_add(append_body(a), S("abc"), &e));
			check(append_add(a, &message, NULL, &e));
		}
		check(append_commit(a, &appended, &e) == APPEND_OK);
	}
	check(uids_append(&uids, 1, MANY));
	/* First nothing of it fits; then the first step does, and is taken back. */
	check(run(w, r.from, r.to, &target, false, &uids, &done) == APPEND_OVER_QUOTA);
	check(count_of(r.to) == 0 && uids_size(&done.from) == 0);
	transferred_done(&done);
	target.quota_messages = 2 * MANY - 20;
	check(run(w, r.from, r.to, &target, false, &uids, &done) == APPEND_OVER_QUOTA);
	check(count_of(r.to) == 0);
	check(quota_account(&w->mail, r.account.id, &usage, &e) && usage.messages == MANY);
	transferred_done(&done);
	target.quota_messages = MANY;
	check(run(w, r.from, r.to, &target, true, &uids, &done) == APPEND_OK);
	check(count_of(r.to) == MANY && count_of(r.from) == 0);
	check(quota_account(&w->mail, r.account.id, &usage, &e));
	check(usage.messages == MANY && usage.bytes == 3 * MANY);
	transferred_done(&done);
	end(&r);
}

/* Into a mailbox of somebody else, whose quota counts. */
static void test_other_account(struct world *w)
{
	struct room r = begin(w);
	struct account bob;
	struct folder *inbox;
	struct target target = { .is_local = true, .quota_messages = 1 };
	struct transferred done = { 0 };
	struct quota_usage usage;
	struct error e = { .fault = FAULT_NONE };
	auto_uids uids = { 0 };

	world_account(w, "bob@a.example");
	bob = world_account_get(w, "bob@a.example");
	inbox = world_mailbox(w, "bob@a.example", "INBOX");
	target.account = bob.id;
	(void)world_append(w, r.from, 0, 0, S("one"));
	(void)world_append(w, r.from, 0, 0, S("two"));
	check(quota_account(&w->mail, r.account.id, &usage, &e) && usage.messages == 2);
	check(uids_append(&uids, 1, 2));
	check(run(w, r.from, inbox, &target, true, &uids, &done) == APPEND_OVER_QUOTA);
	check(count_of(r.from) == 2);
	target.quota_messages = 2;
	transferred_done(&done);
	check(run(w, r.from, inbox, &target, true, &uids, &done) == APPEND_OK);
	check(quota_account(&w->mail, r.account.id, &usage, &e) && usage.messages == 0);
	check(quota_account(&w->mail, bob.id, &usage, &e));
	check(usage.messages == 2 && usage.bytes == 6);
	transferred_done(&done);
	folder_close(inbox);
	end(&r);
}

/* Into one that was deleted meanwhile. */
static void test_gone(struct world *w)
{
	struct room r = begin(w);
	struct transferred done = { 0 };
	struct error e = { .fault = FAULT_NONE };
	auto_uids uids = { 0 };

	(void)world_append(w, r.from, 0, 0, S("one"));
	check(uids_append(&uids, 1, 1));
	check(mailbox_delete(&w->mail, r.account.id, S("to"), &e) == MAILBOX_OK);
	check(run(w, r.from, r.to, NULL, false, &uids, &done) == APPEND_GONE);
	check(run(w, r.from, r.to, NULL, true, &uids, &done) == APPEND_GONE);
	check(count_of(r.from) == 1);
	transferred_done(&done);
	end(&r);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "shared bodies", test_shared, false },
		{ "many", test_many, false },
		{ "quota", test_quota, false },
		{ "another account", test_other_account, false },
		{ "target gone", test_gone, false },
	};

	return world_run("transfer", tests, COUNT(tests));
}
