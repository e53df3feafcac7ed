/* SPDX-License-Identifier: MIT */
/* Snapshots of a machine of VirtualBox, and the failure of its power. */
#include "lab/platform/machine.h"
#include "lab/platform/virtualbox_manage.h"

#include <poll.h>

enum {
	UNLOCK_TRY_COUNT = 40, /* the session is locked for a moment after the machine's end */
	UNLOCK_WAIT_MS = 250,
};

static bool states_snapshot(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	const char *uuid = site_of(d)->machine;
	struct error ignored = { 0 };

	/* One of the same name is replaced. */
	(void)!MANAGE(&output, &ignored, "snapshot", uuid, "delete", name);
	struct platform_span span = site_span();

	if (!MANAGE(&output, e, "snapshot", uuid, "take", name, "--live"))
		return false;
	*ret = site_span_end(span);
	return true;
}

static void states_cut(struct deployment *d)
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };
	struct error ignored = { 0 };

	(void)!MANAGE(&output, &ignored, "controlvm", site_of(d)->machine, "poweroff");
	site_of(d)->keeper.program_pid = 0;
}

/* Only a machine that is off goes back. */
static bool snapshot_restore(const char *uuid, const char *name, struct error *e)
{
	auto_buf output = { .max = VIRTUALBOX_OUTPUT_BYTES };

	for (unsigned i = 1;; i++) {
		if (MANAGE(&output, e, "snapshot", uuid, "restore", name))
			return true;
		if (i == UNLOCK_TRY_COUNT)
			return false;
		error_clear(e);
		(void)poll(NULL, 0, UNLOCK_WAIT_MS);
	}
}

static bool states_boot(struct deployment *d, struct error *e)
{
	d->stage_count = 0;
	return virtualbox_start(d, e);
}

static bool states_revert(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e)
{
	struct platform_span span = site_span();

	states_cut(d);
	if (!snapshot_restore(site_of(d)->machine, name, e) || !states_boot(d, e))
		return false;
	*ret = site_span_end(span);
	return true;
}

const struct platform_states virtualbox_states = {
	.snapshot = states_snapshot, .revert = states_revert, .cut = states_cut, .boot = states_boot
};
