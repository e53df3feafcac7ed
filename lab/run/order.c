/* SPDX-License-Identifier: MIT */
#include "lab/run/order.h"

#include "base/own.h"

static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void shuffled(uint8_t *at, unsigned count, uint64_t *state)
{
	for (unsigned i = 0; i < count; i++)
		at[i] = (uint8_t)i;
	for (unsigned i = count; i > 1; i--) {
		unsigned k = (unsigned)(random_next(state) % i);
		uint8_t kept = at[i - 1];

		at[i - 1] = at[k];
		at[k] = kept;
	}
}

/* 0, 1, n-1, 2, n-2, ...: each difference between neighbours occurs once when n is even. */
static unsigned zigzag(unsigned position, unsigned cells)
{
	return position % 2 == 1 ? (position + 1) / 2 : (cells - position / 2) % cells;
}

void order_make(unsigned blocks, unsigned cells, uint64_t seed, uint8_t *ret)
{
	uint8_t rows[ORDER_CELLS_MAX], names[ORDER_CELLS_MAX];
	uint64_t state = seed;

	invariant(cells <= ORDER_CELLS_MAX);
	for (unsigned block = 0; block < blocks && cells > 0; block++) {
		if (block % cells == 0) {
			shuffled(rows, cells, &state);
			shuffled(names, cells, &state);
		}
		unsigned shift = rows[block % cells];

		for (unsigned i = 0; i < cells; i++)
			ret[block * cells + i] = names[(zigzag(i, cells) + shift) % cells];
	}
}
