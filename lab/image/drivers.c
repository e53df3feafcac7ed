/* SPDX-License-Identifier: MIT */
#include "lab/image/drivers.h"

#include "base/buf.h"
#include "lab/guest/devices.h"

#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { DRIVER_LIST_BYTES = 64 << 10, DRIVER_NAME_COUNT = 4 };

/* Each with what it needs beside its dependencies; the last one has the patterns. */
static const char *const drivers[][DRIVER_NAME_COUNT] = {
	{ "vmxnet3" },               /* VMware's network */
	{ "sd_mod", "vmw_pvscsi" },  /* VMware's disk */
	{ "sd_mod", "virtio_scsi" }, /* VirtualBox and QEMU */
	{ "sd_mod", "ata_piix" },    /* IDE as old machines had it: VirtualBox and QEMU's "pc" */
};

static void context_done(struct kmod_ctx **context)
{
	if (*context != NULL)
		(void)kmod_unref(*context);
}

static void list_done(struct kmod_list **list)
{
	(void)kmod_module_unref_list(*list);
}

static void info_done(struct kmod_list **list)
{
	kmod_module_info_free_list(*list);
}

static void module_done(struct kmod_module **module)
{
	if (*module != NULL)
		(void)kmod_module_unref(*module);
}

static bool module_add(
	struct image_files *set, struct kmod_module *module, struct buf *paths, struct error *e)
{
	const char *source = kmod_module_get_path(module);
	char path[IMAGE_PATH_BYTES];

	if (source == NULL) /* built in */
		return true;
	if (!slice_ends_nocase(slice_of(source), S(".ko")))
		return fail(e, FAULT_NEVER,
			"add the module '%s': compressed modules are not supported", source);
	if (snprintf(path, sizeof path, "lib/modules/%s.ko", kmod_module_get_name(module)) >=
			(int)sizeof path ||
		!buf_add_format(paths, "/%s\n", path))
		return fail(e, FAULT_NEVER, "add the module '%s': the list is full", source);
	return image_files_find(set, path) != NULL ||
	       image_files_add_copy(set, path, S_IFREG | 0644, source, e);
}

static bool tree_add(
	struct image_files *set, struct kmod_module *module, struct buf *paths, struct error *e)
{
	ON_EXIT(list_done) struct kmod_list *needs = kmod_module_get_dependencies(module);
	struct kmod_list *at;

	kmod_list_foreach(at, needs)
	{
		ON_EXIT(module_done) struct kmod_module *need = kmod_module_get_module(at);

		if (!module_add(set, need, paths, e))
			return false;
	}
	return module_add(set, module, paths, e);
}

/* The devices it is for, a pattern a line. */
static bool patterns_add(const struct kmod_module *module, struct buf *lines, struct error *e)
{
	ON_EXIT(info_done) struct kmod_list *info = NULL;
	struct kmod_list *at;

	if (kmod_module_get_info(module, &info) < 0)
		return fail(e, FAULT_NEVER, "read the module '%s': libkmod says no",
			kmod_module_get_name(module));
	kmod_list_foreach(at, info)
	{
		const char *value = kmod_module_info_get_value(at);

		if (strcmp(kmod_module_info_get_key(at), "alias") == 0 && strchr(value, ':') &&
			!buf_add_format(lines, "%s\n", value))
			return fail(e, FAULT_NEVER, "list the drivers: more than %d bytes",
				DRIVER_LIST_BYTES);
	}
	return true;
}

/* One row of the table. */
static bool driver_add(struct kmod_ctx *context, struct image_files *set, const char *const *names,
	struct buf *lines, struct error *e)
{
	auto_buf paths = { .max = DRIVER_LIST_BYTES };

	for (unsigned i = 0; i < DRIVER_NAME_COUNT && names[i] != NULL; i++) {
		ON_EXIT(module_done) struct kmod_module *module = NULL;
		bool is_driver = i + 1 == DRIVER_NAME_COUNT || names[i + 1] == NULL;

		if (kmod_module_new_from_name(context, names[i], &module) < 0 ||
			!tree_add(set, module, &paths, e))
			return e->fault != FAULT_NONE
				       ? false
				       : fail(e, FAULT_LATER, "find the module '%s'", names[i]);
		if (is_driver && kmod_module_get_path(module) != NULL &&
			!patterns_add(module, lines, e))
			return false;
		if (is_driver && kmod_module_get_path(module) == NULL)
			return true; /* this kernel has it built in, or has it not */
	}
	return buf_add(lines, buf_slice(&paths)) ||
	       fail(e, FAULT_NEVER, "list the drivers: more than %d bytes", DRIVER_LIST_BYTES);
}

bool drivers_add(struct image_files *set, const char *version, struct error *e)
{
	char directory[IMAGE_PATH_BYTES];
	auto_buf lines = { .max = DRIVER_LIST_BYTES };

	(void)snprintf(directory, sizeof directory, "/lib/modules/%s", version);
	ON_EXIT(context_done) struct kmod_ctx *context = kmod_new(directory, NULL);

	if (context == NULL)
		return fail(e, FAULT_LATER, "open '%s': libkmod says no", directory);
	for (size_t i = 0; i < COUNT(drivers); i++) {
		if (!driver_add(context, set, drivers[i], &lines, e))
			return false;
	}
	return image_files_add(set, &DEVICES_DRIVERS[1], S_IFREG | 0644, buf_slice(&lines), e);
}
