/* SPDX-License-Identifier: MIT */
#include "lab/image/kernel.h"

#include "lab/image/elf_file.h"
#include "lab/image/image.h"
#include "lab/image/modules.h"

#include <archive.h>
#include <archive_entry.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a bzImage says what it is: Documentation/x86/boot.rst, "The Real-Mode Kernel Header". */
enum {
	BZ_SETUP_SECTORS_AT = 0x1f1,
	BZ_MAGIC_AT = 0x202,
	BZ_VERSION_AT = 0x20e, /* 16 bits, plus BZ_VERSION_BASE */
	BZ_VERSION_BASE = 0x200,
	BZ_PAYLOAD_AT = 0x248,
	BZ_PAYLOAD_LENGTH_AT = 0x24c,
	BZ_HEADER_BYTES = 0x250,
	BZ_SECTOR_BYTES = 512,
	BZ_SETUP_SECTORS_DEFAULT = 4, /* what 0 means, for kernels of the last century */
};

static size_t number_at(struct slice file, size_t at, unsigned bytes)
{
	size_t number = 0;

	for (unsigned i = bytes; i-- > 0;)
		number = number << 8 | (unsigned char)file.at[at + i];
	return number;
}

static bool is_bzimage(struct slice file)
{
	return file.len >= BZ_HEADER_BYTES && memcmp(file.at + BZ_MAGIC_AT, "HdrS", 4) == 0;
}

bool image_kernel_version(
	const char *kernel_path, char ret_version[IMAGE_PATH_BYTES], struct error *e)
{
	auto_free char *at = NULL;
	size_t len = 0;

	if (!image_read(kernel_path, &at, &len, e))
		return false;
	struct slice file = { at, len };

	if (!is_bzimage(file))
		return fail(e, FAULT_NEVER, "read the kernel '%s': not a bzImage", kernel_path);
	struct slice text = slice_skip(file, BZ_VERSION_BASE + number_at(file, BZ_VERSION_AT, 2));

	if (!slice_text(slice_first(text, slice_find(text, ' ')), ret_version, IMAGE_PATH_BYTES))
		return fail(e, FAULT_NEVER, "read the kernel '%s': it has no version", kernel_path);
	return true;
}

/* The newest file of the pattern whose name has, or has not, that word; versions are compared as numbers. */
static bool newest_find(const char *pattern, const char *without, char ret_path[IMAGE_PATH_BYTES])
{
	glob_t found = { 0 };
	const char *newest = NULL;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			const char *path = found.gl_pathv[i];

			if ((without == NULL || strstr(path, without) == NULL) &&
				(newest == NULL || strverscmp(path, newest) > 0))
				newest = path;
		}
	}
	bool is_found = newest != NULL && slice_text(slice_of(newest), ret_path, IMAGE_PATH_BYTES);

	globfree(&found);
	return is_found;
}

bool image_kernel_find(char ret_path[IMAGE_PATH_BYTES], struct error *e)
{
	return newest_find("/boot/vmlinuz-*-cloud-amd64", NULL, ret_path) ||
	       fail(e, FAULT_NEVER,
		       "find a kernel: no '/boot/vmlinuz-*-cloud-amd64'; the package "
		       "linux-image-cloud-amd64 brings one, or name one with --kernel");
}

/* The first of the modules that this kernel has not; NULL: it has all. A kernel without modules has none. */
static const char *module_missing(const char *kernel_path, const char *const *modules)
{
	struct error ignored = { 0 };
	auto_modules m = { .context = NULL };

	if (!modules_open(&m, strchr(kernel_path, '-') + 1, &ignored))
		return modules[0];
	while (*modules != NULL && modules_find(&m, *modules) != MODULES_ABSENT)
		modules++;
	return *modules;
}

bool image_has_driver(const char *directory, const char *name)
{
	char path[2 * IMAGE_PATH_BYTES];
	auto_modules m = { .context = NULL };
	struct error ignored = { 0 };
	json_error_t where;

	(void)snprintf(path, sizeof path, "%s/" IMAGE_MANIFEST, directory);
	json_t *all = json_load_file(path, 0, &where);
	const char *version = json_string_value(json_object_get(all, "kernel_version"));
	bool has = version != NULL && modules_open(&m, version, &ignored) &&
		   modules_find(&m, name) != MODULES_ABSENT;

	json_decref(all);
	return has;
}

bool image_kernel_for(
	const struct image_plan *plan, char ret_path[IMAGE_PATH_BYTES], struct error *e)
{
	const char *missing = "generic";

	if (!plan->is_generic) {
		if (!image_kernel_find(ret_path, e))
			return false;
		missing = module_missing(ret_path, plan->modules);
		if (missing == NULL)
			return true;
	}
	if (!newest_find("/boot/vmlinuz-*[0-9]-amd64", "cloud", ret_path))
		return fail(e, FAULT_NEVER,
			"find a kernel with '%s': there is no '/boot/vmlinuz-*-amd64' beside the "
			"one for virtual machines; the package linux-image-amd64 brings one",
			missing);
	missing = module_missing(ret_path, plan->modules);
	return missing == NULL ||
	       fail(e, FAULT_NEVER, "find a kernel with the module '%s': not in '%s'", missing,
		       ret_path);
}

/* The packed kernel; empty when the header points outside the file. */
static struct slice payload_of(struct slice file)
{
	size_t sectors = number_at(file, BZ_SETUP_SECTORS_AT, 1);
	size_t from = (1 + (sectors == 0 ? BZ_SETUP_SECTORS_DEFAULT : sectors)) * BZ_SECTOR_BYTES +
		      number_at(file, BZ_PAYLOAD_AT, 4);
	size_t length = number_at(file, BZ_PAYLOAD_LENGTH_AT, 4);
	struct slice rest = slice_skip(file, from);

	return length < sizeof(uint32_t) || length > rest.len ? S("") : slice_first(rest, length);
}

/* Fills room with exactly `size` unpacked bytes of whatever libarchive can unpack. */
static bool unpack(struct slice packed, char *room, size_t size)
{
	struct archive *from = archive_read_new();
	struct archive_entry *entry;
	size_t got = 0;
	la_ssize_t part = 1;

	if (from == NULL)
		return false;
	(void)archive_read_support_filter_all(from);
	(void)archive_read_support_format_raw(from);
	if (archive_read_open_memory(from, packed.at, packed.len) == ARCHIVE_OK &&
		archive_read_next_header(from, &entry) == ARCHIVE_OK) {
		for (; part > 0 && got<size; got += part> 0 ? (size_t)part : 0)
			part = archive_read_data(from, room + got, size - got);
	}
	(void)archive_read_free(from);
	return got == size;
}

/* The kernel proper, free() it; NULL when it cannot be unpacked or not be entered. */
static char *kernel_unpack(struct slice file, size_t *ret_len)
{
	struct slice packed = is_bzimage(file) ? payload_of(file) : S("");
	/* Its last four bytes are the unpacked size, in every format. */
	size_t size = packed.len == 0 ? 0 : number_at(packed, packed.len - 4, 4);
	char *at = size == 0 || size > IMAGE_FILE_BYTES ? NULL : malloc(size);
	struct elf_view view;

	if (at != NULL && unpack(packed, at, size) && elf_read((struct slice){ at, size }, &view) &&
		view.has_pvh) {
		*ret_len = size;
		return at;
	}
	free(at);
	return NULL;
}

bool kernel_write(const char *from, const char *to, struct error *e)
{
	auto_free char *at = NULL;
	auto_free char *kernel = NULL;
	size_t len = 0;
	FILE *out;

	if (!image_read(from, &at, &len, e))
		return false;
	kernel = kernel_unpack((struct slice){ at, len }, &len);
	out = fopen(to, "we");
	if (out == NULL)
		return fail(e, FAULT_NEVER, "write '%s': %m", to);
	bool is_written = fwrite(kernel == NULL ? at : kernel, 1, len, out) == len;

	is_written = fclose(out) == 0 && is_written;
	return is_written || fail(e, FAULT_LATER, "write '%s': %m", to);
}
