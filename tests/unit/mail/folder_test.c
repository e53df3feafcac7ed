/* SPDX-License-Identifier: MIT */
/* Flags, keywords, expunging, appending, and folders that an older version wrote. */
#include "imap_world.h"

#include "base/record.h"
#include "mail/changes.h"
#include "mail/folder_head.h"
#include "mail/structures.h"

#include <stdio.h>
#include <string.h>

static struct folder *begin(struct world *w)
{
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	return world_mailbox(w, "alice@a.example", "INBOX");
}

static void test_flags(struct world *w)
{
	/* clang-format off */
	static const struct {
		enum flags_how how;
		uint32_t flags, after;
		enum flags_outcome outcome;
		uint64_t unseen, deleted;
	} rows[] = {
		{ FLAGS_ADD, ENTRY_SEEN, ENTRY_SEEN, FLAGS_CHANGED, 0, 0 },
		{ FLAGS_ADD, ENTRY_SEEN, ENTRY_SEEN, FLAGS_SAME, 0, 0 },
		{ FLAGS_ADD, ENTRY_DELETED, ENTRY_SEEN | ENTRY_DELETED, FLAGS_CHANGED, 0, 1 },
		{ FLAGS_TAKE, ENTRY_SEEN, ENTRY_DELETED, FLAGS_CHANGED, 1, 1 },
		{ FLAGS_REPLACE, ENTRY_DRAFT, ENTRY_DRAFT, FLAGS_CHANGED, 1, 0 },
		{ FLAGS_TAKE, ENTRY_SEEN, ENTRY_DRAFT, FLAGS_SAME, 1, 0 },
		{ FLAGS_REPLACE, 0, 0, FLAGS_CHANGED, 1, 0 },
	};
	/* clang-format on */
	struct folder *f = begin(w);
	struct folder_state state;
	uint64_t modseq = 0;

	check(world_append(w, f, 0, 0, S("text\r\n")) == 1);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct flags_result r = world_flag(f, 1, rows[i].how, rows[i].flags, 0);
		struct entry entry = world_entry(f, 1);

		check_row(r.outcome == rows[i].outcome && r.flags == rows[i].after, i);
		check_row(entry.flags == rows[i].after && entry.modseq == r.modseq, i);
		check_row(
			rows[i].outcome == FLAGS_SAME ? r.modseq == modseq : r.modseq > modseq, i);
		modseq = r.modseq;
		folder_state_get(f, &state);
		check_row(state.modseq == modseq && state.unseen == rows[i].unseen, i);
		check_row(state.deleted == rows[i].deleted, i);
		check_row(state.deleted_bytes == (rows[i].deleted > 0 ? 6 : 0), i);
	}
	check(world_flag(f, 2, FLAGS_ADD, ENTRY_SEEN, 0).outcome == FLAGS_GONE);
	folder_close(f);
}

/* RFC 7162 3.1.3: only those that did not change are touched, and each is answered for. */
static void test_unchanged_since(struct world *w)
{
	static const uint32_t uids[] = { 1, 2, 3, 9 };
	struct folder *f = begin(w);
	struct flags_change change = {
		.how = FLAGS_ADD, .flags = ENTRY_FLAGGED, .has_unchanged_since = true
	};
	struct flags_result results[COUNT(uids)];
	struct error e = { .fault = FAULT_NONE };
	struct folder_state state;

	for (unsigned i = 0; i < 3; i++)
		(void)world_append(w, f, 0, 0, S("x"));
	folder_state_get(f, &state);
	change.unchanged_since = state.modseq;
	check(world_flag(f, 2, FLAGS_ADD, ENTRY_SEEN, 0).outcome == FLAGS_CHANGED);
	check(folder_flags_set(f, uids, COUNT(uids), &change, results, &e));
	check(results[0].outcome == FLAGS_CHANGED && results[1].outcome == FLAGS_MODIFIED);
	check(results[2].outcome == FLAGS_CHANGED && results[3].outcome == FLAGS_GONE);
	check(results[0].modseq == results[2].modseq && results[1].modseq < results[0].modseq);
	check(world_entry(f, 2).flags == ENTRY_SEEN);
	folder_close(f);
}

/* One commit sets the flags of as many as may be, over the border of a segment. */
static void test_many_flags(struct world *w)
{
	enum { MANY = FOLDER_FLAGS_MAX };
	static uint32_t uids[MANY];
	static struct flags_result results[MANY];
	struct flags_change change = { .how = FLAGS_ADD, .flags = ENTRY_SEEN | ENTRY_DELETED };
	struct folder *f = begin(w);
	struct error e = { .fault = FAULT_NONE };
	struct append *a = append_begin(&w->mail, f, NULL, &e);
	struct append_message message = { .flags = 0 };
	struct appended appended;
	struct folder_state state;
	auto_uids gone = { 0 };
	uint64_t modseq;

	check(a != NULL);
	for (size_t i = 0; i < MANY; i++) {
		check(body_add(append_body(a), S("many\r\n"), &e));
		check(append_add(a, &message, NULL, &e));
	}
	check(append_commit(a, &appended, &e) == APPEND_OK);
	check(appended.uid_last - appended.uid_first + 1 == MANY);
	for (size_t i = 0; i < MANY; i++)
		uids[i] = appended.uid_first + (uint32_t)i;
	check(folder_flags_set(f, uids, MANY, &change, results, &e));
	folder_state_get(f, &state);
	check(state.unseen == 0 && state.deleted == MANY && state.deleted_bytes == 6 * MANY);
	check(folder_expunge(f, NULL, &gone, &modseq, &e));
	check(uids_size(&gone) == MANY && gone.count == 1);
	folder_state_get(f, &state);
	check(state.count == 0 && state.bytes == 0 && state.deleted == 0 && state.modseq == modseq);
	folder_close(f);
}

static void test_keywords(struct world *w)
{
	struct folder *f = begin(w);
	struct error e = { .fault = FAULT_NONE };
	struct slice names[] = { S("$Junk"), S("$NotJunk"), S("$junk") };
	struct folder_keywords known;
	uint64_t bits, again;
	size_t missing;
	char text[16];

	check(folder_keywords_bits(f, names, 2, false, &bits, &missing, &e));
	check(bits == 0 && missing == 2);
	check(folder_keywords_bits(f, names, 2, true, &bits, &missing, &e));
	check(bits == 3 && missing == 0);
	check(folder_keywords_bits(f, names + 2, 1, true, &again, &missing, &e) && again == 1);
	(void)world_append(w, f, 0, bits, S("x"));
	check(world_flag(f, 1, FLAGS_TAKE, 0, 1).keywords == 2);
	for (unsigned i = 2; i < FOLDER_KEYWORDS + 3; i++) {
		struct slice name;

		(void)snprintf(text, sizeof text, "k%u", i);
		name = slice_of(text);
		check(folder_keywords_bits(f, &name, 1, true, &bits, &missing, &e));
		/* A full table says no, and keeps what it has. */
		check_row(missing == (i < FOLDER_KEYWORDS ? 0 : 1), i);
		check_row(bits == (i < FOLDER_KEYWORDS ? UINT64_C(1) << i : 0), i);
	}
	folder_keywords(f, &known);
	check(known.count == FOLDER_KEYWORDS && slice_same(known.names[0], S("$Junk")));
	folder_close(f);
	if (w->which->engine == &store_mem)
		return;
	world_reopen(w);
	f = world_mailbox(w, "alice@a.example", "INBOX");
	folder_keywords(f, &known);
	check(known.count == FOLDER_KEYWORDS && slice_same(known.names[63], S("k63")));
	check(world_entry(f, 1).keywords == 2);
	folder_close(f);
}

/* MULTIAPPEND is all or none, and one that is given up leaves no body behind. */
static void test_append(struct world *w)
{
	static char big[3 * LIMIT_BLOB_CHUNK_BYTES + 5];
	struct folder *f = begin(w);
	struct error e = { .fault = FAULT_NONE };
	struct append_message message = { .flags = ENTRY_SEEN,
		.received_ns = 1000000000 * NS_PER_S };
	struct target target = { .account = folder_account(f), .quota_bytes = 1 << 20 };
	struct append *a;
	struct appended appended;
	struct folder_state state;
	auto_buf out = { .max = 1 << 20 };
	struct id ids[3];

	memset(big, 'b', sizeof big);
	a = append_begin(&w->mail, f, &target, &e);
	check(a != NULL);
	for (unsigned i = 0; i < 3; i++) {
		check(append_may(a, sizeof big) == APPEND_OK);
		check(body_add(append_body(a), (struct slice){ big, sizeof big - i }, &e));
		check(append_add(a, &message, &ids[i], &e));
	}
	check(append_commit(a, &appended, &e) == APPEND_OK);
	check(appended.uid_first == 1 && appended.uid_last == 3);
	for (uint32_t i = 0; i < 3; i++) {
		world_read(w, f, i + 1, &out);
		check_row(out.len == sizeof big - i, i);
		check_row(world_entry(f, i + 1).received_ns == 1000000000 * NS_PER_S, i);
		check_row(id_same(world_entry(f, i + 1).message, ids[i]), i);
		check_row(world_entry(f, i + 1).saved_ns > 1000000000 * NS_PER_S, i);
	}
	/* Three more do not fit: none comes. */
	a = append_begin(&w->mail, f, &target, &e);
	check(a != NULL);
	for (unsigned i = 0; i < 3; i++) {
		check(body_add(append_body(a), (struct slice){ big, sizeof big }, &e));
		check(append_add(a, &message, NULL, &e));
	}
	check(append_may(a, 1) == APPEND_OVER_QUOTA);
	check(append_commit(a, &appended, &e) == APPEND_OVER_QUOTA && e.fault == FAULT_NONE);
	a = append_begin(&w->mail, f, &target, &e);
	check(append_may(a, 2 << 20) == APPEND_TOO_BIG);
	check(body_add(append_body(a), (struct slice){ big, sizeof big }, &e));
	append_abandon(a);
	folder_state_get(f, &state);
	check(state.count == 3 && state.unseen == 0 && state.uid_next == 4);
	folder_close(f);
}

static unsigned woken, woken_account;

static void wake(struct watcher *watcher)
{
	woken += watcher->is_of_account ? 0 : 1;
	woken_account += watcher->is_of_account ? 1 : 0;
}

/* Whoever changes a folder, by whatever way, wakes those who watch it, before it returns. */
static void test_watchers(struct world *w)
{
	struct folder *f = begin(w), *other;
	struct account account = world_account_get(w, "alice@a.example");
	struct change_notes notes = { .folder_count = 0 }, taken;
	struct watcher watcher = { .wake = wake }, whole = { .wake = wake, .notes = &notes };
	struct transfer t = { .mail = &w->mail };
	struct transferred done = { 0 };
	struct error e = { .fault = FAULT_NONE };
	auto_uids uids = { 0 };
	auto_uids gone = { 0 };
	uint64_t modseq;

	check(mailbox_create(&w->mail, account.id, S("other"), 0, NULL, &e) == MAILBOX_OK);
	other = world_mailbox(w, "alice@a.example", "other");
	changes_watch(w->mail.changes, &watcher, folder_id(f));
	changes_watch_account(w->mail.changes, &whole, account.id);
	woken = woken_account = 0;
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK && woken == 1);
	(void)world_append(w, f, 0, 0, S("x"));
	check(woken == 2 && woken_account == 2);
	(void)world_flag(f, 1, FLAGS_ADD, ENTRY_DELETED, 0);
	check(woken == 3);
	check(folder_expunge(f, NULL, &gone, &modseq, &e) && woken == 4);
	check(uids_append(&uids, 2, 2));
	t.from = f;
	t.to = other;
	t.is_move = true;
	check(transfer_run(&t, &uids, &done, &e) == APPEND_OK && woken == 5);
	transferred_done(&done);
	check(woken_account == 6);
	/* Which folders they were, each once. */
	check(changes_take(w->mail.changes, &whole, &taken));
	check(taken.folder_count == 2 && !taken.is_all && !taken.has_names);
	check(id_same(taken.folders[0], folder_id(f)));
	check(id_same(taken.folders[1], folder_id(other)));
	check(!changes_has(w->mail.changes, &whole));
	(void)world_append(w, other, 0, 0, S("x"));
	check(woken == 5 && woken_account == 7);
	check(mailbox_subscribe(&w->mail, account.id, S("other"), true, &e) == MAILBOX_OK);
	check(woken == 5 && woken_account == 8);
	check(changes_take(w->mail.changes, &whole, &taken));
	check(taken.folder_count == 1 && taken.has_names);
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK && woken == 6);
	check(folder_remove(f, (const uint32_t[]){ 3 }, 1, &e) && woken == 7);
	/* More than there is room for. */
	for (uint8_t i = 1; i <= LIMIT_CHANGE_FOLDERS + 1; i++)
		changes_tell(w->mail.changes, (struct id){ { i } }, account.id);
	check(changes_take(w->mail.changes, &whole, &taken));
	check(taken.folder_count == LIMIT_CHANGE_FOLDERS && taken.is_all);
	changes_unwatch(w->mail.changes, &watcher);
	changes_unwatch(w->mail.changes, &whole);
	folder_close(other);
	folder_close(f);
}

/* What older versions wrote, byte for byte: a head, an entry of version 1 (UID 4) and one of version 2, without bodies. */
static void write_older_versions(struct world *w, struct id folder)
{
	struct key head = key_of_id('f', folder), segment = key_segment(folder, 0);
	struct error e = { .fault = FAULT_NONE };
	char room[256];
	struct buf value = BUF_OVER(room);
	auto_batch b;

	batch_begin(&b, 2, 0);
	batch_commit(&b, &head, STORE_ANY_VERSION, 1, 0);
	check(record_u8(&value, 1) && record_number(&value, 0));
	for (size_t i = 0; i < 6; i++)
		check(record_number(&value, ((const uint64_t[]){ 1700000000, 8, 3, 2, 30, 9 })[i]));
	batch_set(&b, S("h"), buf_slice(&value));
	batch_commit(&b, &segment, STORE_ANY_VERSION, 2, 0);
	for (uint32_t uid = 4; uid <= 7; uid += 3) {
		struct key key = { .len = 0 };
		struct id id = id_new(&w->clock);

		buf_clear(&value);
		check(record_u8(&value, uid == 4 ? 1 : 2) && record_number(&value, 0));
		check(record_number(&value, 0) && (uid == 4 || record_number(&value, 5)));
		check(record_number(&value, uid));
		check(record_number(&value, 15) && record_u64(&value, 77 * NS_PER_S));
		check(uid == 4 || record_u64(&value, 78 * NS_PER_S));
		check(buf_add(&value, id_slice(&id)) && buf_add(&value, id_slice(&id)));
		check(record_text(&value, S("Return-Path: <>")) && record_text(&value, S("")));
		key_add_number(&key, uid, 4);
		batch_set(&b, key_slice(&key), buf_slice(&value));
	}
	check(batch_write_again(&b, w->mail.store, &e));
}

static void test_older_versions(struct world *w)
{
	struct account account;
	struct folder_state state;
	struct folder *f;
	struct view v;
	struct error e = { .fault = FAULT_NONE };
	auto_buf out = { .max = 1 << 16 };
	uint32_t uid;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	account = world_account_get(w, "alice@a.example");
	write_older_versions(w, account.id);
	f = world_mailbox(w, "alice@a.example", "INBOX");
	folder_state_get(f, &state);
	check(state.uid_validity == 1700000000 && state.uid_next == 8 && state.count == 2);
	check(state.bytes == 30 && state.modseq == 9 && state.unseen == 2 && state.deleted == 0);
	world_read(w, f, 7, &out);
	check(slice_same(buf_slice(&out), S("Return-Path: <>")));
	check(world_entry(f, 4).saved_ns == 77 * NS_PER_S && world_entry(f, 4).zone_min == 0);
	check(world_entry(f, 7).saved_ns == 78 * NS_PER_S && world_entry(f, 7).zone_min == 0);
	check(world_entry(f, 7).keywords == 5);
	check(world_flag(f, 4, FLAGS_ADD, ENTRY_SEEN, 0).modseq > 9);
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
	check(view_open(&v, f, false, &e));
	check(uids_size(&v.uids) == 3 && view_recent_count(&v) == 3);
	check(view_first_unseen(&v, &uid, &e) && uid == 7);
	view_close(&v);
}

/* Records of structures: in step with the entries, gone with them. */
static void test_structures(struct world *w)
{
	struct folder *f = begin(w);
	struct transfer t = { .mail = &w->mail, .from = f, .to = f };
	struct transferred done = { 0 };
	auto_uids uids = { 0 };
	struct structures keeper;
	struct structure_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	char text[16];

	for (unsigned i = 0; i < 5; i++)
		(void)world_append(w, f, 0, 0, S("text"));
	check(structures_list(f, 0, 5, 100, &page, &e) && page.count == 0 && page.is_last);
	structures_begin(&keeper, f);
	for (uint32_t uid = 1; uid <= 5; uid += 2) {
		(void)snprintf(text, sizeof text, "record %u", uid);
		structures_keep(&keeper, uid, slice_of(text));
	}
	structures_end(&keeper);
	check(structures_list(f, 0, 5, 2, &page, &e) && page.count == 2 && !page.is_last);
	check(page.at[1].uid == 3 && slice_same(page.at[1].record, S("record 3")));
	check(structures_list(f, 3, 5, 2, &page, &e) && page.count == 1 && page.at[0].uid == 5);
	check(structures_list(f, 0, 4, 100, &page, &e) && page.count == 2 && page.is_last);
	check(folder_remove(f, (const uint32_t[]){ 3 }, 1, &e));
	check(structures_list(f, 0, 5, 100, &page, &e) && page.count == 2);
	check(page.at[0].uid == 1 && page.at[1].uid == 5);
	/* They go along with copies and moves. */
	check(uids_append(&uids, 1, 4));
	check(transfer_run(&t, &uids, &done, &e) == APPEND_OK);
	check(structures_list(f, 5, 9, 100, &page, &e) && page.count == 1);
	check(page.at[0].uid == 6 && slice_same(page.at[0].record, S("record 1")));
	t.is_move = true;
	transferred_done(&done);
	uids_clear(&uids);
	check(uids_append(&uids, 5, 6));
	check(transfer_run(&t, &uids, &done, &e) == APPEND_OK);
	check(structures_list(f, 1, 99, 100, &page, &e) && page.count == 2);
	check(page.at[0].uid == 9 && slice_same(page.at[0].record, S("record 5")));
	check(page.at[1].uid == 10 && slice_same(page.at[1].record, S("record 1")));
	transferred_done(&done);
	structure_page_done(&page);
	folder_close(f);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "flags", test_flags, false },
		{ "unchanged since", test_unchanged_since, false },
		{ "many flags", test_many_flags, false },
		{ "keywords", test_keywords, false },
		{ "append", test_append, false },
		{ "watchers", test_watchers, false },
		{ "older versions", test_older_versions, false },
		{ "structures", test_structures, false },
	};

	return world_run("folder", tests, COUNT(tests));
}
