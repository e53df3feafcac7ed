/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <stdio.h>
#include <string.h>

static void set_password(struct world *w, const char *address, struct slice stored)
{
	struct account account = world_account_get(w, address);
	struct error e = { .fault = FAULT_NONE };

	account.password = stored;
	check(account_set(w->mail.directory, &account, &e) == CHANGE_DONE);
}

static enum login login(struct world *w, const char *user, struct slice plain)
{
	struct error e = { .fault = FAULT_NONE };
	struct account account;
	enum login answer;

	check(password_login(&w->mail, slice_of(user), plain, &w->arena, &answer, &account, &e));
	if (answer == LOGIN_OK)
		check(slice_same(account.address, S("alice@a.example")));
	return answer;
}

static void test_forms(struct world *w)
{
	(void)w;
	static const struct {
		struct slice text;
		bool is_hash;
	} rows[] = {
		{ S_INIT("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$aGFzaGhhc2g"),
			true },
		{ S_INIT("{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaA"), true },
		{ S_INIT("$argon2id$v=19$m=99999999,t=2,p=1$c2FsdHNhbHQ$aGFzaA"),
			false }, /* 95 GiB */
		{ S_INIT("$argon2id$v=19$m=19456,t=99,p=1$c2FsdHNhbHQ$aGFzaA"), false },
		{ S_INIT("$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"), false },
		{ S_INIT("$mv1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
			true },
		{ S_INIT("$mv1$AAAAAAAAAAAAAAAAAAAAAA$AAAA"), false },
		{ S_INIT("$mv2$AAAAAAAAAAAAAAAAAAAAAA$$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aA"),
			true },
		{ S_INIT("secret"), false },
		{ S_INIT(""), false },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(password_is_hash(rows[i].text) == rows[i].is_hash, i);
}

static void test_login(struct world *w)
{
	char room[LIMIT_PASSWORD_HASH_BYTES];
	struct buf stored = BUF_OVER(room);
	struct error e = { .fault = FAULT_NONE };
	struct password_stats before, after;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	check(domain_add(w->mail.directory,
		      &(struct domain){ .name = S("www.a.example"), .alias_of = S("a.example") },
		      &e) == CHANGE_DONE);
	check(login(w, "alice@a.example", S("")) == LOGIN_WRONG); /* no password: no login */
	check(password_hash(w->mail.password, S("right"), &stored, &e));
	set_password(w, "alice@a.example", buf_slice(&stored));
	check(login(w, "alice@a.example", S("wrong")) == LOGIN_WRONG);
	check(login(w, "alice@a.example", S("right")) == LOGIN_OK);
	password_stats_get(w->mail.password, &before);
	check(login(w, "ALICE@www.a.example", S("right")) == LOGIN_OK);
	password_stats_get(w->mail.password, &after);
	check(after.cache_hits == before.cache_hits + 1 && after.hashes == before.hashes);
	/* Everybody else costs a hash, whether there or not. */
	check(login(w, "nobody@a.example", S("right")) == LOGIN_WRONG);
	check(login(w, "alice", S("right")) == LOGIN_WRONG);
	check(login(w, "alice@a.example", S("wrong")) == LOGIN_WRONG);
	password_stats_get(w->mail.password, &after);
	check(after.hashes == before.hashes + 3);
	/* A change empties the cache's place. */
	buf_clear(&stored);
	check(password_hash(w->mail.password, S("new"), &stored, &e));
	set_password(w, "alice@a.example", buf_slice(&stored));
	check(login(w, "alice@a.example", S("right")) == LOGIN_WRONG);
	check(login(w, "alice@a.example", S("new")) == LOGIN_OK);
}

static void test_quick(struct world *w)
{
	char room[LIMIT_PASSWORD_HASH_BYTES];
	struct buf stored = BUF_OVER(room);
	struct error e = { .fault = FAULT_NONE };
	bool is_left = false;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	check(password_hash_quick(w->mail.password, S("right"), &stored, &e));
	check(password_is_hash(buf_slice(&stored)));
	set_password(w, "alice@a.example", buf_slice(&stored));
	check(login(w, "alice@a.example", S("right")) == LOGIN_OK);
	check(login(w, "alice@a.example", S("wrong")) == LOGIN_WRONG);
	for (unsigned i = 0; i < 5; i++)
		check(password_strengthen(&w->mail, 10, &is_left, &e));
	check(!is_left);
	check(slice_starts(world_account_get(w, "alice@a.example").password, S("$mv2$")));
	check(login(w, "alice@a.example", S("right")) == LOGIN_OK);
	check(login(w, "alice@a.example", S("wrong")) == LOGIN_WRONG);
}

static void test_disabled(struct world *w)
{
	char room[LIMIT_PASSWORD_HASH_BYTES];
	struct buf stored = BUF_OVER(room);
	struct error e = { .fault = FAULT_NONE };
	struct domain domain = { .name = S("a.example"), .is_disabled = true };

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	check(password_hash_quick(w->mail.password, S("right"), &stored, &e));
	set_password(w, "alice@a.example", buf_slice(&stored));
	check(domain_set(w->mail.directory, &domain, &e) == CHANGE_DONE);
	check(login(w, "alice@a.example", S("right")) == LOGIN_DISABLED);
	check(login(w, "alice@a.example", S("wrong")) == LOGIN_WRONG);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "forms", test_forms, false },
		{ "login", test_login, false },
		{ "quick", test_quick, false },
		{ "disabled", test_disabled, false },
	};

	return world_run("password", tests, COUNT(tests));
}
