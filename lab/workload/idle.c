/* SPDX-License-Identifier: MIT */
#include "lab/workload/idle.h"

#include "base/clock.h"
#include "lab/workload/push.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum {
	FILES_BESIDE = LOAD_CONCURRENCY_MAX + 64, /* senders, receiver, what the lab has open */
	SETTLE_MS = 300, /* until the server has put away what logging in took */
};

static void files_allow(unsigned count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count)
		return;
	limit.rlim_cur = limit.rlim_max < count ? limit.rlim_max : count;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static bool one_open(struct idle *i, const struct workload_plan *plan, struct push *imap)
{
	uint64_t until_ns = wire_now_ns() + plan->message_deadline_ns;
	struct pop3_mailbox box = { .host = plan->host,
		.port = plan->imap_port,
		.user = plan->user,
		.password = plan->password,
		.way = plan->way,
		.tls = plan->read_tls };

	if (!push_open(imap, &box, until_ns, &i->why_not))
		return false;
	if (push_park(imap, until_ns, &i->parked[i->count], &i->why_not))
		return true;
	push_close(imap);
	return false;
}

static void open_until(
	struct idle *i, const struct workload_plan *plan, unsigned count, struct push *imap)
{
	while (i->count < count && (plan->is_cancelled == NULL || !*plan->is_cancelled) &&
		i->why_not.fault == FAULT_NONE && one_open(i, plan, imap))
		i->count++;
}

static void tell(const struct idle *i, const struct workload_plan *plan)
{
	struct timespec wait = { 0, (long)(SETTLE_MS * NS_PER_MS) };

	if (plan->on_idle == NULL)
		return;
	(void)nanosleep(&wait, NULL);
	plan->on_idle(plan->context, i->count);
}

bool idle_open(struct idle *i, const struct workload_plan *plan, struct error *e)
{
	unsigned want = plan->load.idle_connections;
	auto_free struct push *imap = calloc(1, sizeof *imap);

	*i = (struct idle){ .parked = calloc(want + 1, sizeof *i->parked) };
	if (want == 0)
		return true;
	if (i->parked == NULL || imap == NULL)
		return fail(e, FAULT_LATER, "open %u connections: no memory", want);
	if (plan->imap_port == 0)
		return fail(e, FAULT_NEVER, "idle_connections: this platform offers no IMAP port");
	files_allow(want + FILES_BESIDE);
	/* Half of them and all of them: what starting cost the server is in both. */
	open_until(i, plan, (want + 1) / 2, imap);
	tell(i, plan);
	open_until(i, plan, want, imap);
	tell(i, plan);
	return true;
}

void idle_close(struct idle *i)
{
	for (unsigned k = 0; k < i->count; k++)
		push_parked_close(&i->parked[k]);
	free(i->parked);
	*i = (struct idle){ .count = 0 };
}
