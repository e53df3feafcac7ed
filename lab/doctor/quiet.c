/* SPDX-License-Identifier: MIT */
#include "lab/doctor/quiet.h"

#include "base/clock.h"
#include "lab/doctor/canary.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static bool window_is_quiet(void)
{
	struct timespec wait = { 0, (long)QUIET_WINDOW_MS * (long)NS_PER_MS };
	struct cpu_times before, after;

	cpu_times_now(&before);
	(void)nanosleep(&wait, NULL);
	cpu_times_now(&after);
	/* Clock ticks are coarse: a window of less than a tick a processor says nothing bad. */
	unsigned long long passed = after.total - before.total;

	return passed > 0 && after.steal == before.steal &&
	       (after.idle - before.idle) * 100 >= passed * QUIET_IDLE_PERCENT;
}

void quiet_wait(
	const char *folder, unsigned limit_ms, const volatile bool *is_cancelled, struct quiet *ret)
{
	uint64_t from_ns = clock_mono_ns(&clock_real), now = from_ns;

	*ret = (struct quiet){ .is_quiet = limit_ms == 0 };
	if (limit_ms == 0)
		return;
	auto_fd fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)syncfs(fd);
	while (!ret->is_quiet && now < from_ns + limit_ms * NS_PER_MS &&
		(is_cancelled == NULL || !*is_cancelled)) {
		ret->is_quiet = window_is_quiet();
		now = clock_mono_ns(&clock_real);
	}
	ret->waited_ms = (double)(now - from_ns) / (double)NS_PER_MS;
}
