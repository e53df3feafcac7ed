/* SPDX-License-Identifier: MIT */
#include "session/login_throttle.h"

#include "base/clock.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

static const uint64_t start = 1000 * NS_PER_S;
#define ALICE S("alice@a.example")
#define HERE S("192.0.2.1")

static struct login_throttle table;

static int begin(void **state)
{
	(void)state;
	memset(&table, 0, sizeof table);
	lock_init(&table.lock, RANK_LOGIN);
	return 0;
}

static void fail_times(struct slice address, struct slice account, unsigned count, uint64_t now)
{
	for (unsigned i = 0; i < count; i++)
		login_throttle_failed(&table, address, account, now);
}

/* One address against many accounts: its own burst, and back after one refill. */
static void test_address(void **state)
{
	char account[32];

	(void)state;
	for (unsigned i = 0; i < LOGIN_ADDRESS_BURST; i++) {
		(void)snprintf(account, sizeof account, "user%u@a.example", i);
		check_row(login_throttle_may(&table, HERE, slice_of(account), start), i);
		login_throttle_failed(&table, HERE, slice_of(account), start);
	}
	check(!login_throttle_may(&table, HERE, ALICE, start));
	check(login_throttle_may(&table, S("192.0.2.2"), ALICE, start));
	check(!login_throttle_may(
		&table, HERE, ALICE, start + LOGIN_ADDRESS_REFILL_MS * NS_PER_MS - 1));
	check(login_throttle_may(&table, HERE, ALICE, start + LOGIN_ADDRESS_REFILL_MS * NS_PER_MS));
	login_throttle_failed(&table, HERE, ALICE, start + LOGIN_ADDRESS_REFILL_MS * NS_PER_MS);
	check(!login_throttle_may(
		&table, HERE, ALICE, start + LOGIN_ADDRESS_REFILL_MS * NS_PER_MS));
}

/* Many addresses against one account. */
static void test_account(void **state)
{
	char address[32];

	(void)state;
	for (unsigned i = 0; i < LOGIN_ACCOUNT_BURST; i++) {
		(void)snprintf(address, sizeof address, "198.51.100.%u", i);
		check_row(login_throttle_may(&table, slice_of(address), ALICE, start), i);
		login_throttle_failed(&table, slice_of(address), ALICE, start);
	}
	check(!login_throttle_may(&table, HERE, ALICE, start));
	check(!login_throttle_may(&table, HERE, S("ALICE@A.example"), start));
	check(login_throttle_may(&table, HERE, S("bob@a.example"), start));
	check(login_throttle_may(&table, HERE, ALICE, start + LOGIN_ACCOUNT_REFILL_MS * NS_PER_MS));
}

/* A stranger's failures do not lock out an owner who logged in before from where he is. */
static void test_known_owner(void **state)
{
	(void)state;
	login_throttle_passed(&table, HERE, ALICE, start);
	for (unsigned i = 0; i < 5; i++)
		fail_times(S(""), ALICE, LOGIN_ACCOUNT_BURST, start);
	check(!login_throttle_may(&table, S("192.0.2.2"), ALICE, start));
	check(login_throttle_may(&table, HERE, ALICE, start));
	fail_times(HERE, ALICE, LOGIN_ADDRESS_BURST, start);
	check(!login_throttle_may(&table, HERE, ALICE, start));
}

/* The table is bounded: ten times as many keys as places, and whoever fails now is still held. */
static void test_full(void **state)
{
	char address[32];

	(void)state;
	for (unsigned i = 0; i < 10 * LOGIN_THROTTLE_SETS * LOGIN_THROTTLE_WAYS; i++) {
		(void)snprintf(address, sizeof address, "address-%u", i);
		login_throttle_failed(&table, slice_of(address), S(""), start);
		login_throttle_passed(&table, slice_of(address), ALICE, start);
	}
	fail_times(HERE, S(""), LOGIN_ADDRESS_BURST, start);
	check(!login_throttle_may(&table, HERE, S(""), start));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_address, begin),
		cmocka_unit_test_setup(test_account, begin),
		cmocka_unit_test_setup(test_known_owner, begin),
		cmocka_unit_test_setup(test_full, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
