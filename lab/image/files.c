/* SPDX-License-Identifier: MIT */
#include "lab/image/files.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void file_done(struct image_file *file)
{
	free(file->path);
	free(file->at);
}

void image_files_done(struct image_files *set)
{
	for (size_t i = 0; i < set->count; i++)
		file_done(&set->files[i]);
	free(set->files);
	*set = (struct image_files){ 0 };
}

const struct image_file *image_files_find(const struct image_files *set, const char *path)
{
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->files[i].path, path) == 0)
			return &set->files[i];
	}
	return NULL;
}

/* Takes the file's memory, also when it fails. */
static bool files_put(struct image_files *set, struct image_file file, struct error *e)
{
	for (size_t i = 0; i < set->count; i++) {
		if (strcmp(set->files[i].path, file.path) != 0)
			continue;
		file_done(&set->files[i]);
		set->files[i] = file;
		return true;
	}
	if (set->count == set->room) {
		size_t room = set->room == 0 ? 64 : 2 * set->room;
		struct image_file *files =
			room > IMAGE_FILE_COUNT ? NULL : realloc(set->files, room * sizeof *files);

		if (files == NULL) {
			(void)fail(e, FAULT_NEVER, "add '%s' to the image: more than %d files",
				file.path, IMAGE_FILE_COUNT);
			file_done(&file);
			return false;
		}
		set->files = files;
		set->room = room;
	}
	set->files[set->count++] = file;
	return true;
}

static bool parents_add(struct image_files *set, const char *path, struct error *e)
{
	char parent[IMAGE_PATH_BYTES];

	for (const char *at = strchr(path, '/'); at != NULL; at = strchr(at + 1, '/')) {
		if (!slice_text((struct slice){ path, (size_t)(at - path) }, parent, sizeof parent))
			return fail(e, FAULT_NEVER, "add '%s' to the image: the path is too long",
				path);
		if (image_files_find(set, parent) != NULL)
			continue;
		if (!files_put(set,
			    (struct image_file){ strdup(parent), S_IFDIR | 0755, 0, NULL, 0 }, e))
			return false;
	}
	return true;
}

bool image_files_add(struct image_files *set, const char *path, mode_t mode, struct slice contents,
	struct error *e)
{
	struct image_file file = { .mode = mode, .len = contents.len };

	if (!parents_add(set, path, e))
		return false;
	file.path = strdup(path);
	file.at = malloc(contents.len + 1);
	if (file.path == NULL || file.at == NULL) {
		file_done(&file);
		return fail(e, FAULT_LATER, "add '%s' to the image: out of memory", path);
	}
	if (contents.len > 0)
		memcpy(file.at, contents.at, contents.len);
	return files_put(set, file, e);
}

bool image_files_add_device(
	struct image_files *set, const char *path, mode_t mode, dev_t device, struct error *e)
{
	struct image_file file = { strdup(path), mode, device, NULL, 0 };

	return parents_add(set, path, e) && files_put(set, file, e);
}

bool image_read(const char *path, char **ret_at, size_t *ret_len, struct error *e)
{
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	auto_free char *at = NULL;
	struct stat meta;
	size_t len = 0;

	if (fd < 0 || fstat(fd, &meta) < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", path);
	if (!S_ISREG(meta.st_mode) || meta.st_size > IMAGE_FILE_BYTES)
		return fail(e, FAULT_NEVER, "read '%s': not a file of at most %d bytes", path,
			IMAGE_FILE_BYTES);
	at = malloc((size_t)meta.st_size + 1);
	while (at != NULL && len < (size_t)meta.st_size) {
		ssize_t got = read(fd, at + len, (size_t)meta.st_size - len);

		if (got <= 0)
			return fail(e, FAULT_LATER, "read '%s': %s", path,
				got < 0 ? "error" : "cut short");
		len += (size_t)got;
	}
	if (at == NULL)
		return fail(e, FAULT_LATER, "read '%s': out of memory", path);
	*ret_at = at;
	*ret_len = len;
	at = NULL;
	return true;
}

bool image_files_add_copy(
	struct image_files *set, const char *path, mode_t mode, const char *source, struct error *e)
{
	auto_free char *at = NULL;
	size_t len = 0;

	return image_read(source, &at, &len, e) &&
	       image_files_add(set, path, mode, (struct slice){ at, len }, e);
}

static int file_order(const void *a, const void *b)
{
	const struct image_file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static bool file_emit(struct archive *to, const struct image_file *file, const char *path)
{
	struct archive_entry *entry = archive_entry_new();
	bool is_written;

	if (entry == NULL)
		return false;
	archive_entry_set_pathname(entry, path);
	archive_entry_set_mode(entry, file->mode);
	archive_entry_set_size(entry, (la_int64_t)file->len);
	archive_entry_set_rdev(entry, file->device);
	archive_entry_set_mtime(entry, IMAGE_TIME_S, 0);
	archive_entry_set_nlink(entry, 1);
	is_written = archive_write_header(to, entry) == ARCHIVE_OK &&
		     (file->len == 0 || archive_write_data(to, file->at, file->len) ==
						(la_ssize_t)file->len) &&
		     archive_write_finish_entry(to) == ARCHIVE_OK;
	archive_entry_free(entry);
	return is_written;
}

/* Every file under prefix ("" or "/directory/"), parents first. */
static bool files_emit(struct image_files *set, struct archive *to, const char *prefix,
	bool with_devices, struct error *e)
{
	char path[2 * IMAGE_PATH_BYTES];

	qsort(set->files, set->count, sizeof *set->files, file_order);
	for (size_t i = 0; i < set->count; i++) {
		const struct image_file *file = &set->files[i];

		if (S_ISCHR(file->mode) && !with_devices)
			continue;
		if (snprintf(path, sizeof path, "%s%s", prefix, file->path) >= (int)sizeof path)
			return fail(e, FAULT_NEVER, "write '%s': the path is too long", file->path);
		if (!file_emit(to, file, path))
			return fail(
				e, FAULT_LATER, "write '%s': %s", path, archive_error_string(to));
	}
	if (archive_write_close(to) != ARCHIVE_OK)
		return fail(e, FAULT_LATER, "write '%s': %s", prefix, archive_error_string(to));
	return true;
}

bool image_files_write_cpio(struct image_files *set, const char *path, struct error *e)
{
	struct archive *to = archive_write_new();
	char part[2 * IMAGE_PATH_BYTES];
	bool is_written;

	(void)snprintf(part, sizeof part, "%s.part", path);
	if (to == NULL)
		return fail(e, FAULT_LATER, "write '%s': out of memory", path);
	if (archive_write_set_format_cpio_newc(to) != ARCHIVE_OK ||
		archive_write_open_filename(to, part) != ARCHIVE_OK)
		is_written = fail(e, FAULT_NEVER, "write '%s': %s", part, archive_error_string(to));
	else
		is_written = files_emit(set, to, "", true, e);
	(void)archive_write_free(to);
	if (is_written && rename(part, path) < 0)
		is_written = fail(e, FAULT_NEVER, "rename '%s': %m", part);
	if (!is_written)
		(void)unlink(part);
	return is_written;
}

bool image_files_write_tree(struct image_files *set, const char *directory, struct error *e)
{
	struct archive *to = archive_write_disk_new();
	char prefix[IMAGE_PATH_BYTES];
	bool is_written;

	if (to == NULL || snprintf(prefix, sizeof prefix, "%s/", directory) >= (int)sizeof prefix) {
		(void)archive_write_free(to);
		return fail(
			e, FAULT_NEVER, "write the files to '%s': the path is too long", directory);
	}
	(void)archive_write_disk_set_options(to, ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME);
	is_written = files_emit(set, to, prefix, false, e);
	(void)archive_write_free(to);
	return is_written;
}
