/* SPDX-License-Identifier: MIT */
/* Modules in the order of their needs, checked against the package's own modules.dep; and the kernel. */
#include "lab/image/elf_file.h"
#include "lab/image/image.h"
#include "lab/image/kernel.h"
#include "lab/image/modules.h"

#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const usual[] = { "virtio_net", "virtio_blk", "ext4", NULL };

static const char *name_of(const char *path)
{
	return strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
}

/* Where "/lib/modules/NAME\n" stands in the list, or its length. */
static size_t place_of(struct slice list, const char *name)
{
	char line[256];
	const char *hit;

	(void)snprintf(line, sizeof line, "/%s\n", name);
	hit = memmem(list.at, list.len, line, strlen(line));
	return hit == NULL ? list.len : (size_t)(hit - list.at);
}

/* "kernel/a.ko: kernel/b.ko kernel/c.ko": when a is in the list, b and c stand before it. */
static unsigned line_check(char *line, struct slice list)
{
	char *rest = NULL;
	char *subject = strtok_r(line, ": \n", &rest);
	size_t at = subject == NULL ? list.len : place_of(list, name_of(subject));
	unsigned checked = 0;

	if (at == list.len)
		return 0;
	for (char *need = strtok_r(NULL, ": \n", &rest); need != NULL;
		need = strtok_r(NULL, ": \n", &rest)) {
		check(place_of(list, name_of(need)) < at);
		checked++;
	}
	return checked;
}

static void test_order(void **state)
{
	char kernel[IMAGE_PATH_BYTES], version[IMAGE_PATH_BYTES], path[2 * IMAGE_PATH_BYTES];
	auto_image_files set = { 0 };
	struct error e = { 0 };
	static char line[65536];
	unsigned checked = 0;

	(void)state;
	if (!image_kernel_find(kernel, &e)) {
		print_message("skipped: %s\n", e.text);
		skip();
	}
	check(image_kernel_version(kernel, version, &e));
	check(strstr(kernel, version) != NULL);
	check(modules_add(&set, version, usual, &e));
	const struct image_file *list = image_files_find(&set, "lib/modules/now");
	struct slice lines = { list->at, list->len };

	check(place_of(lines, "virtio_net.ko") < lines.len);
	check(place_of(lines, "virtio_blk.ko") < lines.len);
	(void)snprintf(path, sizeof path, "/lib/modules/%s/modules.dep", version);
	FILE *from = fopen(path, "re");

	check(from != NULL);
	while (from != NULL && fgets(line, sizeof line, from) != NULL)
		checked += line_check(line, lines);
	check(fclose(from) == 0 && checked >= 5);
}

static void test_unknown(void **state)
{
	char version[IMAGE_PATH_BYTES];
	auto_image_files set = { 0 };
	struct error e = { 0 };

	(void)state;
	check(!modules_add(&set, "0.0.0-nowhere", usual, &e) &&
		strstr(e.text, "linux-image-0.0.0") != NULL);
	error_clear(&e);
	check(!image_kernel_version("/proc/self/exe", version, &e));
	check(strstr(e.text, "not a bzImage") != NULL);
}

static char written[] = "/tmp/mailvisor-kernel-test-XXXXXX";

/* Writes file as an image's kernel and reads the result; free() it. */
static char *kernel_through(const char *path, size_t *ret_len)
{
	struct error e = { 0 };
	char *at = NULL;

	check(kernel_write(path, written, &e));
	check(image_read(written, &at, ret_len, &e));
	return at;
}

/* The installed kernel is unpacked to what a hypervisor may enter. */
static void test_kernel_unpacked(void **state)
{
	char kernel[IMAGE_PATH_BYTES];
	struct error e = { 0 };
	struct elf_view view;
	size_t len = 0;

	(void)state;
	if (!image_kernel_find(kernel, &e))
		skip();
	auto_free char *at = kernel_through(kernel, &len);

	check(elf_read((struct slice){ at, len }, &view) && view.has_pvh && view.run_bytes <= len);
}

/* A bzImage that cannot be unpacked stays what it is, whatever its header claims. */
static void test_kernel_kept(void **state)
{
	static const struct {
		unsigned char sectors;
		uint32_t payload, length;
	} rows[] = { { 0, 0, 0 }, { 1, 0, 3 }, { 1, 0, 4 }, { 1, 0, 512 }, { 1, 0, 513 },
		{ 255, 0, 4 }, { 1, UINT32_MAX, 4 }, { 1, 0, UINT32_MAX }, { 1, 508, 4 } };
	char source[] = "/tmp/mailvisor-kernel-test-XXXXXX";
	unsigned char file[1536];
	int fd = mkstemp(source);

	(void)state;
	check(fd >= 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = 0;

		memset(file, 0x1f, sizeof file);
		memcpy(file + 0x202, "HdrS", 4);
		file[0x1f1] = rows[i].sectors;
		memcpy(file + 0x248, &rows[i].payload, 4);
		memcpy(file + 0x24c, &rows[i].length, 4);
		check_row(pwrite(fd, file, sizeof file, 0) == (ssize_t)sizeof file, i);
		auto_free char *at = kernel_through(source, &len);

		check_row(len == sizeof file && memcmp(at, file, len) == 0, i);
	}
	(void)close(fd);
	(void)unlink(source);
}

static int group_begin(void **state)
{
	int fd = mkstemp(written);

	(void)state;
	return fd < 0 || close(fd) < 0;
}

static int group_end(void **state)
{
	(void)state;
	return unlink(written);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order),
		cmocka_unit_test(test_unknown), cmocka_unit_test(test_kernel_unpacked),
		cmocka_unit_test(test_kernel_kept) };

	return cmocka_run_group_tests(tests, group_begin, group_end);
}
