/* SPDX-License-Identifier: MIT */
/* Snapshots in the guest's own disk (qcow2): memory and disk under a name, and back (QEMU: jobs). */
#include "base/clock.h"
#include "lab/platform/qemu_state.h"
#include "lab/platform/qemu_words.h"

#include <poll.h>
#include <string.h>

enum {
	JOB_WAIT_MS = 60000, /* a snapshot of 256 MiB takes 0.2 s, with a busy disk seconds */
	NAME_BYTES_MAX = 64,
};

/* How much state the snapshot of that name holds, as QEMU says; UINT64_MAX: it does not. */
static uint64_t snapshot_bytes(const struct site *s, const char *tag)
{
	struct error ignored = { 0 };
	uint64_t bytes = UINT64_MAX;
	json_t *nodes = NULL;

	if (!qmp_call(s->qmp, "query-named-block-nodes", NULL, qemu_until(QEMU_MONITOR_WAIT_MS),
		    &nodes, &ignored))
		return bytes;
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		const json_t *image = json_object_get(json_array_get(nodes, i), "image");
		const json_t *all = json_object_get(image, "snapshots");

		for (size_t k = 0; k < json_array_size(all); k++) {
			const json_t *one = json_array_get(all, k);
			const char *name = json_string_value(json_object_get(one, "name"));

			if (name != NULL && strcmp(name, tag) == 0)
				bytes = (uint64_t)json_integer_value(
					json_object_get(one, "vm-state-size"));
		}
	}
	json_decref(nodes);
	return bytes;
}

/* Is our job over? Its error, if it had one, is in *e. */
static bool job_is_over(struct site *s, const char *id, struct error *e)
{
	json_t *jobs = NULL;
	const char *why = NULL;
	bool is_over = true;

	if (!qmp_call(s->qmp, "query-jobs", NULL, qemu_until(QEMU_MONITOR_WAIT_MS), &jobs, e))
		return true;
	for (size_t i = 0; i < json_array_size(jobs); i++) {
		json_t *job = json_array_get(jobs, i);
		const char *name = json_string_value(json_object_get(job, "id"));
		const char *status = json_string_value(json_object_get(job, "status"));

		if (name == NULL || status == NULL || strcmp(name, id) != 0)
			continue;
		is_over = strcmp(status, "concluded") == 0;
		why = json_string_value(json_object_get(job, "error"));
	}
	if (why != NULL)
		(void)fail(e, FAULT_NEVER, "QEMU says: %.160s", why);
	json_decref(jobs);
	return is_over;
}

static bool job_run(struct site *s, const char *verb, const char *tag, struct error *e)
{
	json_t *arguments = json_pack(
		"{s:s, s:s, s:[s]}", "job-id", verb, "tag", tag, "devices", QEMU_DISK_NODE);
	uint64_t until_ns = qemu_until(JOB_WAIT_MS);
	struct error ignored = { 0 };

	if (strcmp(verb, "snapshot-delete") != 0)
		(void)json_object_set_new(arguments, "vmstate", json_string(QEMU_DISK_NODE));
	if (!qemu_command(s->qmp, verb, arguments, e))
		return false;
	while (!job_is_over(s, verb, e)) {
		if (clock_mono_ns(&clock_real) > until_ns)
			return fail(
				e, FAULT_LATER, "%s: not done in %d s", verb, JOB_WAIT_MS / 1000);
		(void)poll(NULL, 0, QEMU_LOOK_MS);
	}
	(void)!qemu_command(s->qmp, "job-dismiss", json_pack("{s:s}", "id", verb), &ignored);
	return e->fault == FAULT_NONE;
}

static bool tag_check(const struct deployment *d, const char *tag, struct error *e)
{
	const struct hardware *h = &site_of(d)->plan->hardware;
	size_t len = strlen(tag);

	for (const char *at = tag; *at != '\0'; at++) {
		if (!ascii_is_alpha(*at) && !ascii_is_digit(*at))
			len = 0;
	}
	if (len == 0 || len > NAME_BYTES_MAX)
		return fail(e, FAULT_NEVER,
			"name a snapshot '%.70s': 1 to %d letters and digits are needed", tag,
			NAME_BYTES_MAX);
	return h->value[HARDWARE_FORMAT] == FORMAT_QCOW2 ||
	       fail(e, FAULT_NEVER,
		       "a snapshot needs a disk that can hold it: format = qcow2, not %s",
		       hardware_value_name(h, HARDWARE_FORMAT));
}

/* How long QEMU says that the guest stood still, from the events between stop and go. */
static uint64_t paused_ns(const struct qmp *q, uint64_t stops_before)
{
	return q->stop_count > stops_before && q->resumed_us >= q->stopped_us
		       ? (q->resumed_us - q->stopped_us) * NS_PER_US
		       : UINT64_MAX;
}

static bool state_job(struct deployment *d, const char *verb, const char *tag,
	struct platform_span *ret, struct error *e)
{
	struct site *s = site_of(d);
	uint64_t stops_before = s->qmp->stop_count;
	struct platform_span span = site_span();

	if (!job_run(s, verb, tag, e))
		return fail_in(e, "%s '%s'", verb, tag);
	span.end_ns = clock_mono_ns(&clock_real);
	span.paused_ns = paused_ns(s->qmp, stops_before);
	span.bytes = snapshot_bytes(s, tag);
	*ret = span;
	return true;
}

/* One of the same name is replaced. */
bool qemu_snapshot(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	struct error ignored = { 0 };

	if (!qemu_is_running(d, "snapshot", e) || !tag_check(d, name, e))
		return false;
	(void)!job_run(site_of(d), "snapshot-delete", name, &ignored);
	return state_job(d, "snapshot-save", name, ret, e);
}

/* QEMU lets the guest stand when it could not go back. */
bool qemu_revert(struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	struct error ignored = { 0 };

	if (!qemu_is_running(d, "revert", e) || !tag_check(d, name, e))
		return false;
	if (state_job(d, "snapshot-load", name, ret, e))
		return true;
	(void)!qemu_command(site_of(d)->qmp, "cont", NULL, &ignored);
	return false;
}
