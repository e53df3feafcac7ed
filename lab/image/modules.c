/* SPDX-License-Identifier: MIT */
#include "lab/image/modules.h"

#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum {
	MODULE_LIST_BYTES = 8192, /* 64 modules with paths of 128 bytes */
	NEED_DEPTH = 4,           /* btrfs -> libcrc32c -> crc32c -> its library */
};

/* What every machine has; the random device before what wants keys. */
static const char *const modules_now[] = { "virtio_pci", "virtio_rng", "virtio_console", NULL };
/* The power button and the way its event takes. */
static const char *const modules_later[] = { "button", "evdev", NULL };

void modules_close(struct modules *m)
{
	if (m->context != NULL)
		(void)kmod_unref(m->context);
	m->context = NULL;
}

bool modules_open(struct modules *ret, const char *version, struct error *e)
{
	char directory[IMAGE_PATH_BYTES];
	struct modules m = { .context = NULL };
	struct stat meta;

	(void)snprintf(m.version, sizeof m.version, "%.400s", version);
	(void)snprintf(directory, sizeof directory, "/lib/modules/%.400s", m.version);
	if (stat(directory, &meta) < 0)
		return fail(e, FAULT_NEVER,
			"open '%s': %m; the kernel's package brings it (linux-image-%s)", directory,
			version);
	m.context = kmod_new(directory, NULL);
	*ret = m;
	return m.context != NULL || fail(e, FAULT_LATER, "open '%s': libkmod says no", directory);
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

enum modules_place modules_find(const struct modules *m, const char *name)
{
	ON_EXIT(list_done) struct kmod_list *found = NULL;

	if (kmod_module_new_from_lookup(m->context, name, &found) < 0 || found == NULL)
		return MODULES_ABSENT;
	ON_EXIT(module_done) struct kmod_module *module = kmod_module_get_module(found);

	return kmod_module_get_path(module) == NULL ? MODULES_BUILT_IN : MODULES_FILE;
}

/* Is "PATH\n" one of the lines? */
static bool has_line(const struct buf *lines, const char *path)
{
	struct slice rest = buf_slice(lines);

	while (rest.len > 0) {
		struct slice line = slice_first(rest, slice_find(rest, '\n'));

		if (slice_same(line, slice_of(path)))
			return true;
		rest = slice_skip(rest, line.len + 1);
	}
	return false;
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
	if (snprintf(path, sizeof path, "/lib/modules/%s.ko", kmod_module_get_name(module)) >=
		(int)sizeof path)
		return fail(e, FAULT_NEVER, "add the module '%s': the name is too long", source);
	if (!has_line(lines, path) && !buf_add_format(lines, "%s\n", path))
		return fail(e, FAULT_NEVER, "add the module '%s': the list is full", source);
	return image_files_find(set, path + 1) != NULL ||
	       image_files_add_copy(set, path + 1, S_IFREG | 0644, source, e);
}

static bool need_add(struct image_files *set, struct kmod_module *module, unsigned depth,
	struct buf *lines, struct error *e);

static bool list_add(struct image_files *set, struct kmod_list *needs, unsigned depth,
	struct buf *lines, struct error *e)
{
	struct kmod_list *at;

	kmod_list_foreach(at, needs)
	{
		ON_EXIT(module_done) struct kmod_module *need = kmod_module_get_module(at);

		if (!need_add(set, need, depth, lines, e))
			return false;
	}
	return true;
}

/* The module behind what it needs. libkmod lists all dependencies at once, in the order to load them. */
static bool need_add(struct image_files *set, struct kmod_module *module, unsigned depth,
	struct buf *lines, struct error *e)
{
	ON_EXIT(list_done) struct kmod_list *needs = kmod_module_get_dependencies(module);
	ON_EXIT(list_done) struct kmod_list *before = NULL;
	ON_EXIT(list_done) struct kmod_list *after = NULL;

	(void)kmod_module_get_softdeps(module, &before, &after);
	if (depth == 0)
		return file_add(set, module, lines, e);
	return list_add(set, before, depth - 1, lines, e) &&
	       list_add(set, needs, depth - 1, lines, e) && file_add(set, module, lines, e);
}

bool modules_tree(const struct modules *m, struct image_files *set, const char *name,
	struct buf *paths, struct error *e)
{
	ON_EXIT(list_done) struct kmod_list *found = NULL;

	if (kmod_module_new_from_lookup(m->context, name, &found) < 0 || found == NULL)
		return fail(e, FAULT_NEVER, "find the module '%s': not in '%s'", name,
			kmod_get_dirname(m->context));
	return list_add(set, found, NEED_DEPTH, paths, e);
}

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
			return fail(e, FAULT_NEVER, "list the patterns of '%s': too many",
				kmod_module_get_name(module));
	}
	return true;
}

bool modules_patterns(const struct modules *m, const char *name, struct buf *lines, struct error *e)
{
	ON_EXIT(module_done) struct kmod_module *module = NULL;

	if (kmod_module_new_from_name(m->context, name, &module) < 0)
		return fail(e, FAULT_LATER, "find the module '%s': libkmod says no", name);
	return patterns_add(module, lines, e);
}

static bool names_add(const struct modules *m, struct image_files *set, const char *const *names,
	struct buf *lines, struct error *e)
{
	for (; *names != NULL; names++) {
		if (!modules_tree(m, set, *names, lines, e))
			return false;
	}
	return true;
}

bool modules_add(
	struct image_files *set, const char *version, const char *const *names, struct error *e)
{
	auto_buf now = { .max = MODULE_LIST_BYTES }, later = { .max = MODULE_LIST_BYTES };
	auto_modules m = { .context = NULL };

	return modules_open(&m, version, e) && names_add(&m, set, modules_now, &now, e) &&
	       names_add(&m, set, names, &now, e) && names_add(&m, set, modules_later, &later, e) &&
	       image_files_add(set, "lib/modules/now", S_IFREG | 0644, buf_slice(&now), e) &&
	       image_files_add(set, "lib/modules/later", S_IFREG | 0644, buf_slice(&later), e);
}
