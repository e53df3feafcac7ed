/* SPDX-License-Identifier: MIT */
/* Entries of METADATA: what is kept, for whom, how much of it, and what becomes of it. */
#include "imap_world.h"

#include "mail/batch.h"
#include "mail/changes.h"
#include "mail/check.h"
#include "mail/metadata_parts.h"

#include <stdio.h>
#include <string.h>

static void begin(struct world *w)
{
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	world_account(w, "bob@a.example");
}

static struct id account_of(struct world *w, const char *address)
{
	return world_account_get(w, address).id;
}

static struct metadata_of of(struct world *w, struct id folder, const char *reader)
{
	return (struct metadata_of){ .owner = account_of(w, "alice@a.example"),
		.folder = folder,
		.reader = account_of(w, reader) };
}

/* value NULL: removes it. */
static enum metadata_answer put(
	struct world *w, const struct metadata_of *where, const char *name, const char *value)
{
	struct metadata_entry entry = { .name = slice_of(name), .value = { NULL, 0 } };
	struct error e = { .fault = FAULT_NONE };

	if (value != NULL)
		entry.value = slice_of(value);
	return metadata_write(&w->mail, where, &entry, 1, NULL, &e);
}

/* "name=value …" */
static const char *read_text(
	struct world *w, const struct metadata_of *where, const char *name, bool below)
{
	static char text[1024];
	struct error e = { .fault = FAULT_NONE };
	struct metadata_entry *at;
	size_t count, used = 0;

	text[0] = '\0';
	check(metadata_read(&w->mail, where, slice_of(name), below, &w->arena, &at, &count, &e));
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s=%.*s",
			i > 0 ? " " : "", S_FMT(at[i].name), S_FMT(at[i].value));
	return text;
}

static struct id make(struct world *w, const char *name)
{
	struct error e = { .fault = FAULT_NONE };
	struct mailbox made;

	check(mailbox_create(&w->mail, account_of(w, "alice@a.example"), slice_of(name), 0, &made,
		      &e) == MAILBOX_OK);
	return made.id;
}

static uint64_t sum_entries(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct metadata_sum sum;
	uint64_t version;

	check(metadata_sum_read(
		w->mail.store, account_of(w, "alice@a.example"), &sum, &version, &e));
	check((sum.own.entries == 0) == (sum.own.bytes == 0));
	check((sum.others.entries == 0) == (sum.others.bytes == 0));
	return sum.own.entries + sum.others.entries;
}

static void test_entries(struct world *w)
{
	struct metadata_of alice, bob, server;

	begin(w);
	alice = of(w, make(w, "Work"), "alice@a.example");
	bob = of(w, alice.folder, "bob@a.example");
	server = of(w, (struct id){ { 0 } }, "alice@a.example");
	check(put(w, &alice, "/private/a", "1") == METADATA_OK);
	check(put(w, &alice, "/private/a/b", "2") == METADATA_OK);
	check(put(w, &alice, "/private/ab", "3") == METADATA_OK);
	check(put(w, &bob, "/private/a", "4") == METADATA_OK);
	check(put(w, &bob, "/shared/a", "5") == METADATA_OK);
	check(put(w, &server, "/private/a", "6") == METADATA_OK);
	check(strcmp(read_text(w, &alice, "/private/a", false), "/private/a=1") == 0);
	check(strcmp(read_text(w, &alice, "/private/a", true), "/private/a=1 /private/a/b=2") == 0);
	check(strcmp(read_text(w, &bob, "/private", true), "/private/a=4") == 0);
	check(strcmp(read_text(w, &alice, "/shared/a", false), "/shared/a=5") == 0);
	check(strcmp(read_text(w, &server, "/private", true), "/private/a=6") == 0);
	check(strcmp(read_text(w, &server, "/shared", true), "") == 0);
	check(sum_entries(w) == 6);
	check(put(w, &alice, "/private/a", "11") == METADATA_OK);
	check(put(w, &alice, "/private/ab", NULL) == METADATA_OK);
	check(put(w, &alice, "/private/none", NULL) == METADATA_OK);
	check(strcmp(read_text(w, &alice, "/private", true), "/private/a=11 /private/a/b=2") == 0);
	check(sum_entries(w) == 5);
}

static void test_follow(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct metadata_of work, bob, inbox;
	struct id account;

	begin(w);
	account = account_of(w, "alice@a.example");
	work = of(w, make(w, "Work"), "alice@a.example");
	bob = of(w, work.folder, "bob@a.example");
	inbox = of(w, account, "alice@a.example");
	check(put(w, &work, "/shared/a", "1") == METADATA_OK);
	check(put(w, &bob, "/private/a", "2") == METADATA_OK);
	check(put(w, &inbox, "/private/a", "3") == METADATA_OK);
	check(mailbox_rename(&w->mail, account, S("Work"), S("Old"), &e) == MAILBOX_OK);
	check(strcmp(read_text(w, &bob, "/private", true), "/private/a=2") == 0);
	check(mailbox_delete(&w->mail, account, S("Old"), &e) == MAILBOX_OK);
	check(read_text(w, &work, "/shared", true)[0] == '\0');
	check(read_text(w, &bob, "/private", true)[0] == '\0');
	check(strcmp(read_text(w, &inbox, "/private", true), "/private/a=3") == 0);
	check(sum_entries(w) == 1);
	check(put(w, &work, "/shared/a", "late") == METADATA_MISSING);
	check(account_remove(w->mail.directory, S("alice@a.example"), &e) == CHANGE_DONE);
	check(metadata_remove_folder(w->mail.store, account, account, &e));
}

static void test_limits(struct world *w)
{
	auto_buf value = { .max = LIMIT_METADATA_VALUE_BYTES + 1 };
	struct error e = { .fault = FAULT_NONE };
	struct metadata_entry entry;
	struct metadata_of where;
	char name[64];
	size_t boxes = 0;
	enum metadata_answer answer = METADATA_OK;

	begin(w);
	where = of(w, make(w, "Work"), "alice@a.example");
	for (unsigned i = 0; i <= LIMIT_METADATA_ENTRIES; i++) {
		(void)snprintf(name, sizeof name, "/private/%u", i);
		check_row(put(w, &where, name, "x") ==
				  (i < LIMIT_METADATA_ENTRIES ? METADATA_OK : METADATA_TOO_MANY),
			i);
	}
	check(put(w, &where, "/private/7", "other") == METADATA_OK);
	check(put(w, &where, "/shared/7", "x") == METADATA_OK);
	check(buf_reserve(&value, LIMIT_METADATA_VALUE_BYTES + 1) != NULL);
	memset(value.at, 'x', LIMIT_METADATA_VALUE_BYTES + 1);
	entry = (struct metadata_entry){ S("/shared/long"),
		{ value.at, LIMIT_METADATA_VALUE_BYTES + 1 } };
	check(metadata_write(&w->mail, &where, &entry, 1, NULL, &e) == METADATA_TOO_LONG);
	/* All of the account together. */
	entry.value.len--;
	while (answer == METADATA_OK && boxes < 1000) {
		if (boxes % LIMIT_METADATA_ENTRIES == 0) {
			(void)snprintf(name, sizeof name, "Box%zu", boxes);
			where = of(w, make(w, name), "alice@a.example");
		}
		(void)snprintf(name, sizeof name, "/shared/%zu", boxes++);
		entry.name = slice_of(name);
		answer = metadata_write(&w->mail, &where, &entry, 1, NULL, &e);
	}
	check(answer == METADATA_TOO_MANY);
	check(boxes == LIMIT_METADATA_ACCOUNT_BYTES / LIMIT_METADATA_VALUE_BYTES);
	/* Somebody else is not in the way of the owner, nor the owner in his. */
	where.reader = account_of(w, "bob@a.example");
	check(put(w, &where, "/private/x", "bob's") == METADATA_OK);
	/* Whoever is full may still remove. */
	entry.name = S("/shared/0");
	entry.value = (struct slice){ NULL, 0 };
	check(metadata_write(&w->mail, &where, &entry, 1, NULL, &e) == METADATA_OK);
}

static unsigned woken;

static void wake(struct watcher *watcher)
{
	(void)watcher;
	woken++;
}

/* Who watches hears of it, but not of his own, and not of other people's private ones. */
static void test_told(struct world *w)
{
	struct change_notes notes = { .folder_count = 0 }, taken;
	struct watcher watcher = { .wake = wake, .wants_entries = true, .notes = &notes };
	struct metadata_entry entry = { S("/shared/a"), S("x") };
	struct error e = { .fault = FAULT_NONE };
	struct metadata_of bob, alice;

	begin(w);
	alice = of(w, make(w, "Work"), "alice@a.example");
	bob = of(w, alice.folder, "bob@a.example");
	watcher.origin = &watcher;
	changes_watch_account(w->mail.changes, &watcher, alice.owner);
	woken = 0;
	check(metadata_write(&w->mail, &alice, &entry, 1, &watcher, &e) == METADATA_OK);
	check(woken == 0);
	check(metadata_write(&w->mail, &alice, &entry, 1, NULL, &e) == METADATA_OK);
	check(put(w, &bob, "/private/a", "x") == METADATA_OK && woken == 1);
	check(put(w, &bob, "/shared/a", "x") == METADATA_OK && woken == 2);
	check(changes_take(w->mail.changes, &watcher, &taken));
	check(taken.entry_count == 1 && taken.entries->len == 9 && !taken.has_lost);
	change_notes_done(&taken);
	check(!changes_take(w->mail.changes, &watcher, &taken));
	for (unsigned i = 0; i < LIMIT_CHANGE_ENTRIES + 1; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "/shared/%u", i);
		changes_tell_entry(
			w->mail.changes, &(const struct change_of_entry){ .account = alice.owner,
						 .folder = alice.folder,
						 .name = slice_of(name) });
	}
	changes_unwatch(w->mail.changes, &watcher);
	check(notes.entry_count == LIMIT_CHANGE_ENTRIES && notes.has_lost);
	change_notes_done(&notes);
}

static unsigned findings;

static void note(void *context, struct slice what)
{
	(void)context;
	(void)what;
	findings++;
}

/* `mailvisor check` reads the records, compares the sum and mends it. */
static void test_check(struct world *w)
{
	static const struct {
		const char *key, *value;
		bool may_salvage;
		unsigned findings;
	} rows[] = {
		{ NULL, NULL, false, 0 }, { "c", "\x01\x09\x09\x09\x09", false, 1 },
		{ NULL, NULL, true, 1 }, /* mends what the row before spoilt */
		{ NULL, NULL, false, 0 },
		{ "0123456789abcdefs/a", "\x09", false,
			2 }, /* it cannot be read, and is not counted */
	};
	struct error e = { .fault = FAULT_NONE };
	struct mail_check_result result;
	struct metadata_of where;
	struct store *store;
	struct key partition;

	begin(w);
	where = of(w, make(w, "Work"), "alice@a.example");
	partition = key_of_id('M', where.owner);
	check(put(w, &where, "/shared/a", "1") == METADATA_OK);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_options options = { .path = w->path };

		if (rows[i].key != NULL) {
			auto_batch b;

			batch_begin(&b, 1, 0);
			batch_commit(&b, &partition, STORE_ANY_VERSION, 1, 0);
			batch_set(&b, slice_of(rows[i].key), slice_of(rows[i].value));
			check(batch_write_again(&b, w->mail.store, &e));
		}
		mail_close(&w->mail);
		findings = 0;
		check(store_open(w->which->engine, &options, &store, &e));
		check(mail_check(store, rows[i].may_salvage, note, NULL, &result, &e));
		store_close(store);
		world_open_again(w);
		check_row(findings == rows[i].findings, i);
	}
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "entries", test_entries, false },
		{ "follow", test_follow, false },
		{ "limits", test_limits, false },
		{ "told", test_told, false },
		{ "check", test_check, true },
	};

	return world_run("metadata", tests, COUNT(tests));
}
