/* SPDX-License-Identifier: MIT */
/* Names of mailboxes: creating, listing, deleting, renaming, subscribing, over a restart. */
#include "imap_world.h"

#include "mail/mailbox_names.h"

#include <stdio.h>
#include <string.h>

static void begin(struct world *w)
{
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
}

/* The whole list as "INBOX a* a/b- (s)": "-" no mailbox, "+" has children, "s" subscribed. */
static const char *names_text(struct world *w, struct id account)
{
	static char text[4096];
	auto_arena a = { .max = 4 << 20 };
	struct error e = { .fault = FAULT_NONE };
	struct slice after = S("");
	struct mailbox *at;
	size_t count, used = 0;

	text[0] = '\0';
	do {
		/* Two at a time, so that pages are turned. */
		check(mailbox_list(&w->mail, account, after, 2, &a, &at, &count, &e));
		for (size_t i = 0; i < count; i++) {
			used += (size_t)snprintf(text + used, sizeof text - used, "%s%.*s%s%s%s",
				used > 0 ? " " : "", S_FMT(at[i].name),
				id_is_zero(at[i].id) ? "-" : "", at[i].has_children ? "+" : "",
				at[i].is_subscribed ? "s" : "");
			after = at[i].name;
		}
	} while (count == 2);
	return text;
}

static enum mailbox_answer answer_of(enum mailbox_answer answer, struct error *e)
{
	if (answer == MAILBOX_FAILED)
		print_error("%s\n", e->text);
	/* Every answer that is not OK says why. */
	check((answer == MAILBOX_OK) == (e->fault == FAULT_NONE));
	check(answer == MAILBOX_OK || strlen(e->text) > 5);
	error_clear(e);
	return answer;
}

enum verb { CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE };

static enum mailbox_answer run(
	struct world *w, struct id account, enum verb verb, struct slice name, struct slice to)
{
	struct error e = { .fault = FAULT_NONE };

	switch (verb) {
	case CREATE:
		return answer_of(mailbox_create(&w->mail, account, name, 0, NULL, &e), &e);
	case DELETE:
		return answer_of(mailbox_delete(&w->mail, account, name, &e), &e);
	case RENAME:
		return answer_of(mailbox_rename(&w->mail, account, name, to, &e), &e);
	case SUBSCRIBE:
		return answer_of(mailbox_subscribe(&w->mail, account, name, true, &e), &e);
	case UNSUBSCRIBE:
		return answer_of(mailbox_subscribe(&w->mail, account, name, false, &e), &e);
	}
	return MAILBOX_FAILED;
}

static void test_names(struct world *w)
{
	/* clang-format off */
	static const struct {
		enum verb verb;
		struct slice name, to;
		enum mailbox_answer answer;
		const char *names; /* after it */
	} rows[] = {
		{ CREATE, S_INIT("Sent"), S_INIT(""), MAILBOX_OK, "INBOX Sent" },
		{ CREATE, S_INIT("Sent"), S_INIT(""), MAILBOX_EXISTS, "INBOX Sent" },
		{ CREATE, S_INIT("INBOX"), S_INIT(""), MAILBOX_EXISTS, "INBOX Sent" },
		{ CREATE, S_INIT("inbox"), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent" },
		{ CREATE, S_INIT("inbox/x"), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent" },
		{ CREATE, S_INIT(""), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent" },
		{ CREATE, S_INIT("/a"), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent" },
		{ CREATE, S_INIT("a/"), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent" },
		{ CREATE, S_INIT("a//b"), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent" },
		{ CREATE, S_INIT("a\nb"), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent" },
		{ CREATE, S_INIT("a/b/c"), S_INIT(""), MAILBOX_OK, "INBOX Sent a+ a/b+ a/b/c" },
		{ CREATE, S_INIT("a-b"), S_INIT(""), MAILBOX_OK, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ DELETE, S_INIT("INBOX"), S_INIT(""), MAILBOX_CANNOT, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ DELETE, S_INIT("nothing"), S_INIT(""), MAILBOX_MISSING, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ DELETE, S_INIT("a/b"), S_INIT(""), MAILBOX_OK, "INBOX Sent a+ a-b a/b-+ a/b/c" },
		{ DELETE, S_INIT("a/b"), S_INIT(""), MAILBOX_IN_USE, "INBOX Sent a+ a-b a/b-+ a/b/c" },
		{ DELETE, S_INIT("a"), S_INIT(""), MAILBOX_OK, "INBOX Sent a-+ a-b a/b-+ a/b/c" },
		{ CREATE, S_INIT("a/b"), S_INIT(""), MAILBOX_OK, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ RENAME, S_INIT("a/b"), S_INIT("a/b/x"), MAILBOX_CANNOT, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ RENAME, S_INIT("a/b"), S_INIT("Sent"), MAILBOX_EXISTS, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ RENAME, S_INIT("a/b"), S_INIT("a/b"), MAILBOX_EXISTS, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ RENAME, S_INIT("none"), S_INIT("x"), MAILBOX_MISSING, "INBOX Sent a+ a-b a/b+ a/b/c" },
		{ RENAME, S_INIT("a"), S_INIT("p/q"), MAILBOX_OK, "INBOX Sent a-b p+ p/q+ p/q/b+ p/q/b/c" },
		{ RENAME, S_INIT("p/q/b/c"), S_INIT("c"), MAILBOX_OK, "INBOX Sent a-b c p+ p/q+ p/q/b" },
		{ DELETE, S_INIT("p"), S_INIT(""), MAILBOX_OK, "INBOX Sent a-b c p-+ p/q+ p/q/b" },
		{ RENAME, S_INIT("p/q"), S_INIT("p"), MAILBOX_OK, "INBOX Sent a-b c p+ p/b" },
		{ SUBSCRIBE, S_INIT("p/b"), S_INIT(""), MAILBOX_OK, "INBOX Sent a-b c p+ p/bs" },
		{ SUBSCRIBE, S_INIT("p/b"), S_INIT(""), MAILBOX_OK, "INBOX Sent a-b c p+ p/bs" },
		{ SUBSCRIBE, S_INIT("INBOX"), S_INIT(""), MAILBOX_OK, "INBOXs Sent a-b c p+ p/bs" },
		{ SUBSCRIBE, S_INIT("no/where"), S_INIT(""), MAILBOX_OK, "INBOXs Sent a-b c no/where-s p+ p/bs" },
		{ DELETE, S_INIT("no/where"), S_INIT(""), MAILBOX_MISSING, "INBOXs Sent a-b c no/where-s p+ p/bs" },
		{ DELETE, S_INIT("p/b"), S_INIT(""), MAILBOX_OK, "INBOXs Sent a-b c no/where-s p p/b-s" },
		{ UNSUBSCRIBE, S_INIT("p/b"), S_INIT(""), MAILBOX_OK, "INBOXs Sent a-b c no/where-s p" },
		{ UNSUBSCRIBE, S_INIT("p/b"), S_INIT(""), MAILBOX_OK, "INBOXs Sent a-b c no/where-s p" },
		{ CREATE, S_INIT("INBOX/sub"), S_INIT(""), MAILBOX_OK, "INBOX+s INBOX/sub Sent a-b c no/where-s p" },
		{ RENAME, S_INIT("INBOX"), S_INIT("old"), MAILBOX_OK, "INBOX+s INBOX/sub Sent a-b c no/where-s old p" },
	};
	/* clang-format on */
	struct account account;

	begin(w);
	account = world_account_get(w, "alice@a.example");
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(run(w, account.id, rows[i].verb, rows[i].name, rows[i].to) ==
				  rows[i].answer,
			i);
		if (strcmp(names_text(w, account.id), rows[i].names) != 0)
			print_error("%s\n%s\n", names_text(w, account.id), rows[i].names);
		check_row(strcmp(names_text(w, account.id), rows[i].names) == 0, i);
	}
}

static void test_reopen(struct world *w)
{
	char before[4096];
	struct error e = { .fault = FAULT_NONE };
	struct account account;
	struct mailbox created, found;
	struct folder *f;
	struct folder_state state, again;

	begin(w);
	account = world_account_get(w, "alice@a.example");
	check(answer_of(mailbox_create(&w->mail, account.id, S("x/y"), 32, &created, &e), &e) ==
		MAILBOX_OK);
	check(run(w, account.id, SUBSCRIBE, S("z"), S("")) == MAILBOX_OK);
	f = world_mailbox(w, "alice@a.example", "x/y");
	check(id_same(folder_id(f), created.id) && id_same(folder_account(f), account.id));
	(void)world_append(w, f, ENTRY_SEEN, 0, S("a\r\n"));
	folder_state_get(f, &state);
	folder_close(f);
	(void)snprintf(before, sizeof before, "%s", names_text(w, account.id));
	world_reopen(w);
	check(strcmp(before, names_text(w, account.id)) == 0);
	f = world_mailbox(w, "alice@a.example", "x/y");
	folder_state_get(f, &again);
	check(again.uid_validity == state.uid_validity && again.count == 1 && again.unseen == 0);
	check(mailbox_find(&w->mail, account.id, S("x/y"), &w->arena, &found, &e) == MAILBOX_OK);
	check(found.uses == 32 && id_same(found.id, created.id) && found.created_ns > 0);
	check(mailbox_name(&w->mail, account.id, created.id, &w->arena, &found, &e) == MAILBOX_OK);
	check(slice_same(found.name, S("x/y")));
	folder_close(f);
	/* An INBOX that only IMAP has looked at keeps its UIDVALIDITY. */
	f = world_mailbox(w, "alice@a.example", "INBOX");
	folder_state_get(f, &state);
	folder_close(f);
	w->wall_ns = clock_wall_ns(&clock_real) + 1000 * NS_PER_S;
	world_reopen(w);
	f = world_mailbox(w, "alice@a.example", "INBOX");
	folder_state_get(f, &again);
	check(again.uid_validity == state.uid_validity);
	folder_close(f);
}

/* A name never gets a UIDVALIDITY again, also within one second and when the clock goes back. */
static void test_uid_validity(struct world *w)
{
	struct account account;
	uint32_t last = 0;

	begin(w);
	account = world_account_get(w, "alice@a.example");
	for (unsigned i = 0; i < 10; i++) {
		struct folder_state state;
		struct folder *f;

		w->wall_ns = (1800000000 - i * 100) * NS_PER_S;
		check(run(w, account.id, CREATE, S("again"), S("")) == MAILBOX_OK);
		f = world_mailbox(w, "alice@a.example", "again");
		folder_state_get(f, &state);
		check_row(state.uid_validity > last, i);
		last = state.uid_validity;
		folder_close(f);
		check(run(w, account.id, DELETE, S("again"), S("")) == MAILBOX_OK);
	}
}

static void check_no_rows(struct world *w, char kind, struct id id)
{
	struct key partition = key_of_id(kind, id);
	struct store_scan scan = {
		.partition = key_slice(&partition), .expect = STORE_ANY_VERSION, .limit = 10
	};
	struct store_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };

	check(store_scan(w->mail.store, &scan, &page, &e));
	check(page.row_count == 0);
	store_page_done(&page);
}

/* Deleting with somebody inside: they see it, and nothing is left in the store. */
static void test_delete_open(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct account account;
	struct folder_state state;
	struct folder *f, *g;
	struct quota_usage usage;

	begin(w);
	account = world_account_get(w, "alice@a.example");
	check(run(w, account.id, CREATE, S("box"), S("")) == MAILBOX_OK);
	f = world_mailbox(w, "alice@a.example", "box");
	for (unsigned i = 0; i < 5; i++)
		(void)world_append(w, f, 0, 0, S("text\r\n"));
	check(quota_account(&w->mail, account.id, &usage, &e) && usage.messages == 5);
	check(run(w, account.id, DELETE, S("box"), S("")) == MAILBOX_OK);
	folder_state_get(f, &state);
	check(state.is_gone && state.count == 0);
	check(world_try_append(w, f, S("late\r\n")) == APPEND_GONE);
	check(quota_account(&w->mail, account.id, &usage, &e) && usage.messages == 0);
	check(answer_of(mailbox_open(&w->mail, account.id, S("box"), &g, &e), &e) ==
		MAILBOX_MISSING);
	check_no_rows(w, 'f', folder_id(f));
	check_no_rows(w, 'v', folder_id(f));
	/* A new one of the same name is another mailbox. */
	check(run(w, account.id, CREATE, S("box"), S("")) == MAILBOX_OK);
	g = world_mailbox(w, "alice@a.example", "box");
	check(g != f);
	check(world_append(w, g, 0, 0, S("new\r\n")) == 1);
	folder_close(g);
	folder_close(f);
}

static void test_rename_inbox(struct world *w)
{
	struct account account;
	struct folder_state state;
	struct folder *f;
	auto_buf out = { .max = 1 << 16 };

	begin(w);
	account = world_account_get(w, "alice@a.example");
	for (unsigned i = 0; i < 3; i++)
		check(world_deliver(w, "alice@a.example", S("Subject: x\r\n\r\n")) == INTAKE_OK);
	check(run(w, account.id, RENAME, S("INBOX"), S("saved/mail")) == MAILBOX_OK);
	f = world_mailbox(w, "alice@a.example", "saved/mail");
	folder_state_get(f, &state);
	check(state.count == 3 && state.unseen == 3);
	world_read(w, f, 2, &out);
	check(slice_starts(buf_slice(&out), S("Return-Path: ")));
	folder_close(f);
	f = world_mailbox(w, "alice@a.example", "INBOX");
	folder_state_get(f, &state);
	check(state.count == 0 && state.uid_next == 4 && state.bytes == 0);
	folder_close(f);
	check(world_deliver(w, "alice@a.example", S("x\r\n")) == INTAKE_OK);
}

static void test_limits(struct world *w)
{
	static char name[LIMIT_MAILBOX_NAME_BYTES + 2];
	static char deep[2 * (LIMIT_MAILBOX_DEPTH + 1)];
	struct account account;

	begin(w);
	account = world_account_get(w, "alice@a.example");
	memset(name, 'n', sizeof name);
	check(run(w, account.id, CREATE, (struct slice){ name, LIMIT_MAILBOX_NAME_BYTES }, S("")) ==
		MAILBOX_OK);
	check(run(w, account.id, CREATE, (struct slice){ name, LIMIT_MAILBOX_NAME_BYTES + 1 },
		      S("")) == MAILBOX_CANNOT);
	for (size_t i = 0; i < sizeof deep; i++)
		deep[i] = i % 2 == 0 ? 'd' : '/';
	check(run(w, account.id, CREATE, (struct slice){ deep, 2 * LIMIT_MAILBOX_DEPTH - 1 },
		      S("")) == MAILBOX_OK);
	check(run(w, account.id, CREATE, (struct slice){ deep, 2 * LIMIT_MAILBOX_DEPTH + 1 },
		      S("")) == MAILBOX_CANNOT);
	/* Children's names grow with their parent's. */
	check(run(w, account.id, CREATE, S("p/child"), S("")) == MAILBOX_OK);
	name[LIMIT_MAILBOX_NAME_BYTES - 3] = 'm';
	check(run(w, account.id, RENAME, S("p"),
		      (struct slice){ name, LIMIT_MAILBOX_NAME_BYTES - 2 }) == MAILBOX_CANNOT);
	check(run(w, account.id, RENAME, S("d"), S("x/d")) == MAILBOX_CANNOT);
}

static void test_special_use(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct account account;

	begin(w);
	account = world_account_get(w, "alice@a.example");
	check(answer_of(mailbox_create(&w->mail, account.id, S("Sent"), 32, NULL, &e), &e) ==
		MAILBOX_OK);
	check(answer_of(mailbox_create(&w->mail, account.id, S("Sent2"), 32, NULL, &e), &e) ==
		MAILBOX_CANNOT);
	check(run(w, account.id, CREATE, S("Sent2"), S("")) == MAILBOX_OK);
	check(answer_of(mailbox_set_uses(&w->mail, account.id, S("Sent2"), 32, &e), &e) ==
		MAILBOX_CANNOT);
	check(answer_of(mailbox_set_uses(&w->mail, account.id, S("Sent"), 0, &e), &e) ==
		MAILBOX_OK);
	check(answer_of(mailbox_set_uses(&w->mail, account.id, S("Sent2"), 32, &e), &e) ==
		MAILBOX_OK);
	check(answer_of(mailbox_set_uses(&w->mail, account.id, S("None"), 1, &e), &e) ==
		MAILBOX_MISSING);
}

/* An account that goes takes all its mailboxes along, also when that was cut short. */
static void test_account_removed(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct account account;
	struct folder *f;

	begin(w);
	account = world_account_get(w, "alice@a.example");
	check(run(w, account.id, CREATE, S("a/b"), S("")) == MAILBOX_OK);
	check(run(w, account.id, SUBSCRIBE, S("a/b"), S("")) == MAILBOX_OK);
	f = world_mailbox(w, "alice@a.example", "a/b");
	(void)world_append(w, f, 0, 0, S("x\r\n"));
	folder_close(f);
	check(account_remove(w->mail.directory, S("alice@a.example"), &e) == CHANGE_DONE);
	check_no_rows(w, 'm', account.id);
	/* A session that is still there makes nothing new grow. */
	check(mailbox_create(&w->mail, account.id, S("late"), 0, NULL, &e) == MAILBOX_FAILED);
	check_no_rows(w, 'm', account.id);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "names", test_names, false },
		{ "reopen", test_reopen, true },
		{ "uid validity", test_uid_validity, false },
		{ "delete while open", test_delete_open, false },
		{ "rename inbox", test_rename_inbox, false },
		{ "limits", test_limits, false },
		{ "special use", test_special_use, false },
		{ "account removed", test_account_removed, false },
	};

	return world_run("mailbox", tests, COUNT(tests));
}
