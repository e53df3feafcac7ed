/* SPDX-License-Identifier: MIT */
#include "lab/image/image.h"

#include "lab/image/disk.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

static const char usage[] =
	"usage: mailvisor-lab image build [--out DIRECTORY] [--kernel PATH] [--server PATH]\n"
	"                                 [--format raw|vdi|vmdk|qcow2 [--append WORDS]]\n"
	"\n"
	"Makes the appliance: kernel, initramfs.cpio and image.json in DIRECTORY (default\n"
	"\"mailvisor-image\"). Needs no root. The kernel is the newest of "
	"linux-image-cloud-amd64.\n"
	"\n"
	"With --format also DIRECTORY/disk.FORMAT, a disk that boots by UEFI and by BIOS on QEMU,\n"
	"VirtualBox and VMware. Give the machine a second, whole disk with an ext4 file system "
	"for\n"
	"the mail (mke2fs -t ext4); the file \"setup\" on it has domains and accounts. --append "
	"adds\n"
	"kernel arguments: mailvisor.ip=ADDRESS/PREFIX instead of DHCP, mailvisor.gw=ADDRESS,\n"
	"mailvisor.host=NAME, mailvisor.set=KEY=VALUE (a setting, up to 16 times).\n";

/* What the command line says. */
struct wish {
	struct image_plan image;
	const char *format, *words; /* of the disk; NULL: none */
};

static bool disk_run(const struct wish *wish, struct error *e)
{
	char path[IMAGE_PATH_BYTES];
	struct disk_plan plan = { .directory = wish->image.directory,
		.kernel_path = wish->image.kernel_path,
		.words = wish->words,
		.format = wish->format,
		.work_path = wish->image.directory,
		.to = path };

	if (wish->format == NULL)
		return true;
	if (snprintf(path, sizeof path, "%s/" DISK_NAME ".%s", plan.directory, plan.format) >=
		(int)sizeof path)
		return fail(e, FAULT_NEVER, "write '%s': the path is too long", plan.directory);
	if (!disk_build(&plan, e))
		return false;
	(void)printf("%s\n", path);
	return true;
}

static int build_run(const struct wish *wish)
{
	struct error e = { 0 };

	if (image_build(&wish->image, &e)) {
		(void)printf("%s/" IMAGE_MANIFEST "\n", wish->image.directory);
		if (disk_run(wish, &e))
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

/* Where a letter's word goes. */
static const char **place_of(struct wish *wish, int letter)
{
	switch (letter) {
	case 'o':
		return &wish->image.directory;
	case 'k':
		return &wish->image.kernel_path;
	case 's':
		return &wish->image.server_path;
	case 'f':
		return &wish->format;
	case 'a':
		return &wish->words;
	default:
		return NULL;
	}
}

static bool wish_is_whole(const struct wish *wish)
{
	if (wish->format == NULL)
		return wish->words == NULL;
	if (disk_has_format(wish->format))
		return true;
	(void)fprintf(stderr, "mailvisor-lab image: there is no format '%s'\n", wish->format);
	return false;
}

int image_command(int argc, char **argv)
{
	static const struct option options[] = { { "out", required_argument, NULL, 'o' },
		{ "kernel", required_argument, NULL, 'k' },
		{ "server", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "append", required_argument, NULL, 'a' }, { "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 } };
	struct wish wish = { .image.directory = "mailvisor-image" };
	char server[IMAGE_PATH_BYTES];
	struct error e = { 0 };
	int letter;

	optind = 1;
	while ((letter = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **place = place_of(&wish, letter);

		if (letter == 'h') {
			(void)fputs(usage, stdout);
			return STATUS_GOOD;
		}
		if (place == NULL)
			return misuse();
		*place = optarg;
	}
	if (optind != argc - 1 || strcmp(argv[optind], "build") != 0 || !wish_is_whole(&wish))
		return misuse();
	if (wish.image.server_path == NULL && !image_server_find(server, &e)) {
		(void)fprintf(stderr, "mailvisor-lab image: %s\n", e.text);
		return STATUS_FAILED;
	}
	if (wish.image.server_path == NULL)
		wish.image.server_path = server;
	return build_run(&wish);
}
