/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

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

/* `value` in so many digits, and what stands behind them. */
static char *put_digits(char *at, unsigned value, size_t count, char behind)
{
	for (size_t i = count; i > 0; i--, value /= 10)
		at[i - 1] = (char)('0' + value % 10);
	at[count] = behind;
	return at + count + 1;
}

/* Not by strftime and snprintf: each line of the log has a time, and each mail has eight lines. */
char *clock_text(uint64_t wall_ns, char room[CLOCK_TEXT_BYTES])
{
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm t;
	char *at;

	(void)gmtime_r(&seconds, &t);
	at = put_digits(room, (unsigned)t.tm_year + 1900, 4, '-');
	at = put_digits(at, (unsigned)t.tm_mon + 1, 2, '-');
	at = put_digits(at, (unsigned)t.tm_mday, 2, 'T');
	at = put_digits(at, (unsigned)t.tm_hour, 2, ':');
	at = put_digits(at, (unsigned)t.tm_min, 2, ':');
	at = put_digits(at, (unsigned)t.tm_sec, 2, '.');
	at = put_digits(at, (unsigned)(wall_ns % NS_PER_S / NS_PER_US), 6, 'Z');
	*at = '\0';
	return room;
}
