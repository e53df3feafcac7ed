/* SPDX-License-Identifier: MIT */
/* Quotas at their boundaries: the last byte and the last message that fit, and the first that do not. */
#include "world.h"

#include <string.h>

static const struct slice prefix =
	S_INIT("Return-Path: <sender@far.example>\r\nDelivered-To: alice@a.example\r\n");
static const char letters[1000];

static struct slice body_of(size_t whole)
{
	return (struct slice){ letters, whole - prefix.len };
}

static void limit_account(struct world *w, const char *address, uint64_t bytes, uint64_t messages)
{
	struct account account = world_account_get(w, address);
	struct error e = { .fault = FAULT_NONE };

	account.quota_bytes = bytes;
	account.quota_messages = messages;
	check(account_set(w->mail.directory, &account, &e) == CHANGE_DONE);
}

static void limit_domain(struct world *w, uint64_t bytes, uint64_t message_bytes_max)
{
	struct domain domain = {
		.name = S("a.example"), .quota_bytes = bytes, .message_bytes_max = message_bytes_max
	};
	struct error e = { .fault = FAULT_NONE };

	check(domain_set(w->mail.directory, &domain, &e) == CHANGE_DONE);
}

static enum intake_answer may(struct world *w, const char *address, uint64_t bytes)
{
	struct error e = { .fault = FAULT_NONE };
	enum resolve resolve;
	struct targets targets;

	check(directory_resolve(
		w->mail.directory, slice_of(address), &w->arena, &resolve, &targets, &e));
	return intake_may(&w->mail, &targets, bytes);
}

static void test_account_bytes(struct world *w)
{
	static const struct {
		size_t bytes;
		enum intake_answer answer;
	} rows[] = {
		{ 1001, INTAKE_TOO_BIG }, /* never fits */
		{ 400, INTAKE_OK },
		{ 601, INTAKE_OVER_QUOTA },
		{ 600, INTAKE_OK }, /* exactly full */
		{ 100, INTAKE_OVER_QUOTA },
	};
	struct error e = { .fault = FAULT_NONE };
	struct quota_usage usage;
	struct folder *f;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	limit_account(w, "alice@a.example", 1000, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_row(may(w, "alice@a.example", rows[i].bytes) == rows[i].answer, i);
		check_row(world_deliver(w, "alice@a.example", body_of(rows[i].bytes)) ==
				  rows[i].answer,
			i);
	}
	check(quota_account(&w->mail, world_account_get(w, "alice@a.example").id, &usage, &e));
	check(usage.bytes == 1000 && usage.messages == 2);
	f = world_folder(w, "alice@a.example");
	check(folder_remove(f, (const uint32_t[]){ 1 }, 1, &e));
	folder_close(f);
	check(world_deliver(w, "alice@a.example", body_of(400)) == INTAKE_OK);
	check(world_deliver(w, "alice@a.example", body_of(100)) == INTAKE_OVER_QUOTA);
}

static void test_account_messages(struct world *w)
{
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	limit_account(w, "alice@a.example", 0, 2);
	check(world_deliver(w, "alice@a.example", body_of(100)) == INTAKE_OK);
	check(may(w, "alice@a.example", 0) == INTAKE_OK);
	check(world_deliver(w, "alice@a.example", body_of(100)) == INTAKE_OK);
	check(may(w, "alice@a.example", 0) == INTAKE_OVER_QUOTA);
	check(world_deliver(w, "alice@a.example", body_of(100)) == INTAKE_OVER_QUOTA);
}

/* Mail that was there before the quota was set counts; two of one mail do not both take the last place. */
static void test_domain_bytes(struct world *w)
{
	static const char *const both[] = { "alice@a.example", "carol@a.example" };
	enum intake_answer answers[2];
	struct error e = { .fault = FAULT_NONE };
	struct quota_usage usage;
	struct folder *f;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	world_account(w, "carol@a.example");
	check(world_deliver(w, "alice@a.example", body_of(300)) == INTAKE_OK);
	limit_domain(w, 1000, 500);
	check(may(w, "carol@a.example", 501) == INTAKE_TOO_BIG);
	check(world_deliver(w, "carol@a.example", body_of(501)) == INTAKE_TOO_BIG);
	world_deliver_many(w, both, 2, body_of(400), answers);
	check((answers[0] == INTAKE_OK) != (answers[1] == INTAKE_OK));
	check(answers[0] == INTAKE_OVER_QUOTA || answers[1] == INTAKE_OVER_QUOTA);
	check(quota_domain(&w->mail, S("a.example"), &usage, &e));
	check(usage.bytes == 700 && usage.messages == 2);
	check(world_deliver(w, "carol@a.example", body_of(301)) == INTAKE_OVER_QUOTA);
	check(world_deliver(w, "carol@a.example", body_of(300)) == INTAKE_OK);
	check(may(w, "alice@a.example", 100) == INTAKE_OVER_QUOTA);
	f = world_folder(w, "alice@a.example");
	check(folder_remove(f, (const uint32_t[]){ 1 }, 1, &e));
	folder_close(f);
	check(quota_domain(&w->mail, S("a.example"), &usage, &e));
	check(usage.bytes == 700 && usage.messages == 2);
	/* An account that came after the sum is in it. */
	world_account(w, "david@a.example");
	check(world_deliver(w, "david@a.example", body_of(301)) != INTAKE_OK);
	check(world_deliver(w, "david@a.example", body_of(300)) == INTAKE_OK);
	check(account_remove(w->mail.directory, S("david@a.example"), &e) == CHANGE_DONE);
	check(quota_domain(&w->mail, S("a.example"), &usage, &e));
	check(usage.bytes == 700);
}

/* The owner's limits stand beside the administrator's: the smaller one counts, and each survives the other's changes. */
static void test_own_limits(struct world *w)
{
	static const struct {
		uint64_t given[2], own[2]; /* bytes, messages */
		enum change change;
		uint64_t counts[2];
	} rows[] = {
		{ { 0, 0 }, { 500, 2 }, CHANGE_DONE, { 500, 2 } },
		{ { 400, 0 }, { 401, 0 }, CHANGE_LIMIT, { 400, 2 } },
		{ { 400, 3 }, { 1, 4 }, CHANGE_LIMIT, { 400, 2 } },
		{ { 400, 3 }, { 400, 0 }, CHANGE_DONE, { 400, 3 } },
		{ { 1000, 3 }, { 999, 3 }, CHANGE_DONE, { 999, 3 } },
		{ { 10, 3 }, { 0, 1 }, CHANGE_DONE, { 10, 1 } },
		{ { 10, 3 }, { 0, 0 }, CHANGE_DONE, { 10, 3 } },
	};
	struct slice alice = S("alice@a.example");

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		struct target target;
		bool is_found;

		limit_account(w, "alice@a.example", rows[i].given[0], rows[i].given[1]);
		check_row(account_set_own_quota(w->mail.directory, alice, rows[i].own[0],
				  rows[i].own[1], &e) == rows[i].change,
			i);
		check_row((rows[i].change == CHANGE_DONE) == (e.fault == FAULT_NONE), i);
		check_row(directory_target(
				  w->mail.directory, alice, &w->arena, &target, &is_found, &e),
			i);
		check_row(is_found && target.quota_bytes == rows[i].counts[0], i);
		check_row(target.quota_messages == rows[i].counts[1], i);
	}
}

/* An administrator's change on the ground of what he read before does not undo the owner's. */
static void test_own_limits_stay(struct world *w)
{
	struct slice alice = S("alice@a.example");
	struct error e = { .fault = FAULT_NONE };
	struct account read_before;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	check(account_set_own_quota(w->mail.directory, S("bob@a.example"), 1, 0, &e) ==
		CHANGE_MISSING);
	error_clear(&e);
	read_before = world_account_get(w, "alice@a.example");
	check(account_set_own_quota(w->mail.directory, alice, 300, 0, &e) == CHANGE_DONE);
	check(account_set(w->mail.directory, &read_before, &e) == CHANGE_DONE);
	check(world_account_get(w, "alice@a.example").own_quota_bytes == 300);
	check(world_deliver(w, "alice@a.example", body_of(301)) == INTAKE_TOO_BIG);
	check(world_deliver(w, "alice@a.example", body_of(300)) == INTAKE_OK);
	check(may(w, "alice@a.example", 1) == INTAKE_OVER_QUOTA);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "account bytes", test_account_bytes, false },
		{ "account messages", test_account_messages, false },
		{ "domain bytes", test_domain_bytes, false },
		{ "own limits", test_own_limits, false },
		{ "own limits stay", test_own_limits_stay, false },
	};

	return world_run("quota", tests, COUNT(tests));
}
