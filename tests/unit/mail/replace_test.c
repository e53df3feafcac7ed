/* SPDX-License-Identifier: MIT */
/* REPLACE: one message comes and one goes, in one commit; counts, quotas, shared bodies and views stay right. */
#include "imap_world.h"

#include "mail/check.h"

#include <stdio.h>

struct room {
	struct account account;
	struct folder *drafts, *sent;
	struct target target;
};

static struct room begin(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct room r = { .target = { .is_local = true } };

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	r.account = world_account_get(w, "alice@a.example");
	check(mailbox_create(&w->mail, r.account.id, S("sent"), 0, NULL, &e) == MAILBOX_OK);
	r.drafts = world_mailbox(w, "alice@a.example", "INBOX");
	r.sent = world_mailbox(w, "alice@a.example", "sent");
	r.target.account = r.account.id;
	return r;
}

static void end(struct room *r)
{
	folder_close(r->drafts);
	folder_close(r->sent);
}

/* What is wrong is printed. */
static void print_finding(void *context, struct slice what)
{
	(void)context;
	print_error("%.*s\n", S_FMT(what));
}

static void check_sound(struct world *w, uint64_t messages)
{
	struct error e = { .fault = FAULT_NONE };
	struct mail_check_result result;

	check(mail_check(w->mail.store, false, print_finding, NULL, &result, &e));
	check(result.findings == 0 && result.messages == messages);
}

/* The whole course; *ret may be NULL. */
static enum append_answer replace(struct world *w, struct room *r, struct folder *to,
	struct folder *from, uint32_t uid, struct slice bytes, struct appended *ret)
{
	struct append_message message = { .flags = ENTRY_SEEN };
	struct error e = { .fault = FAULT_NONE };
	struct append *a = append_begin(&w->mail, to, &r->target, &e);
	struct appended appended;
	enum append_answer answer;
	bool is_there;

	check(a != NULL && append_replaces(a, from, uid, &is_there, &e) && is_there);
	answer = append_may(a, bytes.len);
	if (answer != APPEND_OK) {
		append_abandon(a);
		return answer;
	}
	check(body_add(append_body(a), bytes, &e) && append_add(a, &message, NULL, &e));
	answer = append_commit(a, &appended, &e);
	if (answer == APPEND_FAILED)
		print_error("%s\n", e.text);
	if (answer == APPEND_OK && ret != NULL)
		*ret = appended;
	return answer;
}

static struct folder_state state_of(struct folder *f)
{
	struct folder_state state;

	folder_state_get(f, &state);
	return state;
}

static bool is_there(struct folder *f, uint32_t uid)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	bool is_found;

	check(folder_find(f, uid, &page, &is_found, &e));
	return is_found;
}

/* In one folder, again and again, as a client saves a draft. */
static void test_one_folder(struct world *w)
{
	struct room r = begin(w);
	struct folder_state before, after;
	struct appended done;
	uint32_t uid = world_append(w, r.drafts, ENTRY_DRAFT | ENTRY_DELETED, 0, S("draft 0"));
	struct id message = world_entry(r.drafts, uid).message;

	(void)world_append(w, r.drafts, 0, 0, S("another"));
	for (unsigned i = 1; i <= 10; i++) {
		before = state_of(r.drafts);
		check(replace(w, &r, r.drafts, r.drafts, uid, S("a longer draft"), &done) ==
			APPEND_OK);
		after = state_of(r.drafts);
		check_row(done.uid_first == before.uid_next && done.uid_last == done.uid_first, i);
		check_row(!is_there(r.drafts, uid) && is_there(r.drafts, done.uid_first), i);
		check_row(after.count == 2 && after.deleted == 0 && after.unseen == 1, i);
		check_row(after.bytes == 7 + 14 && after.modseq == done.replaced_modseq, i);
		check_row(after.modseq > before.modseq, i);
		check_row(world_entry(r.drafts, done.uid_first).flags == ENTRY_SEEN, i);
		check_row(!id_same(world_entry(r.drafts, done.uid_first).message, message), i);
		uid = done.uid_first;
	}
	check_sound(w, 2);
	end(&r);
}

/* From one into another; both views hear of it. */
static void test_two_folders(struct world *w)
{
	struct room r = begin(w);
	struct error e = { .fault = FAULT_NONE };
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct view_news news;
	struct view drafts, sent;
	struct appended done;

	(void)world_append(w, r.drafts, 0, 0, S("one"));
	(void)world_append(w, r.drafts, 0, 0, S("two"));
	check(view_open(&drafts, world_mailbox(w, "alice@a.example", "INBOX"), false, &e));
	check(view_open(&sent, world_mailbox(w, "alice@a.example", "sent"), false, &e));
	check(replace(w, &r, r.sent, r.drafts, 1, S("sent"), &done) == APPEND_OK);
	check(done.uid_first == 1 && done.replaced_modseq == state_of(r.drafts).modseq);
	check(state_of(r.drafts).count == 1 && state_of(r.sent).count == 1);
	check(view_refresh(&drafts, true, &arena, &news, &e));
	check(news.gone_count == 1 && news.gone[0].uid_first == 1 && news.exists == 1);
	check(view_refresh(&sent, true, &arena, &news, &e));
	check(news.gone_count == 0 && news.exists == 1 && news.exists_before == 0);
	view_close(&drafts);
	view_close(&sent);
	check_sound(w, 2);
	end(&r);
}

/* A body that another message has too stays; the last of them takes it along. */
static void test_shared(struct world *w)
{
	struct room r = begin(w);
	struct error e = { .fault = FAULT_NONE };
	struct transfer copy = { .mail = &w->mail, .from = r.drafts, .to = r.sent };
	struct transferred copied = { 0 };
	auto_buf out = { .max = 1 << 16 }, chunk = { .max = LIMIT_BLOB_CHUNK_BYTES };
	auto_uids one = { 0 };
	struct id blob;
	bool is_found;

	(void)world_append(w, r.drafts, 0, 0, S("shared"));
	blob = world_entry(r.drafts, 1).blob;
	check(uids_append(&one, 1, 1));
	check(transfer_run(&copy, &one, &copied, &e) == APPEND_OK);
	transferred_done(&copied);
	check(replace(w, &r, r.drafts, r.drafts, 1, S("new"), NULL) == APPEND_OK);
	world_read(w, r.sent, 1, &out);
	check(slice_same(buf_slice(&out), S("shared")));
	check(replace(w, &r, r.drafts, r.sent, 1, S("newer"), NULL) == APPEND_OK);
	check(store_chunk_read(w->mail.store, blob, 0, &chunk, &is_found, &e) && !is_found);
	check_sound(w, 2);
	end(&r);
}

/* RFC 8508 3.4: only what is more counts. */
static void test_quota(struct world *w)
{
	struct room r = begin(w);
	struct error e = { .fault = FAULT_NONE };
	struct quota_usage usage;

	r.target.quota_bytes = 100;
	r.target.quota_messages = 2;
	(void)world_append(w, r.drafts, 0, 0, S("0123456789"));
	(void)world_append(w, r.sent, 0, 0, S("0123456789"));
	char text[91] = { 0 };
	check(replace(w, &r, r.drafts, r.drafts, 1, (struct slice){ text, 91 }, NULL) ==
		APPEND_OVER_QUOTA);
	check(replace(w, &r, r.drafts, r.drafts, 1, (struct slice){ text, 90 }, NULL) == APPEND_OK);
	check(quota_account(&w->mail, r.account.id, &usage, &e));
	check(usage.bytes == 100 && usage.messages == 2);
	/* Smaller always fits. */
	r.target.quota_bytes = 50;
	check(replace(w, &r, r.sent, r.drafts, 2, (struct slice){ text, 60 }, NULL) == APPEND_OK);
	check(quota_account(&w->mail, r.account.id, &usage, &e));
	check(usage.bytes == 70 && usage.messages == 2);
	check_sound(w, 2);
	end(&r);
}

/* What is replaced, or where to, is gone before the commit: then nothing happens. */
static void test_gone(struct world *w)
{
	struct room r = begin(w);
	struct append_message message = { .flags = 0 };
	struct error e = { .fault = FAULT_NONE };
	struct appended appended;
	struct append *a;
	bool is_found;

	(void)world_append(w, r.drafts, 0, 0, S("one"));
	(void)world_append(w, r.drafts, 0, 0, S("two"));
	a = append_begin(&w->mail, r.sent, &r.target, &e);
	check(a != NULL && append_replaces(a, r.drafts, 7, &is_found, &e) && !is_found);
	append_abandon(a);
	a = append_begin(&w->mail, r.sent, &r.target, &e);
	check(a != NULL && append_replaces(a, r.drafts, 1, &is_found, &e) && is_found);
	check(body_add(append_body(a), S("new"), &e) && append_add(a, &message, NULL, &e));
	check(folder_remove(r.drafts, (const uint32_t[]){ 1 }, 1, &e));
	check(append_commit(a, &appended, &e) == APPEND_GONE);
	check(mailbox_delete(&w->mail, r.account.id, S("sent"), &e) == MAILBOX_OK);
	check(replace(w, &r, r.sent, r.drafts, 2, S("new"), NULL) == APPEND_GONE);
	check(state_of(r.drafts).count == 1 && is_there(r.drafts, 2));
	check_sound(w, 1);
	end(&r);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "one folder", test_one_folder, false },
		{ "two folders", test_two_folders, false },
		{ "shared bodies", test_shared, false },
		{ "quota", test_quota, false },
		{ "gone", test_gone, false },
	};

	return world_run("replace", tests, COUNT(tests));
}
