/* SPDX-License-Identifier: MIT */
#include "lab/doctor/canary.h"

#include "base/clock.h"
#include "lab/files/file.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPIN_STEPS = 20000000, FLUSH_BYTES = 4096 };

static double ms_since(uint64_t from_ns)
{
	return (double)(clock_mono_ns(&clock_real) - from_ns) / (double)NS_PER_MS;
}

static double spin_ms(void)
{
	uint64_t from_ns = clock_mono_ns(&clock_real);
	volatile uint64_t kept = 0;
	uint64_t x = 88172645463325252;

	for (int i = 0; i < SPIN_STEPS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	kept = x;
	(void)kept;
	return ms_since(from_ns);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double flush_us(const char *folder)
{
	struct error ignored = { .fault = FAULT_NONE };
	char path[PATH_MAX], bytes[FLUSH_BYTES];
	double times[CANARY_FLUSHES];

	if (!path_join(folder, ".canary", path, &ignored))
		return (double)NAN;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return (double)NAN;
	(void)unlink(path);
	memset(bytes, 'c', sizeof bytes);
	for (int i = 0; i < CANARY_FLUSHES; i++) {
		uint64_t from_ns = clock_mono_ns(&clock_real);

		if (write(fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes || fdatasync(fd) != 0)
			return (double)NAN;
		times[i] = ms_since(from_ns) * 1000;
	}
	qsort(times, CANARY_FLUSHES, sizeof times[0], by_size);
	return times[CANARY_FLUSHES / 2];
}

void canary_measure(const char *folder, struct canary *ret)
{
	*ret = (struct canary){ .spin_ms = spin_ms(), .flush_us = flush_us(folder) };
}

void cpu_times_now(struct cpu_times *ret)
{
	struct error ignored = { .fault = FAULT_NONE };
	auto_buf text = { .max = 1 << 20 };
	unsigned long long t[8] = { 0 };

	*ret = (struct cpu_times){ 0, 0, 0 };
	if (!file_get("/proc/stat", &text, &ignored) || !buf_add_byte(&text, '\0'))
		return;
	/* user nice system idle iowait irq softirq steal: proc(5). */
	if (sscanf(text.at, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2],
		    &t[3], &t[4], &t[5], &t[6], &t[7]) != 8)
		return;
	for (size_t i = 0; i < COUNT(t); i++)
		ret->total += t[i];
	ret->idle = t[3];
	ret->steal = t[7];
}

double cpu_steal_percent(const struct cpu_times *before, const struct cpu_times *after)
{
	unsigned long long passed = after->total - before->total;

	if (before->total == 0 || after->total <= before->total || after->steal < before->steal)
		return (double)NAN;
	return 100.0 * (double)(after->steal - before->steal) / (double)passed;
}
