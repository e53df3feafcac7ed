/* SPDX-License-Identifier: MIT */
#include "lab/image/image.h"

#include "lab/image/disk.h"
#include "lab/image/format.h"
#include "lab/image/ova.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_GOOD = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

static const char usage[] =
	"usage: mailvisor-lab image build [--out DIRECTORY] [--kernel PATH] [--server "
	"PATH|postfix]\n"
	"                                 [--packages DIRECTORY]\n"
	"                                 [--format raw|qcow2|vdi|vmdk|vhdx|ova [--append WORDS]\n"
	"                                 [--setup FILE] [--data MEBIBYTES]]\n"
	"\n"
	"Makes the appliance: kernel, initramfs.cpio and image.json in DIRECTORY (default\n"
	"\"mailvisor-image\"). Needs no root. The kernel is the newest of "
	"linux-image-cloud-amd64.\n"
	"With --server postfix the image holds Postfix and Dovecot of Debian's packages instead "
	"of\n"
	"Mailvisor, for experiments, which make its data disk; --packages DIRECTORY names a folder "
	"where they were unpacked (dpkg -x).\n"
	"\n"
	"With --format also DIRECTORY/disk.FORMAT, a disk that boots by UEFI and by BIOS on QEMU,\n"
	"VirtualBox, VMware and Hyper-V; with --setup or --data also DIRECTORY/data.FORMAT, the\n"
	"second disk, for the mail: ext4 of so many mebibytes (1024), with the domains and\n"
	"accounts of FILE. An ova has both, in a machine to import; its kernel is\n"
	"linux-image-amd64's, if that is there, for the devices of real machines. --append adds\n"
	"kernel arguments: mailvisor.ip=ADDRESS/PREFIX instead of DHCP, mailvisor.gw=ADDRESS,\n"
	"mailvisor.host=NAME, mailvisor.set=KEY=VALUE (a setting, up to 16 times).\n";

enum { DATA_MIB = 1024, DATA_MIB_MIN = 64, DATA_MIB_MAX = 16 << 20, MEBIBYTE_BITS = 20 };

/* What the command line says. */
struct wish {
	struct image_plan image;
	const char *format, *words; /* of the disk; NULL: none */
	const char *setup, *data;   /* of the data disk; NULL: none, and the usual size */
	uint64_t data_mib;
};

static bool path_make(
	const struct wish *wish, const char *name, const char *format, char *ret, struct error *e)
{
	return snprintf(ret, IMAGE_PATH_BYTES, "%s/%s.%s", wish->image.directory, name, format) <
		       IMAGE_PATH_BYTES ||
	       fail(e, FAULT_NEVER, "write '%s': the path is too long", wish->image.directory);
}

static bool boot_disk_make(
	const struct wish *wish, const char *format, const char *to, struct error *e)
{
	struct disk_plan plan = { .directory = wish->image.directory,
		.kernel_path = wish->image.kernel_path,
		.words = wish->words,
		.format = format,
		.work_path = wish->image.directory,
		.to = to };

	return disk_build(&plan, e);
}

static bool data_disk_make(
	const struct wish *wish, const char *format, const char *to, struct error *e)
{
	struct disk_data_plan plan = { .setup_path = wish->setup,
		.format = format,
		.work_path = wish->image.directory,
		.to = to,
		.bytes = wish->data_mib << MEBIBYTE_BITS };

	return disk_data_build(&plan, e);
}

/* Both disks raw, then in one file. The card is the one that all offer, if the image has its driver. */
static bool machine_make(const struct wish *wish, struct error *e)
{
	char boot[IMAGE_PATH_BYTES], data[IMAGE_PATH_BYTES], path[IMAGE_PATH_BYTES];
	bool has_e1000 = image_has_driver(wish->image.directory, "e1000");
	struct ova_plan plan = { .boot_path = boot,
		.data_path = data,
		.nic = has_e1000 ? "E1000" : "VmxNet3",
		.work_path = wish->image.directory,
		.to = path };

	if (!path_make(wish, "disk", "raw", boot, e) || !path_make(wish, "data", "raw", data, e) ||
		!path_make(wish, "mailvisor", "ova", path, e))
		return false;
	if (!has_e1000)
		(void)fprintf(stderr,
			"mailvisor-lab image: this kernel has no driver for the network card of "
			"VirtualBox's and Hyper-V's imports (the package linux-image-amd64 brings "
			"one): the OVA has VMware's\n");
	bool is_made = boot_disk_make(wish, "raw", boot, e) &&
		       data_disk_make(wish, "raw", data, e) && ova_write(&plan, e);

	(void)unlink(boot);
	(void)unlink(data);
	if (is_made)
		(void)printf("%s\n", path);
	return is_made;
}

static bool disks_make(const struct wish *wish, struct error *e)
{
	char path[IMAGE_PATH_BYTES];

	if (wish->format == NULL)
		return true;
	if (format_is_machine(wish->format))
		return machine_make(wish, e);
	if (!path_make(wish, "disk", wish->format, path, e) ||
		!boot_disk_make(wish, wish->format, path, e))
		return false;
	(void)printf("%s\n", path);
	if (wish->setup == NULL && wish->data == NULL)
		return true;
	if (!path_make(wish, "data", wish->format, path, e) ||
		!data_disk_make(wish, wish->format, path, e))
		return false;
	(void)printf("%s\n", path);
	return true;
}

static int build_run(const struct wish *wish)
{
	struct error e = { 0 };

	if (image_build(&wish->image, &e)) {
		(void)printf("%s/" IMAGE_MANIFEST "\n", wish->image.directory);
		if (disks_make(wish, &e))
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
	case 'p':
		return &wish->image.packages_path;
	case 'f':
		return &wish->format;
	case 'a':
		return &wish->words;
	case 'd':
		return &wish->data;
	case 'u':
		return &wish->setup;
	default:
		return NULL;
	}
}

static bool wish_is_whole(struct wish *wish)
{
	wish->data_mib = DATA_MIB;
	if (wish->format == NULL)
		return wish->words == NULL && wish->setup == NULL && wish->data == NULL;
	if (!format_is_known(wish->format)) {
		(void)fprintf(stderr, "mailvisor-lab image: there is no format '%s': %s\n",
			wish->format, format_names);
		return false;
	}
	if (wish->data == NULL ||
		(slice_number(slice_of(wish->data), DATA_MIB_MAX, &wish->data_mib) &&
			wish->data_mib >= DATA_MIB_MIN))
		return true;
	(void)fprintf(stderr, "mailvisor-lab image: --data %s: want %d to %d mebibytes\n",
		wish->data, DATA_MIB_MIN, DATA_MIB_MAX);
	return false;
}

/* An OVA goes to who knows what: the kernel with the drivers of real machines, where it is installed. */
static void kernel_choose(struct wish *wish, char room[IMAGE_PATH_BYTES])
{
	struct image_plan any = { .modules = (const char *const[]){ "e1000", NULL } };
	struct error ignored = { 0 };

	if (wish->format != NULL && format_is_machine(wish->format) &&
		wish->image.kernel_path == NULL && image_kernel_for(&any, room, &ignored))
		wish->image.kernel_path = room;
}

/* A name without a slash is another server's, of those that an image can be made of. */
static bool other_choose(struct image_plan *plan, struct error *e)
{
	const struct server *s = plan->server_path == NULL || strchr(plan->server_path, '/') != NULL
					 ? NULL
					 : server_find(slice_of(plan->server_path));

	if (s == NULL || s == &server_mailvisor) {
		plan->server_path = s == NULL ? plan->server_path : NULL;
		return true;
	}
	plan->other = s;
	return s->image_programs != NULL ||
	       fail(e, FAULT_NEVER, "an image can be made of mailvisor and postfix, not of '%s'",
		       s->name);
}

/* Its accounts are no setup file: an experiment makes its data disk. */
static bool other_is_possible(const struct wish *wish, struct error *e)
{
	bool has_data = wish->setup != NULL || wish->data != NULL ||
			(wish->format != NULL && format_is_machine(wish->format));

	return wish->image.other == NULL || !has_data ||
	       fail(e, FAULT_NEVER,
		       "with --server %s there is no data disk here (no --setup, no --data, no "
		       "ova): experiments make theirs",
		       wish->image.other->name);
}

int image_command(int argc, char **argv)
{
	static const struct option options[] = { { "out", required_argument, NULL, 'o' },
		{ "kernel", required_argument, NULL, 'k' },
		{ "server", required_argument, NULL, 's' },
		{ "packages", required_argument, NULL, 'p' },
		{ "format", required_argument, NULL, 'f' },
		{ "append", required_argument, NULL, 'a' },
		{ "setup", required_argument, NULL, 'u' }, { "data", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	struct wish wish = { .image.directory = "mailvisor-image" };
	char server[IMAGE_PATH_BYTES], kernel[IMAGE_PATH_BYTES];
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
	if (!other_choose(&wish.image, &e) || !other_is_possible(&wish, &e)) {
		(void)fprintf(stderr, "mailvisor-lab image: %s\n", e.text);
		return STATUS_FAILED;
	}
	if (wish.image.server_path == NULL && !image_server_find(server, &e)) {
		(void)fprintf(stderr, "mailvisor-lab image: %s\n", e.text);
		return STATUS_FAILED;
	}
	if (wish.image.server_path == NULL)
		wish.image.server_path = server;
	kernel_choose(&wish, kernel);
	return build_run(&wish);
}
