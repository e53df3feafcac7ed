/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * image - the appliance: a kernel, an initramfs with our server as its only program, a manifest.
 *
 * A directory with "kernel", "initramfs.cpio" and "image.json" (versions, SHA-256 of every part,
 * the modules). Made from installed packages, without root; the same inputs give the same bytes.
 * Not here: disks (lab/platform makes one a deployment), booting.
 * Threads: none.
 */
#include "lab/image/files.h"

#define IMAGE_KERNEL "kernel"
#define IMAGE_INITRAMFS "initramfs.cpio"
#define IMAGE_MANIFEST "image.json"

struct image_plan {
	const char *directory;   /* made when it is not there */
	const char *kernel_path; /* NULL: the newest cloud kernel of /boot */
	const char *server_path; /* the `mailvisor` program */
};

/* What an image is made of; ret_version takes IMAGE_PATH_BYTES. */
MUST_CHECK bool image_collect(struct image_files *set, const char *server_path,
	const char *kernel_version, struct error *e);
MUST_CHECK bool image_build(const struct image_plan *plan, struct error *e);
/* The version in a bzImage's own header: "6.1.0-56-cloud-amd64". */
MUST_CHECK bool image_kernel_version(
	const char *kernel_path, char ret_version[IMAGE_PATH_BYTES], struct error *e);
/* The kernel an image is made with when nobody names one. */
MUST_CHECK bool image_kernel_find(char ret_path[IMAGE_PATH_BYTES], struct error *e);
/* "mailvisor" beside this program, in its build tree, or installed. */
MUST_CHECK bool image_server_find(char ret_path[IMAGE_PATH_BYTES], struct error *e);
/* `mailvisor-lab image …`; argv[0] is "image". Returns the exit status. */
int image_command(int argc, char **argv);
