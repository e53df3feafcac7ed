/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"
#include "cmd/datadir.h"
#include "cmd/options.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>

static const char help[] = "usage: mailvisor check [--data DIR] [--repair]\n"
			   "Reads all data of a stopped server and says what is damaged. With --repair it\n"
			   "also removes what cannot be read. Exit status 1: something was found.\n";

enum { CHECK_PRINT_MAX = 1000 /* lines; the count goes on */ };

struct findings {
	uint64_t count;
};

static void on_finding(void *context, enum store_finding finding, struct slice what)
{
	static const char *const words[] = {
		[STORE_FINDING_DAMAGED_KEY] = "damaged record",
		[STORE_FINDING_DAMAGED_BLOB] = "damaged message",
		[STORE_FINDING_ORPHAN_BLOB] = "message nobody refers to",
	};
	struct findings *f = context;

	f->count++;
	if (f->count <= CHECK_PRINT_MAX)
		(void)printf("%s: %.*s\n", words[finding], S_FMT(what));
}

static bool check(const char *data, bool may_repair, struct findings *f, struct error *e)
{
	char path[WHERE_PATH_BYTES];
	const struct store_options options = { .path = path, .is_read_only = !may_repair };
	const struct store_check how = { .report = on_finding, .context = f,
		.may_salvage = may_repair };
	struct store *store = NULL;

	if (!where_join(data, S("store"), path, e) ||
		!store_open(&store_rocksdb, &options, &store, e))
		return false;
	bool is_checked = store_check(store, &how, e);
	store_close(store);
	return is_checked;
}

static int take_options(int argc, char **argv, struct options *o, bool *ret_repair)
{
	static const struct option longs[] = { { "data", required_argument, NULL, 'd' },
		{ "repair", no_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' }, { 0 } };
	struct error e = { .fault = FAULT_NONE };
	int letter;

	while ((letter = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (letter == 'r') {
			*ret_repair = true;
		} else if (letter == 'h' || !options_take(o, letter, &e)) {
			(void)fputs(help, letter == 'h' ? stdout : stderr);
			return letter == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	(void)fputs(help, stderr);
	return EXIT_USAGE;
}

int check_command(int argc, char **argv)
{
	struct options o = { 0 };
	struct findings found = { 0 };
	struct error e = { .fault = FAULT_NONE };
	char data[WHERE_PATH_BYTES];
	bool may_repair = false;
	auto_fd lock_fd = -1;
	int status = take_options(argc, argv, &o, &may_repair);

	if (status >= 0)
		return status;
	if (!where_data(o.data, data, &e) || !datadir_lock(data, &lock_fd, &e) ||
		!check(data, may_repair, &found, &e))
		return options_fail(&e);
	(void)printf("%s: %" PRIu64 " finding%s%s\n", data, found.count, found.count == 1 ? "" : "s",
		found.count > 0 && may_repair ? ", repaired" : "");
	return found.count == 0 && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
