/* SPDX-License-Identifier: MIT */
#include "net/crowd.h"

#include "check.h"

#include <string.h>

enum { ADDRESSES = 3000, STEPS = 40000 };

static struct peer_key key_of(unsigned number)
{
	struct peer_key key = { { 0x20, 0x01 } };

	memcpy(key.bytes + 4, &number, sizeof number);
	return key;
}

static void test_max(void **state)
{
	struct crowd c = { 0 };

	(void)state;
	check(crowd_count(&c, key_of(1)) == 0);
	check(crowd_add(&c, key_of(1), 2) && crowd_add(&c, key_of(1), 2));
	check(!crowd_add(&c, key_of(1), 2) && crowd_count(&c, key_of(1)) == 2);
	check(crowd_add(&c, key_of(2), 2) && !crowd_add(&c, key_of(3), 0));
	crowd_remove(&c, key_of(1));
	check(crowd_add(&c, key_of(1), 2) && !crowd_add(&c, key_of(1), 2));
	crowd_done(&c);
}

/* Random comings and goings agree with a plain array of counts. */
static void test_model(void **state)
{
	static unsigned model[ADDRESSES];
	struct crowd c = { 0 };
	uint32_t random = 1;

	(void)state;
	for (size_t i = 0; i < STEPS; i++) {
		unsigned at;

		random = random * 1664525u + 1013904223u;
		at = (random >> 8) % ADDRESSES;
		if (model[at] > 0 && (random >> 30) != 0) {
			crowd_remove(&c, key_of(at));
			model[at]--;
		} else {
			check_row(crowd_add(&c, key_of(at), 3) == (model[at] < 3), i);
			model[at] += model[at] < 3;
		}
		check_row(crowd_count(&c, key_of(at)) == model[at], i);
	}
	for (unsigned i = 0; i < ADDRESSES; i++) {
		check_row(crowd_count(&c, key_of(i)) == model[i], i);
		for (; model[i] > 0; model[i]--)
			crowd_remove(&c, key_of(i));
	}
	check(c.used == 0);
	crowd_done(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_max),
		cmocka_unit_test(test_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
