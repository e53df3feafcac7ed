/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t real_ns(clockid_t id)
{
	struct timespec t;

	invariant(clock_gettime(id, &t) == 0);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t real_mono_ns(void *self)
{
	(void)self;
	return real_ns(CLOCK_MONOTONIC);
}

static uint64_t real_wall_ns(void *self)
{
	(void)self;
	return real_ns(CLOCK_REALTIME);
}

const struct clock clock_real = { .mono_ns = real_mono_ns, .wall_ns = real_wall_ns };

char *clock_text(uint64_t wall_ns, char room[CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	unsigned micros = (unsigned)(wall_ns % NS_PER_S / NS_PER_US);
	struct tm t;
	size_t len;

	(void)gmtime_r(&seconds, &t);
	len = strftime(room, CLOCK_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &t);
	(void)snprintf(room + len, CLOCK_TEXT_BYTES - len, ".%06uZ", micros % 1000000u);
	return room;
}
