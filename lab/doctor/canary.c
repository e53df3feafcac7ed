/* SPDX-License-Identifier: MIT */
#include "lab/doctor/canary.h"

#include "base/clock.h"
#include "lab/files/file.h"

#include <fcntl.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

/* Two ends of a TCP connection over 127.0.0.1. */
static bool connection_make(int *ret_near, int *ret_far)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	int one = 1;
	auto_fd door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	auto_fd near_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (door < 0 || near_fd < 0 || bind(door, (struct sockaddr *)&at, sizeof at) != 0 ||
		listen(door, 1) != 0 || getsockname(door, (struct sockaddr *)&at, &size) != 0 ||
		connect(near_fd, (struct sockaddr *)&at, sizeof at) != 0)
		return false;
	*ret_far = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	if (*ret_far < 0)
		return false;
	(void)setsockopt(near_fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	(void)setsockopt(*ret_far, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	*ret_near = fd_give(&near_fd);
	return true;
}

/* Until the other end is closed. */
static void *echo_run(void *context)
{
	const int *fd = context;
	char octet;

	while (recv(*fd, &octet, 1, 0) == 1 && send(*fd, &octet, 1, MSG_NOSIGNAL) == 1) {}
	return NULL;
}

static double trips_us(int near_fd)
{
	double times[CANARY_TRIPS];
	char octet = 'c';

	for (int i = 0; i < CANARY_TRIPS; i++) {
		uint64_t from_ns = clock_mono_ns(&clock_real);

		if (send(near_fd, &octet, 1, MSG_NOSIGNAL) != 1 || recv(near_fd, &octet, 1, 0) != 1)
			return (double)NAN;
		times[i] = ms_since(from_ns) * 1000;
	}
	qsort(times, CANARY_TRIPS, sizeof times[0], by_size);
	return times[CANARY_TRIPS / 2];
}

static double trip_us(void)
{
	auto_fd near_fd = -1, far_fd = -1;
	pthread_t echo;
	double us = (double)NAN;

	if (!connection_make(&near_fd, &far_fd) ||
		pthread_create(&echo, NULL, echo_run, &far_fd) != 0)
		return us;
	us = trips_us(near_fd);
	(void)shutdown(near_fd, SHUT_RDWR);
	(void)pthread_join(echo, NULL);
	return us;
}

void canary_measure(const char *folder, struct canary *ret)
{
	*ret = (struct canary){
		.spin_ms = spin_ms(), .flush_us = flush_us(folder), .trip_us = trip_us()
	};
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
