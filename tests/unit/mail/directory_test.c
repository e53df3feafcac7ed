/* SPDX-License-Identifier: MIT */
/* Who is behind an address, and how that is changed. */
#include "world.h"

#include <stdio.h>
#include <string.h>

enum { TARGETS_MAX = 4 };
struct resolve_row {
	const char *address;
	enum resolve answer;
	const char *targets[TARGETS_MAX]; /* in any order */
};

static bool has_target(const struct targets *t, const char *address)
{
	for (size_t i = 0; i < t->count; i++) {
		if (slice_same(t->at[i].address, slice_of(address)))
			return true;
	}
	return false;
}

static void check_rows(struct world *w, const struct resolve_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct error e = { .fault = FAULT_NONE };
		enum resolve answer;
		struct targets targets;
		size_t wanted = 0;

		check_row(directory_resolve(w->mail.directory, slice_of(rows[i].address), &w->arena,
				  &answer, &targets, &e),
			i);
		check_row(answer == rows[i].answer, i);
		for (; wanted < TARGETS_MAX && rows[i].targets[wanted] != NULL; wanted++)
			check_row(has_target(&targets, rows[i].targets[wanted]), i);
		check_row(targets.count == wanted, i);
	}
}

static enum change set_domain(struct world *w, struct domain domain)
{
	struct error e = { .fault = FAULT_NONE };

	return domain_set(w->mail.directory, &domain, &e);
}

static void populate(struct world *w)
{
	static const char *const team[] = { "alice@a.example", "alice@b.example", "x@far.example" };
	static const char *const loop_a[] = { "loop-b@a.example", "bob@a.example" };
	static const char *const loop_b[] = { "loop-a@a.example" };
	static const char *const self[] = { "self@a.example" };
	static const char *const nobody[] = { "nobody@a.example" };

	world_domain(w, "a.example");
	world_domain(w, "b.example");
	world_account(w, "alice@a.example");
	world_account(w, "bob@a.example");
	world_account(w, "alice@b.example");
	world_alias(w, "team@a.example", team, COUNT(team));
	world_alias(w, "loop-a@a.example", loop_a, COUNT(loop_a));
	world_alias(w, "loop-b@a.example", loop_b, COUNT(loop_b));
	world_alias(w, "self@a.example", self, COUNT(self));
	world_alias(w, "dangling@a.example", nobody, COUNT(nobody));
}

static void test_resolve(struct world *w)
{
	static const struct resolve_row rows[] = {
		{ "alice@a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "ALICE@A.EXAMPLE", RESOLVE_OK, { "alice@a.example" } },
		{ "\"alice\"@a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "alice@b.example", RESOLVE_OK, { "alice@b.example" } },
		{ "alice+shop@a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "alice+a+b@a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "+alice@a.example", RESOLVE_UNKNOWN, { NULL } },
		{ "carol@a.example", RESOLVE_UNKNOWN, { NULL } },
		{ "alice@c.example", RESOLVE_REMOTE, { NULL } },
		{ "alice@", RESOLVE_BAD, { NULL } },
		{ "team@a.example", RESOLVE_OK,
			{ "alice@a.example", "alice@b.example", "x@far.example" } },
		{ "team+x@a.example", RESOLVE_OK,
			{ "alice@a.example", "alice@b.example", "x@far.example" } },
		{ "loop-a@a.example", RESOLVE_OK, { "bob@a.example" } },
		{ "loop-b@a.example", RESOLVE_OK, { "bob@a.example" } },
		{ "self@a.example", RESOLVE_UNKNOWN, { NULL } },
		{ "dangling@a.example", RESOLVE_UNKNOWN, { NULL } },
		{ "postmaster@a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "PostMaster@A.EXAMPLE", RESOLVE_OK, { "alice@a.example" } },
		{ "postmaster+x@a.example", RESOLVE_UNKNOWN, { NULL } },
	};

	populate(w);
	check_rows(w, rows, COUNT(rows));
	/* And out of the cache. */
	check_rows(w, rows, COUNT(rows));
}

/* RFC 5321 4.5.1. Each row is what is true after one more change. */
static void test_postmaster(struct world *w)
{
	static const struct resolve_row none[] = {
		{ "postmaster", RESOLVE_UNKNOWN, { NULL } },
		{ "postmaster@b.example", RESOLVE_UNKNOWN, { NULL } },
	};
	static const struct resolve_row first[] = {
		{ "Postmaster", RESOLVE_OK, { "zoe@b.example" } },
		{ "postmaster@b.example", RESOLVE_OK, { "zoe@b.example" } },
		{ "postmaster@a.example", RESOLVE_OK, { "zoe@b.example" } },
		{ "postmaster@www.b.example", RESOLVE_OK, { "zoe@b.example" } },
	};
	static const struct resolve_row more[] = {
		{ "postmaster", RESOLVE_OK, { "alice@a.example" } }, /* the older domain */
		{ "postmaster@a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "postmaster@b.example", RESOLVE_OK, { "zoe@b.example" } },
	};
	static const struct resolve_row caught[] = {
		{ "postmaster@b.example", RESOLVE_OK, { "bob@b.example" } },
		{ "postmaster", RESOLVE_OK, { "alice@a.example" } },
	};
	static const struct resolve_row gone[] = {
		{ "postmaster@b.example", RESOLVE_OK, { "alice@a.example" } },
	};
	static const struct resolve_row own[] = {
		{ "postmaster@b.example", RESOLVE_OK, { "bob@b.example" } },
	};
	static const struct slice bob[] = { S_INIT("bob@b.example") };
	struct alias alias = { .address = S("Postmaster@b.example"), .target_count = 1 };
	struct error e = { .fault = FAULT_NONE };

	check(domain_add(w->mail.directory,
		      &(struct domain){ .name = S("a.example"), .created_s = 5 },
		      &e) == CHANGE_DONE);
	check(domain_add(w->mail.directory,
		      &(struct domain){ .name = S("b.example"), .created_s = 7 },
		      &e) == CHANGE_DONE);
	check(domain_add(w->mail.directory,
		      &(struct domain){ .name = S("www.b.example"), .alias_of = S("b.example") },
		      &e) == CHANGE_DONE);
	check_rows(w, none, COUNT(none));
	world_account(w, "zoe@b.example");
	world_account(w, "bob@b.example");
	check_rows(w, first, COUNT(first));
	world_account(w, "alice@a.example");
	check_rows(w, more, COUNT(more));
	/* The one who was named is gone: the next candidate. */
	check(account_remove(w->mail.directory, S("zoe@b.example"), &e) == CHANGE_DONE);
	check_rows(w, gone, COUNT(gone));
	check(set_domain(w, (struct domain){ .name = S("b.example"),
				    .postmaster = S("zoe@b.example"),
				    .catch_all = S("bob@b.example") }) == CHANGE_DONE);
	check_rows(w, caught, COUNT(caught));
	check(set_domain(w, (struct domain){ .name = S("b.example") }) == CHANGE_DONE);
	alias.targets = (struct slice *)(uintptr_t)bob;
	check(alias_add(w->mail.directory, &alias, &e) == CHANGE_DONE);
	check_rows(w, own, COUNT(own));
}

/* Who named somebody, or takes all, is not given another: also of many at once. */
static void test_first_account(struct world *w)
{
	static const struct {
		const char *postmaster, *catch_all, *becomes;
	} rows[] = {
		{ "", "", "one@d0.example" },
		{ "x@far.example", "", "x@far.example" },
		{ "", "x@far.example", "" },
	};
	char names[COUNT(rows)][16], ones[COUNT(rows)][20], twos[COUNT(rows)][20];
	struct account accounts[2 * COUNT(rows)] = { { .address = S("") } };
	struct error e = { .fault = FAULT_NONE };
	size_t done;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct domain domain = { .postmaster = slice_of(rows[i].postmaster),
			.catch_all = slice_of(rows[i].catch_all) };

		(void)snprintf(names[i], sizeof names[i], "d%zu.example", i);
		(void)snprintf(ones[i], sizeof ones[i], "one@%s", names[i]);
		(void)snprintf(twos[i], sizeof twos[i], "a@%s", names[i]);
		domain.name = slice_of(names[i]);
		check_row(domain_add(w->mail.directory, &domain, &e) == CHANGE_DONE, i);
		accounts[i].address = slice_of(ones[i]);
		accounts[COUNT(rows) + i].address = slice_of(twos[i]);
	}
	check(account_add_many(w->mail.directory, accounts, COUNT(accounts), &done, &e) ==
		CHANGE_DONE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct domain now;
		bool is_found;

		check_row(domain_get(w->mail.directory, slice_of(names[i]), &w->arena, &now,
				  &is_found, &e) &&
				  is_found,
			i);
		check_row(slice_same(now.postmaster, slice_of(rows[i].becomes)), i);
	}
}

static void test_domains(struct world *w)
{
	static const struct resolve_row before[] = {
		{ "alice@www.a.example", RESOLVE_REMOTE, { NULL } },
		{ "who@a.example", RESOLVE_UNKNOWN, { NULL } },
		{ "alice@b.example", RESOLVE_OK, { "alice@b.example" } },
	};
	static const struct resolve_row after[] = {
		{ "alice@www.a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "who@www.a.example", RESOLVE_OK, { "bob@a.example" } },
		{ "who@a.example", RESOLVE_OK, { "bob@a.example" } },
		{ "dangling@a.example", RESOLVE_UNKNOWN, { NULL } },
		{ "postmaster@a.example", RESOLVE_OK, { "bob@a.example" } },
		{ "alice@b.example", RESOLVE_DISABLED, { NULL } },
		{ "who@b.example", RESOLVE_DISABLED, { NULL } },
		{ "team@a.example", RESOLVE_OK, { "alice@a.example", "x@far.example" } },
	};
	struct error e = { .fault = FAULT_NONE };

	populate(w);
	check_rows(w, before, COUNT(before));
	check(domain_add(w->mail.directory,
		      &(struct domain){ .name = S("WWW.A.example"), .alias_of = S("A.example") },
		      &e) == CHANGE_DONE);
	check(set_domain(w, (struct domain){ .name = S("a.example"),
				    .catch_all = S("Bob@A.example") }) == CHANGE_DONE);
	check(set_domain(w, (struct domain){ .name = S("b.example"), .is_disabled = true }) ==
		CHANGE_DONE);
	check_rows(w, after, COUNT(after));
}

static void test_international(struct world *w)
{
	static const struct resolve_row rows[] = {
		{ "alice@b\xc3\xbc"
		  "cher.example",
			RESOLVE_OK, { "alice@xn--bcher-kva.example" } },
		{ "alice@B\xc3\x9c"
		  "CHER.example",
			RESOLVE_OK, { "alice@xn--bcher-kva.example" } },
		{ "alice@XN--BCHER-KVA.example", RESOLVE_OK, { "alice@xn--bcher-kva.example" } },
	};

	world_domain(w, "b\xc3\xbc"
			"cher.example");
	world_account(w, "alice@b\xc3\xbc"
			 "cher.example");
	check_rows(w, rows, COUNT(rows));
}

/* A chain one longer than LIMIT_ALIAS_DEPTH leads nowhere. */
static void test_depth(struct world *w)
{
	char names[LIMIT_ALIAS_DEPTH + 1][32];
	const char *target = "alice@a.example";
	struct resolve_row rows[] = {
		{ names[LIMIT_ALIAS_DEPTH - 1], RESOLVE_OK, { "alice@a.example" } },
		{ names[LIMIT_ALIAS_DEPTH], RESOLVE_UNKNOWN, { NULL } },
	};

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(names[i], sizeof names[i], "chain%zu@a.example", i);
		world_alias(w, names[i], &target, 1);
		target = names[i];
	}
	check_rows(w, rows, COUNT(rows));
}

static void test_disabled_account(struct world *w)
{
	static const struct resolve_row rows[] = {
		{ "alice@a.example", RESOLVE_DISABLED, { NULL } },
		{ "team@a.example", RESOLVE_OK, { "alice@b.example", "x@far.example" } },
	};
	struct error e = { .fault = FAULT_NONE };
	struct account account;

	populate(w);
	account = world_account_get(w, "alice@a.example");
	account.is_disabled = true;
	check(account_set(w->mail.directory, &account, &e) == CHANGE_DONE);
	check_rows(w, rows, COUNT(rows));
}

static void test_may_send_as(struct world *w)
{
	static const struct {
		const char *account, *address;
		bool may;
	} rows[] = {
		{ "alice@a.example", "alice@a.example", true },
		{ "alice@a.example", "Alice+shop@A.example", true },
		{ "alice@a.example", "alice@www.a.example", true },
		{ "alice@a.example", "team@a.example", true },
		{ "bob@a.example", "team@a.example", false },
		{ "alice@a.example", "alice@b.example", false },
		{ "alice@a.example", "who@a.example", false },
		{ "bob@a.example", "who@a.example", false }, /* catch-all */
		{ "bob@a.example", "loop-b@a.example", true },
		{ "alice@a.example", "x@far.example", false },
		{ "alice@a.example", "", false },
	};
	struct error e = { .fault = FAULT_NONE };

	populate(w);
	check(domain_add(w->mail.directory,
		      &(struct domain){ .name = S("www.a.example"), .alias_of = S("a.example") },
		      &e) == CHANGE_DONE);
	check(set_domain(w, (struct domain){ .name = S("a.example"),
				    .catch_all = S("bob@a.example") }) == CHANGE_DONE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool may = !rows[i].may;

		check_row(directory_may_send_as(w->mail.directory, slice_of(rows[i].account),
				  slice_of(rows[i].address), &may, &e),
			i);
		check_row(may == rows[i].may, i);
	}
}

static void test_account_answers(struct world *w)
{
	static const struct {
		const char *address, *password;
		enum change change;
		const char *words;
	} rows[] = {
		{ "carol@a.example", "", CHANGE_DONE, "" },
		{ "Carol@A.example", "", CHANGE_EXISTS, "'carol@a.example' exists already" },
		{ "team@a.example", "", CHANGE_EXISTS, "as an alias" },
		{ "bob@c.example", "", CHANGE_BAD,
			"account 'bob@c.example': domain 'c.example' does not exist" },
		{ "bob", "", CHANGE_BAD, "account 'bob': that is no address" },
		{ "dave@www.a.example", "", CHANGE_BAD, "is an alias of 'a.example'" },
		{ "dave@a.example", "secret", CHANGE_BAD, "no form that we store" },
		{ "dave@a.example", "", CHANGE_DONE, "" },
		{ "erin@a.example", "", CHANGE_LIMIT, "domain 'a.example' may have 4 accounts" },
	};
	struct error e = { .fault = FAULT_NONE };

	populate(w);
	check(domain_add(w->mail.directory,
		      &(struct domain){ .name = S("www.a.example"), .alias_of = S("a.example") },
		      &e) == CHANGE_DONE);
	check(set_domain(w, (struct domain){ .name = S("a.example"), .account_max = 4 }) ==
		CHANGE_DONE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct account account = { .address = slice_of(rows[i].address),
			.password = slice_of(rows[i].password) };

		error_clear(&e);
		check_row(account_add(w->mail.directory, &account, &e) == rows[i].change, i);
		check_row(strstr(e.text, rows[i].words) != NULL, i);
	}
	error_clear(&e);
	check(account_remove(w->mail.directory, S("carol@a.example"), &e) == CHANGE_DONE);
	check(account_remove(w->mail.directory, S("carol@a.example"), &e) == CHANGE_MISSING);
	error_clear(&e);
	check(account_add(w->mail.directory, &(struct account){ .address = S("erin@a.example") },
		      &e) == CHANGE_DONE);
}

static void test_domain_answers(struct world *w)
{
	static const struct {
		struct domain domain;
		enum change change;
		const char *words;
	} rows[] = {
		{ { .name = S_INIT("c.example") }, CHANGE_DONE, "" },
		{ { .name = S_INIT("C.Example.") }, CHANGE_EXISTS, "'c.example' exists already" },
		{ { .name = S_INIT("") }, CHANGE_BAD, "no domain name" },
		{ { .name = S_INIT("not a domain") }, CHANGE_BAD, "no domain name" },
		{ { .name = S_INIT("d.example"), .alias_of = S_INIT("e.example") }, CHANGE_BAD,
			"domain 'e.example' does not exist" },
		{ { .name = S_INIT("d.example"), .alias_of = S_INIT("d.example") }, CHANGE_BAD,
			"alias of itself" },
		{ { .name = S_INIT("d.example"), .catch_all = S_INIT("bob") }, CHANGE_BAD,
			"catch-all 'bob' is no address" },
		{ { .name = S_INIT("d.example"), .alias_of = S_INIT("c.example") }, CHANGE_DONE,
			"" },
		{ { .name = S_INIT("f.example"), .alias_of = S_INIT("d.example") }, CHANGE_BAD,
			"'d.example' is itself an alias" },
	};
	struct error e = { .fault = FAULT_NONE };

	populate(w);
	for (size_t i = 0; i < COUNT(rows); i++) {
		error_clear(&e);
		check_row(domain_add(w->mail.directory, &rows[i].domain, &e) == rows[i].change, i);
		check_row(strstr(e.text, rows[i].words) != NULL, i);
	}
	error_clear(&e);
	check(domain_remove(w->mail.directory, S("a.example"), &e) == CHANGE_IN_USE);
	check(strstr(e.text, "2 accounts and 5 aliases") != NULL);
	error_clear(&e);
	check(domain_remove(w->mail.directory, S("c.example"), &e) == CHANGE_IN_USE);
	error_clear(&e);
	check(domain_remove(w->mail.directory, S("d.example"), &e) == CHANGE_DONE);
	check(domain_remove(w->mail.directory, S("C.example"), &e) == CHANGE_DONE);
	check(domain_remove(w->mail.directory, S("c.example"), &e) == CHANGE_MISSING);
}

/* 700 accounts in three pages, in name order, each once; one bad row stops the import there. */
static void test_many(struct world *w)
{
	enum { MANY = 700, BAD = 600 };
	static char names[MANY][32];
	static struct account accounts[MANY];
	struct error e = { .fault = FAULT_NONE };
	struct slice after = S("");
	struct domain_counts counts;
	size_t done, seen = 0, count;
	bool is_found;

	world_domain(w, "a.example");
	for (size_t i = 0; i < MANY; i++) {
		(void)snprintf(names[i], sizeof names[i], "u%04zu@a.example", i);
		accounts[i] = (struct account){ .address = slice_of(names[i]) };
	}
	accounts[BAD].address = S("u0007@a.example");
	check(account_add_many(w->mail.directory, accounts, MANY, &done, &e) == CHANGE_EXISTS);
	check(done == BAD && strstr(e.text, "u0007@a.example") != NULL);
	error_clear(&e);
	accounts[BAD].address = slice_of(names[BAD]);
	check(account_add_many(w->mail.directory, accounts + BAD, MANY - BAD, &done, &e) ==
		CHANGE_DONE);
	check(domain_counts(w->mail.directory, S("a.example"), &counts, &is_found, &e));
	check(is_found && counts.accounts == MANY && counts.aliases == 0);
	do {
		struct account *page;

		check(account_list(w->mail.directory, S("a.example"), after, 300, &w->arena, &page,
			&count, &e));
		for (size_t i = 0; i < count; i++, seen++)
			check_row(slice_same(page[i].address, slice_of(names[seen])), seen);
		if (count > 0)
			after = page[count - 1].address;
	} while (count > 0);
	check(seen == MANY);
}

static void test_kept(struct world *w)
{
	static const struct resolve_row rows[] = {
		{ "alice@a.example", RESOLVE_OK, { "alice@a.example" } },
		{ "team@a.example", RESOLVE_OK,
			{ "alice@a.example", "alice@b.example", "x@far.example" } },
	};
	struct account before, after;

	populate(w);
	before = world_account_get(w, "alice@a.example");
	world_reopen(w);
	after = world_account_get(w, "alice@a.example");
	check(id_same(before.id, after.id) && before.created_s == after.created_s);
	check_rows(w, rows, COUNT(rows));
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "resolve", test_resolve, false },
		{ "postmaster", test_postmaster, false },
		{ "first account", test_first_account, false },
		{ "domains", test_domains, false },
		{ "international", test_international, false },
		{ "depth", test_depth, false },
		{ "disabled account", test_disabled_account, false },
		{ "may send as", test_may_send_as, false },
		{ "account answers", test_account_answers, false },
		{ "domain answers", test_domain_answers, false },
		{ "many", test_many, false },
		{ "kept", test_kept, true },
	};

	return world_run("directory", tests, COUNT(tests));
}
