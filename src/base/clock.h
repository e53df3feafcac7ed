/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * clock - monotonic and wall time, as a value that tests can script.
 *
 * Deadlines are absolute monotonic nanoseconds. Wall time is nanoseconds since 1970-01-01 UTC and is
 * only for people, headers and stored dates, never for waiting.
 */
#include "base/own.h"

#include <stdint.h>

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_US UINT64_C(1000)

struct clock {
	uint64_t (*mono_ns)(void *self);
	uint64_t (*wall_ns)(void *self);
	void *self;
};

/* The machine's own. */
extern const struct clock clock_real;

static inline uint64_t clock_mono_ns(const struct clock *c)
{
	return c->mono_ns(c->self);
}

static inline uint64_t clock_wall_ns(const struct clock *c)
{
	return c->wall_ns(c->self);
}

/* "2026-11-23T05:26:30.123456Z" into room; returns room. RFC 3339. */
enum { CLOCK_TEXT_BYTES = 32 };
char *clock_text(uint64_t wall_ns, char room[CLOCK_TEXT_BYTES]);
