/* SPDX-License-Identifier: MIT */
#include "net/timers.h"

#include "check.h"

enum { WORKS = 2000, STEPS = 30000 };

static uint64_t least(const struct work *works)
{
	uint64_t min = UINT64_MAX;

	for (size_t i = 0; i < WORKS; i++) {
		if (works[i].heap_at != 0 && works[i].park_until_ns < min)
			min = works[i].park_until_ns;
	}
	return min;
}

/* Adding, removing and firing in random order: the next one is always the least. */
static void test_order(void **state)
{
	static struct work works[WORKS];
	struct timers t = { 0 };
	uint32_t random = 7;
	uint64_t before = 0;

	(void)state;
	check(timers_reserve(&t, WORKS) && timers_next_ns(&t) == UINT64_MAX);
	for (size_t i = 0; i < STEPS; i++) {
		struct work *w;

		random = random * 1664525u + 1013904223u;
		w = &works[(random >> 8) % WORKS];
		if (w->heap_at != 0) {
			timers_remove(&t, w);
		} else {
			w->park_until_ns = 1 + (random >> 20);
			timers_add(&t, w);
		}
		if (i % 100 == 0)
			check_row(timers_next_ns(&t) == least(works), i);
	}
	while (t.count > 0) {
		uint64_t next = timers_next_ns(&t);
		struct work *w;

		check(timers_take_due(&t, next - 1) == NULL);
		w = timers_take_due(&t, next);
		check(w != NULL && w->heap_at == 0 && w->park_until_ns == next && next >= before);
		timers_remove(&t, w); /* not there: nothing happens */
		before = next;
	}
	check(timers_take_due(&t, UINT64_MAX) == NULL);
	timers_done(&t);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(test_order) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
