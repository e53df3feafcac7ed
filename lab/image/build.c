/* SPDX-License-Identifier: MIT */
#include "lab/image/image.h"

#include "lab/image/elf_file.h"
#include "lab/image/kernel.h"
#include "lab/image/modules.h"
#include "lab/image/server_files.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { HASH_BYTES = 32, HASH_TEXT_BYTES = 2 * HASH_BYTES + 1 };

/* PID 1, built with the lab and part of it (image/meson.build). */
extern const char image_init_begin[], image_init_end[];

bool image_server_find(char ret_path[IMAGE_PATH_BYTES], struct error *e)
{
	static const char *const places[] = { "mailvisor", "../src/mailvisor",
		"../src/cmd/mailvisor", "../../src/mailvisor", "../../src/cmd/mailvisor",
		"/usr/sbin/mailvisor", "/usr/bin/mailvisor" };
	char here[IMAGE_PATH_BYTES / 2];
	ssize_t got = readlink("/proc/self/exe", here, sizeof here - 1);

	here[got < 0 ? 0 : got] = '\0';
	*(strrchr(here, '/') == NULL ? here : strrchr(here, '/')) = '\0';
	for (size_t i = 0; i < COUNT(places); i++) {
		bool is_whole = places[i][0] == '/';

		(void)snprintf(ret_path, IMAGE_PATH_BYTES, "%s%s%s", is_whole ? "" : here,
			is_whole ? "" : "/", places[i]);
		if (access(ret_path, X_OK) == 0)
			return true;
	}
	return fail(e, FAULT_NEVER,
		"find the server: no 'mailvisor' near '%s'; name it with --server", here);
}

/* PID 1 without what only a debugger reads. */
static bool init_add(struct image_files *set, struct error *e)
{
	size_t len = (size_t)(image_init_end - image_init_begin);
	auto_free char *at = malloc(len);
	struct elf_view view;

	if (at == NULL)
		return fail(e, FAULT_LATER, "add 'init' to the image: out of memory");
	memcpy(at, image_init_begin, len);
	invariant(elf_read((struct slice){ at, len }, &view) && view.loader.len == 0);
	len = elf_cut(at, &view);
	return image_files_add(set, "init", S_IFREG | 0755, (struct slice){ at, len }, e);
}

bool image_collect(struct image_files *set, const struct image_plan *plan,
	const char *kernel_version, struct error *e)
{
	/* ext4 is built into the kernel for virtual machines. */
	static const char *const usual[] = { "virtio_net", "virtio_blk", "ext4", NULL };

	return (plan->other != NULL ? other_files_add(set, plan->other, plan->packages_path, e)
				    : server_files_add(set, plan->server_path, e)) &&
	       modules_add(set, kernel_version, plan->modules == NULL ? usual : plan->modules, e) &&
	       init_add(set, e) &&
	       image_files_add_device(set, "dev/console", S_IFCHR | 0600, makedev(5, 1), e) &&
	       image_files_add_device(set, "dev/null", S_IFCHR | 0666, makedev(1, 3), e);
}

static void hash_text(const char *at, size_t len, char ret[HASH_TEXT_BYTES])
{
	unsigned char hash[HASH_BYTES] = { 0 };
	size_t hash_len = 0;

	invariant(EVP_Q_digest(NULL, "SHA256", NULL, at, len, hash, &hash_len) == 1 &&
		  hash_len == HASH_BYTES);
	for (size_t i = 0; i < HASH_BYTES; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", hash[i]);
}

/* {"path": …, "bytes": …, "sha256": …} of a file in the image's directory. */
static json_t *part_describe(const char *directory, const char *name, struct error *e)
{
	char path[IMAGE_PATH_BYTES], hash[HASH_TEXT_BYTES];
	auto_free char *at = NULL;
	size_t len = 0;

	if (snprintf(path, sizeof path, "%s/%s", directory, name) >= (int)sizeof path) {
		(void)fail(e, FAULT_NEVER, "read '%s': the path is too long", name);
		return NULL;
	}
	if (!image_read(path, &at, &len, e))
		return NULL;
	hash_text(at, len, hash);
	return json_pack("{s:s, s:I, s:s}", "file", name, "bytes", (json_int_t)len, "sha256", hash);
}

static json_t *modules_describe(const struct image_files *set, const char *list_path)
{
	const struct image_file *list = image_files_find(set, list_path);
	struct slice rest = list == NULL ? S("") : (struct slice){ list->at, list->len };
	json_t *names = json_array();

	while (rest.len > 0) {
		struct slice line = slice_first(rest, slice_find(rest, '\n'));

		(void)json_array_append_new(names, json_stringn(line.at, line.len));
		rest = slice_skip(rest, line.len + 1);
	}
	return names;
}

static json_t *files_describe(const struct image_files *set)
{
	json_t *files = json_object();

	for (size_t i = 0; i < set->count; i++) {
		char hash[HASH_TEXT_BYTES];

		if (!S_ISREG(set->files[i].mode))
			continue;
		hash_text(set->files[i].at, set->files[i].len, hash);
		(void)json_object_set_new(files, set->files[i].path,
			json_pack("{s:I, s:s}", "bytes", (json_int_t)set->files[i].len, "sha256",
				hash));
	}
	return files;
}

static bool manifest_write(const struct image_plan *plan, const struct image_files *set,
	const char *version, struct error *e)
{
	json_t *kernel = part_describe(plan->directory, IMAGE_KERNEL, e);
	json_t *initramfs =
		kernel == NULL ? NULL : part_describe(plan->directory, IMAGE_INITRAMFS, e);
	char path[IMAGE_PATH_BYTES];

	(void)snprintf(path, sizeof path, "%s/%s", plan->directory, IMAGE_MANIFEST);
	if (initramfs == NULL) {
		json_decref(kernel);
		return false;
	}
	json_t *all = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "server",
		plan->other == NULL ? "mailvisor" : plan->other->name, "kernel_version", version,
		"kernel", kernel, "initramfs", initramfs, "modules_now",
		modules_describe(set, "lib/modules/now"), "modules_later",
		modules_describe(set, "lib/modules/later"), "files", files_describe(set));
	bool is_written =
		all != NULL && json_dump_file(all, path, JSON_INDENT(1) | JSON_SORT_KEYS) == 0;

	json_decref(all);
	return is_written || fail(e, FAULT_LATER, "write '%s': %m", path);
}

bool image_build(const struct image_plan *plan, struct error *e)
{
	char kernel[IMAGE_PATH_BYTES], version[IMAGE_PATH_BYTES], path[IMAGE_PATH_BYTES];
	auto_image_files set = { 0 };

	if (plan->kernel_path != NULL) {
		if (!slice_text(slice_of(plan->kernel_path), kernel, sizeof kernel))
			return fail(e, FAULT_NEVER, "open '%s': the path is too long",
				plan->kernel_path);
	} else if (plan->modules == NULL ? !image_kernel_find(kernel, e)
					 : !image_kernel_for(plan, kernel, e)) {
		return false;
	}
	if (!image_kernel_version(kernel, version, e) || !image_collect(&set, plan, version, e))
		return false;
	if (mkdir(plan->directory, 0755) < 0 && errno != EEXIST)
		return fail(e, FAULT_NEVER, "make the directory '%s': %m", plan->directory);
	if (snprintf(path, sizeof path, "%s/" IMAGE_INITRAMFS, plan->directory) >= (int)sizeof path)
		return fail(e, FAULT_NEVER, "write '%s': the path is too long", plan->directory);
	if (!image_files_write_cpio(&set, path, e))
		return false;
	(void)snprintf(path, sizeof path, "%s/" IMAGE_KERNEL, plan->directory);
	return kernel_write(kernel, path, e) && manifest_write(plan, &set, version, e);
}
