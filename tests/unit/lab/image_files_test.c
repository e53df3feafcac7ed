/* SPDX-License-Identifier: MIT */
/* The set of files, what becomes of it, and the reading of programs. */
#include "lab/image/elf_file.h"
#include "lab/image/files.h"

#include "check.h"

#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static char directory[] = "/tmp/mailvisor-image-test-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static void set_fill(struct image_files *set, bool is_reversed)
{
	static const char *const names[] = { "usr/bin/x", "a", "usr/b", "lib/modules/m.ko" };
	struct error e = { 0 };

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *name = names[is_reversed ? COUNT(names) - 1 - i : i];

		check_row(image_files_add(set, name, S_IFREG | 0644, slice_of(name), &e), i);
	}
	check(image_files_add_device(set, "dev/console", S_IFCHR | 0600, makedev(5, 1), &e));
}

static void test_set(void **state)
{
	auto_image_files set = { 0 };
	struct error e = { 0 };

	(void)state;
	set_fill(&set, false);
	check(set.count == 5 + 5); /* usr, usr/bin, lib, lib/modules, dev */
	check(S_ISDIR(image_files_find(&set, "usr/bin")->mode));
	check(image_files_add(&set, "a", S_IFREG | 0600, S("other"), &e) && set.count == 10);
	check(image_files_find(&set, "a")->len == 5 && image_files_find(&set, "a/b") == NULL);
	check(!image_files_add_copy(&set, "b", S_IFREG | 0600, "/nowhere/b", &e) &&
		set.count == 10);
}

/* The same files, added in another order, are the same bytes; and they are what went in, sorted. */
static void test_cpio(void **state)
{
	static const char *const expected[] = { "a", "dev", "dev/console", "lib", "lib/modules",
		"lib/modules/m.ko", "usr", "usr/b", "usr/bin", "usr/bin/x" };
	auto_image_files set = { 0 }, reversed = { 0 };
	auto_free char *first = NULL, *second = NULL;
	size_t first_len = 0, second_len = 0, at = 0;
	struct archive *from = archive_read_new();
	struct archive_entry *entry;
	struct error e = { 0 };

	(void)state;
	set_fill(&set, false);
	set_fill(&reversed, true);
	check(image_files_write_cpio(&reversed, path_of("two"), &e));
	check(image_read(path_of("two"), &second, &second_len, &e));
	check(image_files_write_cpio(&set, path_of("one"), &e));
	check(image_read(path_of("one"), &first, &first_len, &e));
	check(first_len == second_len && memcmp(first, second, first_len) == 0);
	check(archive_read_support_format_cpio(from) == ARCHIVE_OK);
	check(archive_read_open_memory(from, first, first_len) == ARCHIVE_OK);
	for (; archive_read_next_header(from, &entry) == ARCHIVE_OK; at++) {
		char body[64] = "";

		check_row(at < COUNT(expected), at);
		check_row(strcmp(archive_entry_pathname(entry), expected[at]) == 0, at);
		check_row(archive_entry_mtime(entry) == IMAGE_TIME_S, at);
		check_row(archive_entry_uid(entry) == 0, at);
		if (archive_entry_filetype(entry) != AE_IFREG)
			continue;
		check_row(archive_read_data(from, body, sizeof body) == archive_entry_size(entry),
			at);
		check_row(strcmp(body, expected[at]) == 0, at);
	}
	check(at == COUNT(expected));
	check(archive_read_free(from) == ARCHIVE_OK);
	(void)unlink(path_of("one"));
	(void)unlink(path_of("two"));
}

static void test_cpio_failure(void **state)
{
	auto_image_files set = { 0 };
	struct error e = { 0 };

	(void)state;
	set_fill(&set, false);
	check(!image_files_write_cpio(&set, "/nowhere/image", &e) && e.fault == FAULT_NEVER);
	check(strstr(e.text, "/nowhere/image") != NULL);
}

static void test_tree(void **state)
{
	static const char *const made[] = { "t/usr/bin/x", "t/usr/b", "t/lib/modules/m.ko", "t/a" };
	static const char *const parents[] = { "t/usr/bin", "t/usr", "t/lib/modules", "t/lib",
		"t/dev", "t" };
	auto_image_files set = { 0 };
	struct error e = { 0 };
	struct stat meta;

	(void)state;
	set_fill(&set, false);
	check(mkdir(path_of("t"), 0755) == 0);
	check(image_files_write_tree(&set, path_of("t"), &e));
	check(stat(path_of("t/dev/console"), &meta) < 0); /* runc makes its own */
	for (size_t i = 0; i < COUNT(made); i++) {
		check_row(stat(path_of(made[i]), &meta) == 0 && (meta.st_mode & 0777) == 0644, i);
		check_row((size_t)meta.st_size == strlen(made[i]) - 2, i);
		check_row(unlink(path_of(made[i])) == 0, i);
	}
	for (size_t i = 0; i < COUNT(parents); i++)
		check_row(rmdir(path_of(parents[i])) == 0, i);
}

/* This test program itself, and what is left of it when it is cut anywhere. */
static void test_elf(void **state)
{
	auto_free char *at = NULL;
	size_t len = 0;
	struct error e = { 0 };
	struct elf_view view;

	(void)state;
	check(image_read("/proc/self/exe", &at, &len, &e));
	check(elf_read((struct slice){ at, len }, &view));
	check(view.run_bytes <= len && slice_starts(view.loader, S("/lib")));
	check(!elf_read((struct slice){ at, view.run_bytes - 1 }, &view));
	for (size_t cut = 0; cut < 4096; cut += 7)
		check_row(!elf_read((struct slice){ at, cut }, &view), cut);
	size_t short_len = elf_cut(at, &view);

	check(elf_read((struct slice){ at, short_len }, &view) && view.run_bytes == short_len);
	at[EI_CLASS] = ELFCLASS32;
	check(!elf_read((struct slice){ at, short_len }, &view));
	check(!elf_read(S("#!/bin/sh\n"), &view) && !elf_read(S(""), &view));
}

static int group_begin(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL;
}

static int group_end(void **state)
{
	(void)state;
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_set), cmocka_unit_test(test_cpio),
		cmocka_unit_test(test_cpio_failure), cmocka_unit_test(test_tree),
		cmocka_unit_test(test_elf) };

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
