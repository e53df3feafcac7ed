/* SPDX-License-Identifier: MIT */
#include "lab/image/modules.h"

#include "base/buf.h"

#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MODULE_LIST_BYTES = 8192 }; /* 64 modules with paths of 128 bytes */

/* What the first mail needs; the random device before what wants keys. */
static const char *const modules_now[] = { "virtio_pci", "virtio_rng", "virtio_console",
	"virtio_net", "virtio_blk", NULL };
/* The power button and the way its event takes. */
static const char *const modules_later[] = { "button", "evdev", NULL };

static void context_done(struct kmod_ctx **context)
{
	if (*context != NULL)
		(void)kmod_unref(*context);
}

static void list_done(struct kmod_list **list)
{
	(void)kmod_module_unref_list(*list);
}

/* Adds one module's file, unless an earlier one brought it. */
static bool file_add(
	struct image_files *set, struct kmod_module *module, struct buf *lines, struct error *e)
{
	const char *source = kmod_module_get_path(module);
	char path[IMAGE_PATH_BYTES];

	if (source == NULL) /* built in */
		return true;
	if (!slice_ends_nocase(slice_of(source), S(".ko")))
		return fail(e, FAULT_NEVER,
			"add the module '%s': compressed modules are not supported", source);
	if (snprintf(path, sizeof path, "lib/modules/%s.ko", kmod_module_get_name(module)) >=
		(int)sizeof path)
		return fail(e, FAULT_NEVER, "add the module '%s': the name is too long", source);
	if (image_files_find(set, path) != NULL)
		return true;
	if (!buf_add_format(lines, "/%s\n", path))
		return fail(e, FAULT_NEVER, "add the module '%s': the list is full", source);
	return image_files_add_copy(set, path, S_IFREG | 0644, source, e);
}

static bool module_add(
	struct image_files *set, struct kmod_module *module, struct buf *lines, struct error *e)
{
	ON_EXIT(list_done) struct kmod_list *needs = kmod_module_get_dependencies(module);
	struct kmod_list *at;

	kmod_list_foreach(at, needs)
	{
		struct kmod_module *need = kmod_module_get_module(at);
		bool is_added = file_add(set, need, lines, e);

		(void)kmod_module_unref(need);
		if (!is_added)
			return false;
	}
	return file_add(set, module, lines, e);
}

static bool name_add(struct kmod_ctx *context, struct image_files *set, const char *name,
	struct buf *lines, struct error *e)
{
	ON_EXIT(list_done) struct kmod_list *found = NULL;
	struct kmod_list *at;

	if (kmod_module_new_from_lookup(context, name, &found) < 0 || found == NULL)
		return fail(e, FAULT_NEVER, "find the module '%s': not in '%s'", name,
			kmod_get_dirname(context));
	kmod_list_foreach(at, found)
	{
		struct kmod_module *module = kmod_module_get_module(at);
		bool is_added = module_add(set, module, lines, e);

		(void)kmod_module_unref(module);
		if (!is_added)
			return false;
	}
	return true;
}

static bool names_add(struct kmod_ctx *context, struct image_files *set, const char *const *names,
	const char *list_path, struct error *e)
{
	auto_buf lines = { .max = MODULE_LIST_BYTES };

	for (; *names != NULL; names++) {
		if (!name_add(context, set, *names, &lines, e))
			return false;
	}
	return image_files_add(set, list_path, S_IFREG | 0644, buf_slice(&lines), e);
}

bool modules_add(struct image_files *set, const char *version, struct error *e)
{
	char directory[IMAGE_PATH_BYTES];
	struct stat meta;

	(void)snprintf(directory, sizeof directory, "/lib/modules/%s", version);
	if (stat(directory, &meta) < 0)
		return fail(e, FAULT_NEVER,
			"open '%s': %m; the kernel's package brings it (linux-image-%s)", directory,
			version);
	ON_EXIT(context_done) struct kmod_ctx *context = kmod_new(directory, NULL);

	if (context == NULL)
		return fail(e, FAULT_LATER, "open '%s': libkmod says no", directory);
	return names_add(context, set, modules_now, "lib/modules/now", e) &&
	       names_add(context, set, modules_later, "lib/modules/later", e);
}
