/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * order - in which order a block runs its cells: random, and balanced over positions.
 *
 * Each block is one row of a Latin square after Williams (Aust. J. Sci. Res. A 2, 1949), rows shuffled
 * and cells relabelled for each square: every cell stands at every position equally often (within
 * one), so a machine that warms up or gets busier during a block favours nobody.
 * Pure: the same seed gives the same order everywhere.
 */
#include <stdint.h>

enum { ORDER_CELLS_MAX = 16 };

/* ret[block * cells + position] = cell, 0 <= cell < cells <= ORDER_CELLS_MAX. */
void order_make(unsigned blocks, unsigned cells, uint64_t seed, uint8_t *ret);
