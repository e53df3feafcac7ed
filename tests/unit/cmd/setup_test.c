/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/limits.h"
#include "cmd/setup.h"
#include "mail/directory.h"

#include <string.h>

static struct mail mail;

static int open_mail(void **state)
{
	const struct store_options store_options = { .path = "", .may_create = true };
	const struct mail_options options = { .clock = &clock_real,
		.secret = S("0123456789abcdef0123456789abcdef"),
		.address_separator = '+',
		.password_threads = 1 };
	struct error e = { .fault = FAULT_NONE };
	struct store *store;

	(void)state;
	return !store_open(&store_mem, &store_options, &store, &e) ||
	       !mail_open(store, &options, &mail, &e);
}

static int close_mail(void **state)
{
	(void)state;
	mail_close(&mail);
	return 0;
}

static void test_good(void **state)
{
	static const struct slice text = S_INIT(
		"# people\n"
		"domain a.example\n"
		"\r\n"
		"  domain b.example  \n"
		"account alice@a.example secret quota=10M\n"
		"account bob@a.example $argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
		"G3uRh9OsK9L3mEqPvbD0Kx5eVDPjsRRtPZ0dQpqXwhY\n"
		"alias team@a.example alice@a.example bob@far.example\n"
		"catch-all a.example alice@a.example\n"
		"set workers=7");
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct error e = { .fault = FAULT_NONE };
	struct config c;
	struct account account;
	struct domain domain;
	struct alias alias;
	bool is_found;

	(void)state;
	config_init(&c);
	check(setup_settings(text, &c, &e) && c.workers == 7);
	if (!setup_mail(text, &mail, false, &e))
		print_error("%s\n", e.text);
	check(e.fault == FAULT_NONE);
	check(account_get(mail.directory, S("alice@a.example"), &arena, &account, &is_found, &e) &&
		is_found);
	check(account.quota_bytes == 10 << 20 && account.password.len > 0);
	check(domain_get(mail.directory, S("a.example"), &arena, &domain, &is_found, &e) &&
		is_found);
	check(slice_same(domain.catch_all, S("alice@a.example")));
	check(alias_get(mail.directory, S("team@a.example"), &arena, &alias, &is_found, &e) &&
		is_found);
	check(alias.target_count == 2);
	check(setup_mail(text, &mail, true, &e)); /* again: what is there stays */
	check(!setup_mail(text, &mail, false, &e) && strstr(e.text, "line 2") != NULL);
}

static void test_bad(void **state)
{
	static const struct {
		struct slice text;
		const char *says;
	} rows[] = {
		{ S_INIT("\nnonsense a.example\n"), "line 2: 'nonsense' is none of" },
		{ S_INIT("account x@a.example\n"), "line 1: account ADDRESS PASSWORD" },
		{ S_INIT("account x@a.example pw quota=lots\n"), "line 1: 'quota=lots'" },
		{ S_INIT("account x@a.example pw 10M\n"), "line 1: '10M'" },
		{ S_INIT("account x@nowhere.example pw\n"), "line 1: 'x@nowhere.example'" },
		{ S_INIT("alias y@a.example\n"), "line 1:" },
		{ S_INIT("catch-all nowhere.example x@a.example\n"),
			"no such domain 'nowhere.example'" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };

		check_row(!setup_mail(rows[i].text, &mail, true, &e), i);
		check_row(strstr(e.text, rows[i].says) != NULL, i);
	}
	struct error e = { .fault = FAULT_NONE };
	struct config c;
	config_init(&c);
	check(!setup_settings(S("set workers=0\n"), &c, &e) &&
		strstr(e.text, "line 1: set 'workers'") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad) };

	return cmocka_run_group_tests_name("setup", tests, open_mail, close_mail);
}
