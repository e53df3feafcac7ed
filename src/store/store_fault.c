/* SPDX-License-Identifier: MIT */
/*
 * The fault mode: a part of all transactions is answered CONFLICT or UNKNOWN, as an engine that
 * spans machines would, so that callers are tested before there is one. A CONFLICT was never run;
 * of the UNKNOWN one half was run and one half was not. The same seed gives the same row of dice,
 * though threads share them in whatever order they come.
 */
#include "store/store_engine.h"

/* SplitMix64: a counter and a mixer, so that one atomic addition serves all threads. */
static uint64_t fault_mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

enum store_fate store_fault_roll(struct store *s, enum store_answer *ret_answer)
{
	uint64_t dice;

	if (s->fault_percent == 0)
		return STORE_FATE_RUN;
	dice = fault_mix(__atomic_add_fetch(
		&s->fault_state, UINT64_C(0x9e3779b97f4a7c15), __ATOMIC_RELAXED));
	if (dice % 100 >= s->fault_percent)
		return STORE_FATE_RUN;
	switch (dice >> 32 & 3) {
	case 0:
		return STORE_FATE_HIDDEN;
	case 1:
		*ret_answer = STORE_UNKNOWN;
		return STORE_FATE_ANSWERED;
	default:
		*ret_answer = STORE_CONFLICT;
		return STORE_FATE_ANSWERED;
	}
}
