/* SPDX-License-Identifier: MIT */
#include "lab/image/image.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

static const char usage[] =
	"usage: mailvisor-lab image build [--out DIRECTORY] [--kernel PATH] [--server PATH]\n"
	"\n"
	"Makes the appliance: kernel, initramfs.cpio and image.json in DIRECTORY (default\n"
	"\"mailvisor-image\"). Needs no root. The kernel is the newest of "
	"linux-image-cloud-amd64.\n";

static int build_run(const struct image_plan *plan)
{
	struct error e = { 0 };

	if (image_build(plan, &e)) {
		(void)printf("%s/" IMAGE_MANIFEST "\n", plan->directory);
		return STATUS_GOOD;
	}
	(void)fprintf(stderr, "mailvisor-lab image: %s\n", e.text);
	return STATUS_FAILED;
}

/* A word that getopt did not know, or none where one must stand. */
static int misuse(void)
{
	(void)fputs(usage, stderr);
	return STATUS_USAGE;
}

int image_command(int argc, char **argv)
{
	static const struct option options[] = { { "out", required_argument, NULL, 'o' },
		{ "kernel", required_argument, NULL, 'k' },
		{ "server", required_argument, NULL, 's' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	struct image_plan plan = { .directory = "mailvisor-image" };
	char server[IMAGE_PATH_BYTES];
	struct error e = { 0 };
	int letter;

	optind = 1;
	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (letter == 'h') {
			(void)fputs(usage, stdout);
			return STATUS_GOOD;
		}
		if (letter == '?')
			return misuse();
		*(letter == 'o'         ? &plan.directory
			: letter == 'k' ? &plan.kernel_path
					: &plan.server_path) = optarg;
	}
	if (optind != argc - 1 || strcmp(argv[optind], "build") != 0)
		return misuse();
	if (plan.server_path == NULL && !image_server_find(server, &e)) {
		(void)fprintf(stderr, "mailvisor-lab image: %s\n", e.text);
		return STATUS_FAILED;
	}
	if (plan.server_path == NULL)
		plan.server_path = server;
	return build_run(&plan);
}
