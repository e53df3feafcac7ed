/* SPDX-License-Identifier: MIT */
#include "cmd/command.h"
#include "cmd/datadir.h"
#include "cmd/options.h"
#include "mail/check.h"

#include <inttypes.h>
#include <stdio.h>

static const char help[] =
	"usage: mailvisor check [--data DIR] [--repair]\n"
	"Reads all data of a stopped server and says what is damaged. With --repair it\n"
	"also mends: what cannot be read is removed. Exit status 1: something was found.\n";

enum { CHECK_PRINT_MAX = 1000 /* lines; the count goes on */ };

struct findings {
	uint64_t count;
};

static void on_finding(void *context, struct slice what)
{
	struct findings *f = context;

	f->count++;
	if (f->count <= CHECK_PRINT_MAX)
		(void)printf("%.*s\n", S_FMT(what));
	if (f->count == CHECK_PRINT_MAX)
		(void)puts("... and more, which are counted");
}

static bool check(const char *data, bool may_repair, struct mail_check_result *ret, struct error *e)
{
	char path[WHERE_PATH_BYTES];
	const struct store_options options = {
		.path = path, .is_read_only = !may_repair, .may_salvage = may_repair
	};
	struct findings findings = { 0 };
	struct store *store = NULL;

	if (!where_join(data, S("store"), path, e) ||
		!store_open(&store_rocksdb, &options, &store, e))
		return false;
	bool is_checked = mail_check(store, may_repair, on_finding, &findings, ret, e);
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
	struct mail_check_result found = { 0 };
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
	(void)printf("%s: %" PRIu64 " domains, %" PRIu64 " accounts, %" PRIu64 " aliases, %" PRIu64
		     " messages, %" PRIu64 " to relay\n",
		data, found.domains, found.accounts, found.aliases, found.messages,
		found.spool_items);
	(void)printf("%" PRIu64 " finding%s, %" PRIu64 " mended\n", found.findings,
		found.findings == 1 ? "" : "s", found.mended);
	return found.findings == 0 && fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED;
}
