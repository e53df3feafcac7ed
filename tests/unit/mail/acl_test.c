/* SPDX-License-Identifier: MIT */
/* Lists of rights: what they give, how they follow mailboxes, and who finds what is shared. */
#include "imap_world.h"

#include "mail/acl_parts.h"
#include "mail/check.h"

#include <stdio.h>
#include <string.h>

enum { L = IMAP_RIGHT_LOOKUP, R = IMAP_RIGHT_READ, W = IMAP_RIGHT_WRITE, K = IMAP_RIGHT_CREATE };

static void begin(struct world *w)
{
	world_domain(w, "a.example");
	world_domain(w, "b.example");
	world_account(w, "alice@a.example");
	world_account(w, "bob@a.example");
	world_account(w, "carol@a.example");
	world_account(w, "bob@b.example");
}

static struct id account_of(struct world *w, const char *address)
{
	return world_account_get(w, address).id;
}

static struct acl_reader reader_of(struct world *w, const char *address)
{
	struct error e = { .fault = FAULT_NONE };
	struct acl_reader reader;
	struct slice found;

	check(acl_person(&w->mail, slice_of(address), &w->arena, &found, &reader, &e) ==
		ACL_PERSON_OK);
	return reader;
}

/* who: an address or "anyone" of alice's domain, '-' before it for negative rights. */
static enum mailbox_answer set(struct world *w, const char *box, const char *who,
	enum imap_acl_change how, unsigned rights)
{
	struct error e = { .fault = FAULT_NONE };
	struct acl_change change = { .owner = S("alice@a.example"), .how = how };
	enum mailbox_answer answer;

	change.entry.rights = rights;
	change.entry.is_negative = who[0] == '-';
	who += change.entry.is_negative ? 1 : 0;
	change.entry.is_anyone = strcmp(who, "anyone") == 0;
	change.entry.address = change.entry.is_anyone ? S("") : slice_of(who);
	change.entry.who = change.entry.is_anyone ? reader_of(w, "alice@a.example").domain
						  : account_of(w, who);
	answer = acl_change(&w->mail, account_of(w, "alice@a.example"), slice_of(box), &change, &e);
	check((answer == MAILBOX_OK) == (e.fault == FAULT_NONE));
	return answer;
}

static unsigned rights(struct world *w, const char *box, const char *who)
{
	struct error e = { .fault = FAULT_NONE };
	struct acl_reader reader = reader_of(w, who);
	unsigned found = 0;

	if (acl_rights_of(&w->mail, account_of(w, "alice@a.example"), slice_of(box), &reader,
		    &found, &e) != MAILBOX_OK)
		return UINT32_MAX;
	return found;
}

/* "alice@a.example:Work ..." in the order of names. */
static const char *shared(struct world *w, const char *who)
{
	static char text[2048];
	struct acl_reader reader = reader_of(w, who);
	struct error e = { .fault = FAULT_NONE };
	struct acl_shared *at;
	size_t count, used = 0;

	text[0] = '\0';
	check(acl_list_shared(&w->mail, &reader, &w->arena, &at, &count, &e));
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s:%.*s",
			i > 0 ? " " : "", S_FMT(at[i].owner_address), S_FMT(at[i].box.name));
	return text;
}

static void create(struct world *w, const char *name)
{
	struct error e = { .fault = FAULT_NONE };

	check(mailbox_create(&w->mail, account_of(w, "alice@a.example"), slice_of(name), 0, NULL,
		      &e) == MAILBOX_OK);
}

static void test_rights(struct world *w)
{
	static const struct {
		const char *who;
		enum imap_acl_change how;
		unsigned rights;
		unsigned bob, carol, stranger; /* what they have then */
	} rows[] = {
		{ "bob@a.example", IMAP_ACL_SET, L | R, L | R, 0, 0 },
		{ "bob@a.example", IMAP_ACL_ADD, W, L | R | W, 0, 0 },
		{ "bob@a.example", IMAP_ACL_REMOVE, R, L | W, 0, 0 },
		{ "anyone", IMAP_ACL_SET, L | R, L | R | W, L | R, 0 },
		{ "-bob@a.example", IMAP_ACL_SET, L, R | W, L | R, 0 },
		{ "-anyone", IMAP_ACL_SET, R, W, L, 0 },
		{ "-bob@a.example", IMAP_ACL_REMOVE, L, L | W, L, 0 },
		{ "-anyone", IMAP_ACL_SET, 0, L | R | W, L | R, 0 },
		{ "bob@a.example", IMAP_ACL_SET, 0, L | R, L | R, 0 },
		{ "anyone", IMAP_ACL_SET, 0, 0, 0, 0 },
	};

	begin(w);
	create(w, "Work");
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(
			set(w, "Work", rows[i].who, rows[i].how, rows[i].rights) == MAILBOX_OK, i);
		check_row(rights(w, "Work", "bob@a.example") == rows[i].bob, i);
		check_row(rights(w, "Work", "carol@a.example") == rows[i].carol, i);
		check_row(rights(w, "Work", "bob@b.example") == rows[i].stranger, i);
		check_row(rights(w, "Work", "alice@a.example") == IMAP_RIGHT_ALL, i);
		check_row((strlen(shared(w, "bob@a.example")) > 0) == ((rows[i].bob & L) != 0), i);
		check_row(shared(w, "bob@b.example")[0] == '\0', i);
		check_row(shared(w, "alice@a.example")[0] == '\0', i);
	}
	check(set(w, "Nowhere", "anyone", IMAP_ACL_SET, L) == MAILBOX_MISSING);
}

static void test_follow(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct id alice;

	begin(w);
	alice = account_of(w, "alice@a.example");
	create(w, "Work");
	check(set(w, "INBOX", "carol@a.example", IMAP_ACL_SET, L) == MAILBOX_OK);
	check(set(w, "Work", "bob@a.example", IMAP_ACL_SET, L | K) == MAILBOX_OK);
	/* New ones have what stands above them. */
	create(w, "Work/a/b");
	create(w, "INBOX/c");
	create(w, "Other");
	check(rights(w, "Work/a", "bob@a.example") == (L | K));
	check(rights(w, "Work/a/b", "bob@a.example") == (L | K));
	check(rights(w, "Other", "bob@a.example") == 0);
	check_row(strcmp(shared(w, "carol@a.example"),
			  "alice@a.example:INBOX alice@a.example:INBOX/c") == 0,
		0);
	/* A new name keeps them, and takes none of the new place. */
	check(mailbox_rename(&w->mail, alice, S("Work"), S("INBOX/Work"), &e) == MAILBOX_OK);
	check(rights(w, "INBOX/Work/a", "bob@a.example") == (L | K));
	check(rights(w, "INBOX/Work/a", "carol@a.example") == 0);
	check_row(strcmp(shared(w, "bob@a.example"),
			  "alice@a.example:INBOX/Work alice@a.example:INBOX/Work/a "
			  "alice@a.example:INBOX/Work/a/b") == 0,
		1);
	/* One of the same name has nothing of the one that was deleted. */
	check(mailbox_delete(&w->mail, alice, S("INBOX/Work/a/b"), &e) == MAILBOX_OK);
	create(w, "b");
	check(rights(w, "b", "bob@a.example") == 0);
	check(rights(w, "INBOX/Work/a/b", "bob@a.example") == UINT32_MAX);
}

static size_t row_count(struct world *w, struct id id)
{
	ON_EXIT(store_page_done) struct store_page page = { 0 };
	struct key partition = key_of_id('g', id);
	struct store_scan scan = { .partition = key_slice(&partition),
		.expect = STORE_ANY_VERSION,
		.limit = LIMIT_SCAN_ROWS };
	struct error e = { .fault = FAULT_NONE };

	check(store_scan(w->mail.store, &scan, &page, &e));
	return page.row_count;
}

static void test_removed(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct acl_reader bob;

	begin(w);
	bob = reader_of(w, "bob@a.example");
	create(w, "Work");
	check(set(w, "Work", "bob@a.example", IMAP_ACL_SET, L) == MAILBOX_OK);
	check(set(w, "INBOX", "anyone", IMAP_ACL_SET, L) == MAILBOX_OK);
	check(row_count(w, bob.account) == 1 && row_count(w, bob.domain) == 1);
	/* The next bob is another one. */
	check(account_remove(w->mail.directory, S("bob@a.example"), &e) == CHANGE_DONE);
	world_account(w, "bob@a.example");
	check(rights(w, "Work", "bob@a.example") == 0 && row_count(w, bob.account) == 0);
	check(strcmp(shared(w, "bob@a.example"), "alice@a.example:INBOX") == 0);
	check(account_remove(w->mail.directory, S("alice@a.example"), &e) == CHANGE_DONE);
	check(shared(w, "carol@a.example")[0] == '\0');
	check(row_count(w, bob.domain) == 0);
}

static void test_reopen(struct world *w)
{
	begin(w);
	create(w, "Work");
	check(set(w, "Work", "bob@a.example", IMAP_ACL_SET, L | R) == MAILBOX_OK);
	check(set(w, "Work", "-anyone", IMAP_ACL_SET, R) == MAILBOX_OK);
	world_reopen(w);
	check(rights(w, "Work", "bob@a.example") == L);
	check(strcmp(shared(w, "bob@a.example"), "alice@a.example:Work") == 0);
}

static void test_limits(struct world *w)
{
	begin(w);
	create(w, "Work");
	for (unsigned i = 0; i <= LIMIT_ACL_ENTRIES; i++) {
		char who[64];

		(void)snprintf(who, sizeof who, "u%u@a.example", i);
		world_account(w, who);
		check_row(set(w, "Work", who, IMAP_ACL_SET, L) ==
				  (i < LIMIT_ACL_ENTRIES ? MAILBOX_OK : MAILBOX_LIMIT),
			i);
	}
	/* What is full may still be changed and inherited. */
	check(set(w, "Work", "u5@a.example", IMAP_ACL_ADD, R) == MAILBOX_OK);
	create(w, "Work/a/b/c");
	check(rights(w, "Work/a/b/c", "u5@a.example") == (L | R));
}

static unsigned findings;
static char finding[512];

static void note(void *context, struct slice what)
{
	(void)context;
	findings++;
	check(slice_text(what, finding, sizeof finding));
}

static void damage(struct world *w, struct key partition, struct slice key)
{
	struct error e = { .fault = FAULT_NONE };
	auto_batch b;

	batch_begin(&b, 1, 0);
	batch_commit(&b, &partition, STORE_ANY_VERSION, 1, 0);
	batch_set(&b, key, S("\x07nonsense"));
	check(batch_write_again(&b, w->mail.store, &e));
}

/* `mailvisor check` knows these records. */
static void test_check(struct world *w)
{
	struct store_options options = { .path = w->path };
	struct error e = { .fault = FAULT_NONE };
	struct mail_check_result result;
	struct store *store;
	struct id alice, inbox;
	struct key rights_key;

	begin(w);
	alice = inbox = account_of(w, "alice@a.example");
	rights_key = key_of_id('r', inbox);
	check(set(w, "INBOX", "bob@a.example", IMAP_ACL_SET, L) == MAILBOX_OK);
	for (unsigned round = 0; round < 3; round++) {
		findings = 0;
		if (round == 1)
			damage(w, key_of_id('m', alice), key_slice(&rights_key));
		if (round == 2)
			damage(w, key_of_id('g', account_of(w, "bob@a.example")), id_slice(&inbox));
		mail_close(&w->mail);
		check(store_open(w->which->engine, &options, &store, &e));
		check(mail_check(store, false, note, NULL, &result, &e));
		store_close(store);
		world_open_again(w);
		check_row(findings == round, round);
	}
	check(strstr(finding, "damaged") != NULL);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "rights", test_rights, false },
		{ "follow", test_follow, false },
		{ "removed", test_removed, false },
		{ "reopen", test_reopen, true },
		{ "limits", test_limits, false },
		{ "check", test_check, true },
	};

	return world_run("acl", tests, COUNT(tests));
}
