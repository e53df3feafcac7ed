/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * machine - what VirtualBox, VMware and libvirt have in common: a machine that another program keeps.
 *
 * Its name carries the lab's mark, so that the next lab knows what a crashed one left behind.
 * It boots the image's disk (lab/image/disk.h) and keeps its mail on a second one; both lie in
 * WORK/machine. The machine's own process is found by its name and words, for its cost and its life.
 * Threads: the lab's main thread.
 */
#include "lab/platform/site.h"

enum { MACHINE_NAME_BYTES = 80 };

/* How one hypervisor does what all of them do in the same order. */
struct machine_driver {
	/* Makes and starts it, until site_ready() or not. */
	bool (*make)(struct deployment *d, struct error *e);
	/* Presses its power button; false: there is no way to ask for a clean end. */
	bool (*press)(struct site *s);
	/* Ends the machine of that name at once and removes it. Called when s->machine is set. */
	void (*remove)(struct site *s);
	const char *
		disk; /* its data, in the work folder: the machine's end takes it, so what is kept is a copy */
};
/* Opens a site on the machine's own network and makes the machine; what was made is gone when that fails. */
MUST_CHECK bool machine_deploy(const struct machine_driver *driver, const struct platform *platform,
	const struct deploy_plan *plan, struct deployment *ret, struct error *e);
/* Its clean end, if it ever served, then its end. */
void machine_stop(const struct machine_driver *driver, struct deployment *d);
/* Waits for it to go off by itself, as site.looks tells. */
void machine_off_wait(struct site *s);
/* Notes the moment before the hypervisor is told to start it. */
void machine_spawn(struct deployment *d);
#define MACHINE_PREFIX "mailvisor-lab-"

/* "mailvisor-lab-MARK-NUMBER" (lab/files/owner.h), another one each time. */
void machine_name_next(char ret[MACHINE_NAME_BYTES]);
/* Does the text hold the name of a machine whose lab is gone? */
bool machine_is_orphan(struct slice text);
/* "VirtualBox's machine 'NAME'", a line for platform.sweep; said may be NULL. */
void machine_said(struct buf *said, const char *hypervisor, struct slice name);
/* Are the programs for disks and the image there? The reason is a sentence. */
bool machine_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES]);
/* Makes WORK/machine; ret is its absolute path. */
MUST_CHECK bool machine_directory(
	const struct deploy_plan *plan, char ret[PLATFORM_PATH_BYTES], struct error *e);
/* The boot disk with the server's settings in it, and the data disk, both raw. */
MUST_CHECK bool machine_disks(struct site *s, const char *directory,
	char ret_boot[PLATFORM_PATH_BYTES], char ret_data[PLATFORM_PATH_BYTES], struct error *e);
/* The process of that name which has `word` in its command line; 0: there is none. */
pid_t machine_pid(const char *program, const char *word);
/* Is the process there, and no zombie? */
bool machine_runs(pid_t pid);
/* What is the same in both machines' facts. */
void machine_note(struct site *s, const char *hypervisor, struct slice version);
