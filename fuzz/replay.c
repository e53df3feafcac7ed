/* SPDX-License-Identifier: MIT */
/*
 * replay - runs a fuzz target over its seeds, without libFuzzer: fuzz-seeds-<name> DIRECTORY...
 *
 * Each seed runs whole, and a small one also cut off at every byte: the cheapest mutation, which finds
 * most mistakes at the end of the input. No seeds at all is a failure, for then nothing was tested.
 */
#include "fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SEED_BYTES_MAX = 1 << 20,
	CUT_BYTES_MAX = 400, /* larger seeds run whole only: cutting is quadratic */
};

static unsigned run_count;

/* A copy of exactly this size, so that AddressSanitizer sees one byte too many. */
static void run(const char *bytes, size_t size)
{
	auto_free uint8_t *exact = malloc(size == 0 ? 1 : size);

	invariant(exact != NULL);
	if (size > 0)
		memcpy(exact, bytes, size);
	(void)LLVMFuzzerTestOneInput(exact, size);
	run_count++;
}

static bool replay_file(const char *path)
{
	auto_buf bytes = { .max = SEED_BYTES_MAX };
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	char block[4096];
	ssize_t len = fd < 0 ? -1 : 1;

	while (len > 0) {
		len = read(fd, block, sizeof block);
		if (len > 0 && !buf_add(&bytes, (struct slice){ block, (size_t)len }))
			len = -1;
	}
	if (len < 0) {
		(void)fprintf(stderr, "cannot read the seed '%s'\n", path);
		return false;
	}
	for (size_t cut = 0; bytes.len <= CUT_BYTES_MAX && cut < bytes.len; cut++)
		run(bytes.at, cut);
	run(bytes.at, bytes.len);
	return true;
}

static void directory_close(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

static const struct dirent *next_entry(DIR *directory)
{
	/* One thread, and a stream of its own. */
	return readdir(directory); /* NOLINT(concurrency-mt-unsafe) */
}

static bool replay_directory(const char *path)
{
	ON_EXIT(directory_close) DIR *directory = opendir(path);
	unsigned seed_count = 0;

	if (directory == NULL) {
		(void)fprintf(stderr, "cannot open '%s': %m\n", path);
		return false;
	}
	for (const struct dirent *entry; (entry = next_entry(directory)) != NULL;) {
		char seed[PATH_MAX];
		struct stat what = { 0 };

		if (snprintf(seed, sizeof seed, "%s/%s", path, entry->d_name) >= (int)sizeof seed ||
			stat(seed, &what) != 0 || !S_ISREG(what.st_mode))
			continue;
		if (!replay_file(seed))
			return false;
		seed_count++;
	}
	printf("%s: %u seeds, %u runs\n", path, seed_count, run_count);
	return seed_count > 0;
}

int main(int argc, char **argv)
{
	bool is_ok = argc > 1;

	for (int i = 1; i < argc && is_ok; i++) {
		struct stat what = { 0 };

		is_ok = stat(argv[i], &what) == 0 && S_ISREG(what.st_mode)
				? replay_file(argv[i])
				: replay_directory(argv[i]);
	}
	return is_ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
