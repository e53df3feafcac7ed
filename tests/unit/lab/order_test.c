/* SPDX-License-Identifier: MIT */
#include "base/own.h"
#include "check.h"
#include "lab/run/order.h"

#include <string.h>

enum { BLOCKS = 50 };

/* Every block runs every cell once, and positions are balanced within one, for all shapes and seeds. */
static void test_balance(void **state)
{
	(void)state;
	for (unsigned cells = 1; cells <= ORDER_CELLS_MAX; cells++) {
		for (uint64_t seed = 0; seed < 20; seed++) {
			uint8_t order[BLOCKS * ORDER_CELLS_MAX];
			unsigned at[ORDER_CELLS_MAX][ORDER_CELLS_MAX] = { { 0 } };

			order_make(BLOCKS, cells, seed, order);
			for (unsigned b = 0; b < BLOCKS; b++) {
				unsigned seen = 0;

				for (unsigned i = 0; i < cells; i++) {
					check_row(order[b * cells + i] < cells, b);
					seen |= 1u << order[b * cells + i];
					at[order[b * cells + i]][i]++;
				}
				check_row(seen == (1u << cells) - 1, b);
			}
			for (unsigned i = 0; i < cells * cells; i++) {
				unsigned count = at[i / cells][i % cells];

				check_row(count >= BLOCKS / cells &&
						  count <= (BLOCKS + cells - 1) / cells,
					i);
			}
		}
	}
}

/* With an even number of cells a whole square also balances who runs after whom (Williams). */
static void test_neighbours(void **state)
{
	(void)state;
	for (unsigned cells = 2; cells <= ORDER_CELLS_MAX; cells += 2) {
		uint8_t order[ORDER_CELLS_MAX * ORDER_CELLS_MAX];
		unsigned after[ORDER_CELLS_MAX][ORDER_CELLS_MAX] = { { 0 } };

		order_make(cells, cells, 99, order);
		for (unsigned b = 0; b < cells; b++) {
			for (unsigned i = 1; i < cells; i++)
				after[order[b * cells + i - 1]][order[b * cells + i]]++;
		}
		for (unsigned i = 0; i < cells * cells; i++)
			check_row(after[i / cells][i % cells] == (i / cells != i % cells), i);
	}
}

static void test_seeds(void **state)
{
	uint8_t a[BLOCKS * 5], b[BLOCKS * 5], c[BLOCKS * 5];

	(void)state;
	order_make(BLOCKS, 5, 1, a);
	order_make(BLOCKS, 5, 1, b);
	order_make(BLOCKS, 5, 2, c);
	check(memcmp(a, b, sizeof a) == 0 && memcmp(a, c, sizeof a) != 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_balance),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
