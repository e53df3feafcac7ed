/* SPDX-License-Identifier: MIT */
/* A guest moves to a second QEMU on this host while it serves; and what it takes to move any state. */
#include "base/clock.h"
#include "lab/files/json_file.h"
#include "lab/platform/qemu_state.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	MOVE_WAIT_MS = 60000, /* 256 MiB take 0.7 s */
	STATUS_BYTES = 32,
	DOWNTIME_MS = 100, /* how long a move may stop the guest for its last part */
};

/* More than any memory bus: never the limit. */
#define BANDWIDTH_BYTES (INT64_C(1) << 36)

bool qemu_command(struct qmp *q, const char *verb, json_t *arguments, struct error *e)
{
	return qmp_call(q, verb, arguments, qemu_until(QEMU_MONITOR_WAIT_MS), NULL, e);
}

bool qemu_is_running(struct deployment *d, const char *what, struct error *e)
{
	char reason[PLATFORM_REASON_BYTES];

	return (site_of(d)->qmp != NULL && site_is_alive(d, reason)) ||
	       fail(e, FAULT_NEVER, "%s '%s': it is not running", what, d->platform->name);
}

static bool migration_read(struct qmp *q, struct qemu_migration *ret, struct error *e)
{
	json_t *all = NULL;

	*ret = (struct qemu_migration){ .bytes = UINT64_MAX };
	if (!qmp_call(q, "query-migrate", NULL, qemu_until(QEMU_MONITOR_WAIT_MS), &all, e))
		return false;
	(void)!json_text(all, "status", ret->status, sizeof ret->status);
	(void)!json_text(all, "error-desc", ret->why, sizeof ret->why);
	(void)!json_count(all, "downtime", INT64_MAX / NS_PER_MS, &ret->downtime_ms);
	(void)!json_count(json_object_get(all, "ram"), "transferred", INT64_MAX, &ret->bytes);
	json_decref(all);
	return true;
}

bool qemu_state_send(struct qmp *q, int fd, struct qemu_migration *ret, struct error *e)
{
	uint64_t until_ns = qemu_until(MOVE_WAIT_MS);
	struct error ignored = { 0 };

	if (!qemu_command(q, "migrate-set-parameters",
		    json_pack("{s:I, s:i}", "max-bandwidth", (json_int_t)BANDWIDTH_BYTES,
			    "downtime-limit", DOWNTIME_MS),
		    e) ||
		!qmp_give_fd(q, "state", fd, qemu_until(QEMU_MONITOR_WAIT_MS), e) ||
		!qemu_command(q, "migrate", json_pack("{s:s}", "uri", "fd:state"), e))
		return false;
	while (migration_read(q, ret, e)) {
		if (strcmp(ret->status, "completed") == 0)
			return true;
		if (strcmp(ret->status, "failed") == 0 || strcmp(ret->status, "cancelled") == 0)
			return fail(e, FAULT_NEVER, "QEMU's migration %s%s%s", ret->status,
				ret->why[0] == '\0' ? "" : ": ", ret->why);
		if (clock_mono_ns(&clock_real) > until_ns) {
			(void)!qemu_command(q, "migrate_cancel", NULL, &ignored);
			return fail(e, FAULT_LATER, "QEMU's migration is not done in %d s",
				MOVE_WAIT_MS / 1000);
		}
		(void)poll(NULL, 0, QEMU_LOOK_MS);
	}
	return false;
}

/* What stood when it was saved stands again when it is there, until it is told to go. */
static bool status_take(struct qmp *q, char ret[STATUS_BYTES], struct error *e)
{
	json_t *all = NULL;

	if (!qmp_call(q, "query-status", NULL, qemu_until(QEMU_MONITOR_WAIT_MS), &all, e))
		return false;
	(void)!json_text(all, "status", ret, STATUS_BYTES);
	json_decref(all);
	return strcmp(ret, "paused") != 0 || qemu_command(q, "cont", NULL, e);
}

bool qemu_arrival_wait(struct qmp *q, struct error *e)
{
	uint64_t until_ns = qemu_until(MOVE_WAIT_MS);
	char status[STATUS_BYTES] = "";

	while (clock_mono_ns(&clock_real) < until_ns) {
		if (!status_take(q, status, e))
			return false;
		if (strcmp(status, "running") == 0)
			return true;
		(void)poll(NULL, 0, QEMU_LOOK_MS);
	}
	return fail(e, FAULT_LATER, "the guest did not arrive in %d s: '%s'", MOVE_WAIT_MS / 1000,
		status);
}

void qemu_monitor_close(struct qmp **q)
{
	if (*q != NULL)
		qmp_close(*q);
	free(*q);
	*q = NULL;
}

void qemu_end(struct site *s)
{
	s->part = NULL;
	keeper_kill(&s->keeper);
	qemu_monitor_close(&s->qmp);
}

/* What of a site belongs to one QEMU. */
struct instance {
	struct keeper keeper;
	struct cgroup group;
	struct qmp *qmp;
	bool (*part)(struct site *s, struct deployment *d);
};

static struct instance instance_take(struct site *s)
{
	struct instance m = { s->keeper, s->group, s->qmp, s->part };

	s->keeper = (struct keeper){ 0 };
	s->qmp = NULL;
	s->part = NULL;
	if (m.group.name[0] != '\0')
		(void)cgroup_name(&s->group);
	return m;
}

static void instance_give(struct site *s, const struct instance *m)
{
	s->keeper = m->keeper;
	s->group = m->group;
	s->qmp = m->qmp;
	s->part = m->part;
}

/* The site has the new machine, `old` the running one. */
static bool guest_move(struct deployment *d, struct instance *old, int ends[2],
	struct qemu_migration *ret, struct error *e)
{
	struct site *s = site_of(d);
	char tap[LAN_TEXT_BYTES];
	struct qemu_start how = { .incoming_fd = ends[1], .is_continuing = true, .tap_name = tap };

	(void)snprintf(tap, sizeof tap, "%.15s%s", s->seat.interface, s->has_moved ? "" : "m");
	if (!qemu_begin(d, &how, e))
		return false;
	fd_close(&ends[1]);
	return qemu_state_send(old->qmp, ends[0], ret, e) && qemu_arrival_wait(s->qmp, e);
}

static void ends_close(int (*ends)[2])
{
	fd_close(&(*ends)[0]);
	fd_close(&(*ends)[1]);
}

/* What the new machine became is undone, and the old one goes on. */
static void move_undo(struct deployment *d, const struct instance *old)
{
	struct site *s = site_of(d);
	struct error ignored = { 0 };

	qemu_end(s);
	cgroup_close(&s->group);
	instance_give(s, old);
	(void)!qemu_command(s->qmp, "cont", NULL, &ignored);
}

bool qemu_migrate(struct deployment *d, struct platform_span *ret, struct error *e)
{
	ON_EXIT(ends_close) int ends[2] = { -1, -1 };
	struct site *s = site_of(d);
	struct deployment before = *d; /* times and stages are those of the boot */
	struct platform_span span = site_span();
	struct qemu_migration done;

	if (!qemu_is_running(d, "migrate", e))
		return false;
	if (!s->has_lan)
		return fail(e, FAULT_NEVER,
			"migrate '%s': only on a tap; a user network's ports stay where they are",
			d->platform->name);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(e, FAULT_LATER, "migrate '%s': %m", d->platform->name);
	struct instance old = instance_take(s);

	bool has_moved = guest_move(d, &old, ends, &done, e);

	*d = before;
	if (!has_moved) {
		move_undo(d, &old);
		return fail_in(e, "migrate '%s'", d->platform->name);
	}
	span.end_ns = clock_mono_ns(&clock_real);
	span.paused_ns = done.downtime_ms * NS_PER_MS;
	span.bytes = done.bytes;
	s->part = old.part;
	s->has_moved = !s->has_moved;
	keeper_kill(&old.keeper);
	qemu_monitor_close(&old.qmp);
	*ret = span;
	return true;
}

void qemu_cut(struct deployment *d)
{
	qemu_end(site_of(d));
}

bool qemu_boot(struct deployment *d, struct error *e)
{
	char reason[PLATFORM_REASON_BYTES];

	if (site_is_alive(d, reason))
		return fail(e, FAULT_NEVER, "boot '%s': it is running", d->platform->name);
	d->stage_count = 0;
	return qemu_begin(d, &(struct qemu_start){ .is_continuing = true }, e) && qemu_ready(d, e);
}
