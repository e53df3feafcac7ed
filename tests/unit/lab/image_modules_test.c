/* SPDX-License-Identifier: MIT */
/* Modules in the order of their needs, checked against the kernel package's own modules.dep. */
#include "lab/image/image.h"
#include "lab/image/modules.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

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
	check(modules_add(&set, version, &e));
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
	check(!modules_add(&set, "0.0.0-nowhere", &e) &&
		strstr(e.text, "linux-image-0.0.0") != NULL);
	error_clear(&e);
	check(!image_kernel_version("/proc/self/exe", version, &e));
	check(strstr(e.text, "not a bzImage") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_order),
		cmocka_unit_test(test_unknown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
