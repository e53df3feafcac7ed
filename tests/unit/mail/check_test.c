/* SPDX-License-Identifier: MIT */
/* What a crash leaves behind is carried on; what is damaged is found, said and mended. */
#include "world.h"

#include "mail/check.h"
#include "mail/folder_head.h"
#include "mail/shared.h"

#include <stdio.h>
#include <string.h>

struct words {
	char text[4096];
};

static void add_words(void *context, struct slice what)
{
	struct words *w = context;
	size_t len = strlen(w->text);

	(void)snprintf(w->text + len, sizeof w->text - len, "%.*s\n", S_FMT(what));
}

/* The store of a closed world, without faults. */
static struct mail_check_result check_all(struct world *w, bool may_salvage, struct words *words)
{
	struct store_options options = { .path = w->path };
	struct error e = { .fault = FAULT_NONE };
	struct mail_check_result result;
	struct store *store;

	words->text[0] = '\0';
	check(store_open(w->which->engine, &options, &store, &e));
	check(mail_check(store, may_salvage, add_words, words, &result, &e));
	store_close(store);
	return result;
}

static void populate(struct world *w)
{
	static const char *const both[] = { "alice@a.example", "bob@a.example", "x@far.example" };

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	world_account(w, "bob@a.example");
	for (size_t i = 0; i < 5; i++) {
		check(world_deliver(w, "alice@a.example", S("one\r\n")) == INTAKE_OK);
		world_deliver_many(w, both, COUNT(both), S("three\r\n"), NULL);
	}
}

static void test_sound(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct words words;
	struct mail_check_result r;
	struct folder *f;

	populate(w);
	f = world_folder(w, "alice@a.example");
	check(folder_remove(f, (const uint32_t[]){ 1, 2, 4 }, 3, &e));
	folder_close(f);
	mail_close(&w->mail);
	r = check_all(w, false, &words);
	if (r.findings > 0)
		print_error("%s", words.text);
	check(r.findings == 0 && r.domains == 1 && r.accounts == 2 && r.folders == 2);
	check(r.messages == 12 && r.spool_items == 5);
	check(r.bodies == 9); /* of ten, one that only alice had is gone */
}

/* A head that took the mails out and says which, as a crash right after the sync leaves it. */
static void test_removal_resumes(struct world *w)
{
	static const uint32_t uids[] = { 1, 2, 3, 6 };
	struct error e = { .fault = FAULT_NONE };
	struct head_change change = { .uids = uids, .count = COUNT(uids) };
	struct entry_page page = { 0 };
	auto_buf chunk = { .max = LIMIT_BLOB_CHUNK_BYTES };
	struct words words;
	struct mail_check_result r;
	struct folder_state state;
	struct folder *f;
	struct id blob;
	uint32_t left[16];
	bool is_found;

	populate(w);
	f = world_folder(w, "alice@a.example");
	check(folder_find(f, 1, &page, &is_found, &e) && is_found);
	blob = page.at[0].blob;
	for (size_t i = 0; i < COUNT(uids); i++) {
		check(folder_find(f, uids[i], &page, &is_found, &e) && is_found);
		change.bytes += page.at[0].bytes;
		change.unseen++;
	}
	entry_page_done(&page);
	check(folder_turn_take(f, &e));
	check(folder_head_write(f, &change, &e));
	folder_turn_drop(f);
	folder_close(f);
	mail_close(&w->mail);
	/* The list is a sound state, too. */
	r = check_all(w, false, &words);
	check(r.findings == 0 && r.messages == 15);
	world_open_again(w);
	f = world_folder(w, "alice@a.example");
	check(world_uids(f, left, COUNT(left)) == 6);
	check(left[0] == 4 && left[1] == 5 && left[2] == 7);
	folder_state_get(f, &state);
	check(state.count == 6 && state.uid_next == 11);
	check(store_chunk_read(w->mail.store, blob, 0, &chunk, &is_found, &e) && !is_found);
	folder_close(f);
	mail_close(&w->mail);
	r = check_all(w, false, &words);
	check(r.findings == 0 && r.messages == 11);
}

static void damage(
	struct store *store, const struct key *partition, struct slice key, struct slice value)
{
	struct error e = { .fault = FAULT_NONE };
	auto_batch b;

	batch_begin(&b, 1, 0);
	batch_commit(&b, partition, STORE_ANY_VERSION, 1, 1);
	if (value.len > 0)
		batch_set(&b, key, value);
	else
		batch_remove(&b, key);
	check(batch_write_again(&b, store, &e));
}

static void test_mended(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct entry_page page = { 0 };
	struct words words;
	struct mail_check_result r;
	struct folder_state state;
	struct folder *f;
	struct id alice, shared, single;
	struct key partition;
	bool is_found;

	populate(w);
	f = world_folder(w, "alice@a.example");
	alice = folder_id(f);
	check(folder_find(f, 1, &page, &is_found, &e) && is_found);
	single = page.at[0].blob;
	check(folder_find(f, 2, &page, &is_found, &e) && is_found);
	shared = page.at[0].blob;
	entry_page_done(&page);
	folder_close(f);
	/* An entry vanishes behind the head's back, another's body does, and a count is wrong. */
	partition = key_segment(alice, 0);
	damage(w->mail.store, &partition, (struct slice){ "\0\0\0\4", 4 }, S(""));
	partition = key_of_id('b', shared);
	damage(w->mail.store, &partition, S("n"), S("\1\7"));
	struct store_txn drop = { .drops = &single, .drop_count = 1 };
	for (enum store_answer answer = STORE_CONFLICT; answer != STORE_OK;) {
		drop = (struct store_txn){ .drops = &single, .drop_count = 1 };
		answer = store_commit(w->mail.store, &drop);
	}
	mail_close(&w->mail);
	r = check_all(w, true, &words);
	check(r.findings == 4 && r.mended == 4);
	check(strstr(words.text, "message 1: its body is missing or cut") != NULL);
	check(strstr(words.text, "3 have it, its count says 7") != NULL);
	check(strstr(words.text, "2 have it, its count says 3") != NULL);
	check(strstr(words.text, "its head counts 10 messages") != NULL);
	r = check_all(w, false, &words);
	check(r.findings == 0 && r.messages == 13);
	world_open_again(w);
	f = world_folder(w, "alice@a.example");
	folder_state_get(f, &state);
	check(state.count == 8);
	folder_close(f);
	mail_close(&w->mail);
}

/* A body that two mailboxes and the spool share is gone: so is all that refers to it. */
static void test_shared_body_lost(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct entry_page page = { 0 };
	struct words words;
	struct mail_check_result r;
	struct folder *f;
	struct id shared;
	bool is_found;

	populate(w);
	f = world_folder(w, "alice@a.example");
	check(folder_find(f, 2, &page, &is_found, &e) && is_found);
	shared = page.at[0].blob;
	entry_page_done(&page);
	folder_close(f);
	for (enum store_answer answer = STORE_CONFLICT; answer != STORE_OK;) {
		struct store_txn drop = { .drops = &shared, .drop_count = 1 };

		answer = store_commit(w->mail.store, &drop);
	}
	mail_close(&w->mail);
	r = check_all(w, false, &words); /* looking changes nothing */
	check(r.findings == 3 && r.mended == 0);
	r = check_all(w, true, &words);
	check(strstr(words.text, "spool item '") != NULL);
	check(r.findings == 5); /* and two heads that count it */
	r = check_all(w, false, &words);
	check(r.findings == 0 && r.messages == 13 && r.spool_items == 4);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "sound", test_sound, true },
		{ "removal resumes", test_removal_resumes, true },
		{ "mended", test_mended, true },
		{ "shared body lost", test_shared_body_lost, true },
	};

	return world_run("check", tests, COUNT(tests));
}
