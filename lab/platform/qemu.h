/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * qemu - what the two accelerators share: a guest that boots the appliance, driven over QMP.
 */
#include "lab/platform/site.h"

enum {
	/* usable 0.1 s after exec; on a loaded or emulated machine much later */
	QEMU_MONITOR_WAIT_MS = 20000,
};

/* How a guest begins; all zeros: it boots, from power on. */
struct qemu_start {
	int incoming_fd;      /* its state comes from here */
	bool is_continuing;   /* console and log go on */
	const char *tap_name; /* NULL: the seat's own */
};

/* Is everything there that a guest needs (QEMU, mke2fs, the image)? */
bool qemu_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES]);
MUST_CHECK bool qemu_deploy(const struct platform *platform, const struct deploy_plan *plan,
	struct deployment *ret, struct error *e);
void qemu_describe(char ret_json[PLATFORM_FACTS_BYTES]);

/* For what happens to a running guest (qemu_state.h). Starts QEMU on the deployment's disk and opens its
 * monitor, in site's keeper, group and qmp. */
MUST_CHECK bool qemu_begin(struct deployment *d, const struct qemu_start *how, struct error *e);
/* The paths that belong to a deployment. */
MUST_CHECK bool qemu_open(const struct platform *platform, const struct deploy_plan *plan,
	const struct lan_seat *seat, struct deployment *ret, struct error *e);
MUST_CHECK bool qemu_disk_path(
	const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e);
/* site_ready, and what can be known only then; for the facts. */
MUST_CHECK bool qemu_ready(struct deployment *d, struct error *e);
uint64_t qemu_until(uint64_t ms);

/* Snapshots, saved states, migration: the same for both accelerators (qemu_state.h). */
bool qemu_snapshot(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e);
bool qemu_revert(
	struct deployment *d, const char *name, struct platform_span *ret, struct error *e);
bool qemu_save(
	struct deployment *d, const char *directory, struct platform_span *ret, struct error *e);
bool qemu_restore(const struct platform *platform, const struct deploy_plan *plan,
	const char *directory, struct deployment *ret, struct error *e);
bool qemu_migrate(struct deployment *d, struct platform_span *ret, struct error *e);
void qemu_cut(struct deployment *d);
bool qemu_boot(struct deployment *d, struct error *e);
