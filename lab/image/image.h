/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * image - the appliance: a kernel, an initramfs with a server and nothing else, a manifest. The server is ours, or one
 * of lab/server that says what of its packages it needs (Postfix with Dovecot).
 *
 * A directory with "kernel", "initramfs.cpio" and "image.json" (versions, SHA-256 of every part,
 * the modules). Made from installed packages, without root; the same inputs give the same bytes.
 * Not here: disks (lab/platform makes one a deployment), booting.
 * Threads: none.
 */
#include "lab/image/files.h"
#include "lab/server/server.h"

#define IMAGE_KERNEL "kernel"
#define IMAGE_INITRAMFS "initramfs.cpio"
#define IMAGE_MANIFEST "image.json"

struct image_plan {
	const char *directory;   /* made when it is not there */
	const char *kernel_path; /* NULL: the newest cloud kernel of /boot that has the modules */
	const char *server_path; /* the `mailvisor` program */
	const struct server *other; /* instead of it, with image_programs; NULL: ours */
	const char *packages_path;  /* root of unpacked packages for it; NULL: what is installed */
	/* Modules to load before the network and the disk are used; ends with NULL. NULL: virtio's, ext4. */
	const char *const *modules;
	bool is_generic; /* with modules: of the kernel for real machines in any case */
};

/* What an image is made of. */
MUST_CHECK bool image_collect(struct image_files *set, const struct image_plan *plan,
	const char *kernel_version, struct error *e);
MUST_CHECK bool image_build(const struct image_plan *plan, struct error *e);
/* The version in a bzImage's own header: "6.1.0-56-cloud-amd64". */
MUST_CHECK bool image_kernel_version(
	const char *kernel_path, char ret_version[IMAGE_PATH_BYTES], struct error *e);
/* The kernel an image is made with when nobody names one: the newest for virtual machines. */
MUST_CHECK bool image_kernel_find(char ret_path[IMAGE_PATH_BYTES], struct error *e);
/* The same for plan->modules: if that one lacks one, or is not wanted, the newest for real machines, which
 * has drivers for their devices and is slower to start. */
MUST_CHECK bool image_kernel_for(
	const struct image_plan *plan, char ret_path[IMAGE_PATH_BYTES], struct error *e);
/*
 * The image beside plan->directory's that has plan->modules: made as "DIRECTORY/MODULE+MODULE…" when it is
 * not there or has another server, with the kernel that has them; "DIRECTORY/SERVER+…" with another server than ours. With
 * no modules and our server it is plan->directory.
 */
MUST_CHECK bool image_variant(
	const struct image_plan *plan, char ret_directory[IMAGE_PATH_BYTES], struct error *e);
/* Has the kernel of the image in that directory a driver of that name? */
bool image_has_driver(const char *directory, const char *name);
/* "mailvisor" beside this program, in its build tree, or installed. */
MUST_CHECK bool image_server_find(char ret_path[IMAGE_PATH_BYTES], struct error *e);
/* `mailvisor-lab image …`; argv[0] is "image". Returns the exit status. */
int image_command(int argc, char **argv);
