/* SPDX-License-Identifier: MIT */
/* Sets of UIDs against a plain array of booleans, with random ranges. */
#include "check.h"

#include "mail/uids.h"

#include <stdlib.h>
#include <string.h>

enum { SPAN = 200, ROUNDS = 3000 };

static unsigned random_state = 1;

static unsigned random_below(unsigned n)
{
	random_state = random_state * 1103515245u + 12345u;
	return (random_state >> 16) % n;
}

static void random_set(struct uids *u, bool *plain)
{
	memset(plain, 0, SPAN * sizeof *plain);
	uids_clear(u);
	for (uint32_t at = 1 + random_below(10); at < SPAN;) {
		uint32_t last = at + random_below(12);

		if (last >= SPAN)
			last = SPAN - 1;
		check(uids_append(u, at, last));
		for (uint32_t i = at; i <= last; i++)
			plain[i] = true;
		at = last + 1 + random_below(random_below(2) == 0 ? 3 : 40);
	}
}

/* Everything that can be asked, for every UID and every number. */
static void check_same(const struct uids *u, const bool *plain)
{
	uint32_t seq = 0, last = 0;

	for (uint32_t uid = 1; uid < SPAN; uid++) {
		check_row(uids_has(u, uid) == plain[uid], uid);
		seq += plain[uid] ? 1 : 0;
		last = plain[uid] ? uid : last;
		check_row(uids_rank(u, uid) == seq, uid);
		check_row(uids_seq(u, uid) == (plain[uid] ? seq : 0), uid);
		if (plain[uid])
			check_row(uids_at(u, seq) == uid, uid);
	}
	check(uids_size(u) == seq && uids_last(u) == last);
	check(uids_at(u, 0) == 0 && uids_at(u, seq + 1) == 0);
	for (size_t i = 1; i < u->count; i++)
		check_row(u->at[i].first > u->at[i - 1].last + 1, i);
}

static void test_random(void **state)
{
	bool a_plain[SPAN], b_plain[SPAN], plain[SPAN];
	auto_uids a = { 0 };
	auto_uids b = { 0 };
	auto_uids r = { 0 };

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		random_set(&a, a_plain);
		random_set(&b, b_plain);
		check_same(&a, a_plain);
		check(uids_common(&a, &b, &r));
		for (unsigned i = 0; i < SPAN; i++)
			plain[i] = a_plain[i] && b_plain[i];
		check_same(&r, plain);
		check(uids_without(&a, &b, &r));
		for (unsigned i = 0; i < SPAN; i++)
			plain[i] = a_plain[i] && !b_plain[i];
		check_same(&r, plain);
		check(uids_join(&a, &b, &r));
		for (unsigned i = 0; i < SPAN; i++)
			plain[i] = a_plain[i] || b_plain[i];
		check_same(&r, plain);
		check(uids_take_away(&r, &a));
		for (unsigned i = 0; i < SPAN; i++)
			plain[i] = b_plain[i] && !a_plain[i];
		check_same(&r, plain);
		check(uids_copy(&a, &r));
		check_same(&r, a_plain);
	}
}

static void test_ends(void **state)
{
	auto_uids a = { 0 };
	auto_uids b = { 0 };
	auto_uids r = { 0 };

	(void)state;
	check(uids_size(&a) == 0 && uids_last(&a) == 0 && uids_at(&a, 1) == 0);
	check(uids_append(&a, 1, UINT32_MAX - 1) &&
		uids_append(&b, UINT32_MAX - 2, UINT32_MAX - 1));
	check(uids_size(&a) == UINT32_MAX - 1);
	check(uids_without(&a, &b, &r) && uids_last(&r) == UINT32_MAX - 3 && r.count == 1);
	check(uids_common(&a, &b, &r) && uids_size(&r) == 2);
	check(uids_join(&b, &a, &r) && r.count == 1 && uids_last(&r) == UINT32_MAX - 1);
	/* In any order, overlapping. */
	uids_clear(&r);
	check(uids_append(&r, 20, 30) && uids_append(&r, 5, 7) && uids_append(&r, 6, 22));
	check(r.count == 1 && uids_size(&r) == 26 && uids_at(&r, 1) == 5);
	uids_clear(&b);
	check(uids_of((const uint32_t[]){ 3, 4, 9 }, 3, &b) && b.count == 2 && uids_at(&b, 3) == 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
