/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * carry - a server's data as platforms keep it, and from one kind into another: folder or disk.
 *
 * A process and a container keep a data directory in a folder of this machine; a virtual machine keeps
 * it as /mailvisor on a disk of its own. A plan with data_from starts a server with what another
 * left (plan.keeps_data). Nothing is mounted: mke2fs -d fills a disk, debugfs reads one, qemu-img
 * turns VDI, VMDK and QCOW2 into raw. Owners become those of the platform that gets it.
 * A disk that was not unmounted goes to a machine as it is; before it is read, e2fsck plays the journal
 * on a copy.
 * Limits: disks with ext4.
 */
#include "lab/platform/platform.h"

#include <sys/types.h>

/* What stop() left in the plan's work folder: a data directory, or a disk. */
MUST_CHECK bool carry_kept(
	const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e);
/* For drivers whose stop() removes the disk: copies it to where carry_kept() looks. */
void carry_keep(const struct deploy_plan *plan, const char *name);
/* Does plan->data_from name a disk? False also when it is NULL. */
bool carry_is_disk(const struct deploy_plan *plan);
/*
 * Makes the data directory `to`, which is not there, out of plan->data_from; owner for those who may
 * give files away. Without data_from it does nothing, and that is fine.
 */
MUST_CHECK bool carry_to_folder(
	const struct deploy_plan *plan, const char *to, uid_t user, gid_t group, struct error *e);
/* Makes the raw disk `to` out of the disk plan->data_from. */
MUST_CHECK bool carry_to_disk(const struct deploy_plan *plan, const char *to, struct error *e);
