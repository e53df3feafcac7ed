/* SPDX-License-Identifier: MIT */
#include "lab/image/disk.h"

#include "lab/files/run.h"
#include "lab/image/drivers.h"
#include "lab/image/format.h"
#include "lab/image/image.h"
#include "lab/image/pack.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	DISK_FAT_AT = 1 << 20, /* where partitions begin since disks have 4 KiB sectors */
	DISK_SECTOR_BYTES = 512,
	DISK_FAT_BYTES_MIN = 40 << 20, /* FAT32 begins at 33 MiB, and firmware likes FAT32 best */
	DISK_SLACK_BYTES = 4 << 20,    /* FAT's own tables and rounding */
	DISK_TAIL_BYTES = 1 << 20,     /* the second copy of the partition table */
	DISK_MBR_BYTES = 440,          /* code in sector 0; behind it stands a partition table */
	DISK_WORDS_BYTES = 2048,       /* the kernel's own limit for its command line */
	DISK_MEMBER_BYTES = 4,         /* cpio members begin at multiples of it */
};

/* Each starts the same two files of the partition: a kernel and an initramfs. */
#define LOADER "/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
#define GPTMBR "/usr/lib/syslinux/mbr/gptmbr.bin"
#define DISK_WORDS                                                                                 \
	"console=ttyS0 quiet panic=-1 random.trust_cpu=on cryptomgr.notests audit=0 apparmor=0 "   \
	"8250.nr_uarts=1 mailvisor.disk=auto"

static const struct disk_need {
	const char *what, *package;
	bool is_file;
} disk_needs[] = {
	{ "sfdisk", "fdisk", false },
	{ "mkfs.fat", "dosfstools", false },
	{ "mmd", "mtools", false },
	{ "mcopy", "mtools", false },
	{ "syslinux", "syslinux", false },
	{ GPTMBR, "syslinux-common", true },
	{ LOADER, "systemd-boot-efi", true },
};

/* Paths of what is made on the way, all in the work directory. */
enum part {
	PART_INITRD,
	PART_SYSLINUX,
	PART_LOADER,
	PART_ENTRY,
	PART_FAT,
	PART_DRIVERS,
	PART_CPIO,
	PART_COUNT
};
static const char *const part_names[PART_COUNT] = { "disk-initrd", "disk-syslinux.cfg",
	"disk-loader.conf", "disk-entry.conf", "disk-fat", "disk-drivers", "disk-cpio" };

struct disk_work {
	const struct disk_plan *plan;
	char parts[PART_COUNT][IMAGE_PATH_BYTES];
	char kernel[IMAGE_PATH_BYTES], initramfs[IMAGE_PATH_BYTES], version[IMAGE_PATH_BYTES];
	char words[DISK_WORDS_BYTES];
};

bool disk_is_possible(const char *format, char *ret_reason, size_t size)
{
	for (size_t i = 0; i < COUNT(disk_needs); i++) {
		const struct disk_need *need = &disk_needs[i];

		if (need->is_file ? access(need->what, R_OK) == 0 : run_is_there(need->what))
			continue;
		(void)snprintf(ret_reason, size, "there is no %s; the package %s brings it",
			need->what, need->package);
		return false;
	}
	if (strcmp(format, "raw") == 0 || run_is_there("qemu-img"))
		return true;
	(void)snprintf(ret_reason, size, "there is no qemu-img; the package qemu-utils brings it");
	return false;
}

static bool file_write(const char *path, struct slice text, struct error *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	return (fd >= 0 && write(fd, text.at, text.len) == (ssize_t)text.len) ||
	       fail(e, FAULT_LATER, "write '%s': %m", path);
}

/* Puts a file's bytes into another one, at `at`. */
static bool file_put(const char *from, const char *to, off_t at, size_t max, struct error *e)
{
	auto_fd in = open(from, O_RDONLY | O_CLOEXEC);
	auto_fd out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ssize_t part = 1;

	if (in < 0 || out < 0 || lseek(out, at, SEEK_SET) != at)
		return fail(e, FAULT_NEVER, "copy '%s' to '%s': %m", from, to);
	for (; max > 0 && part > 0; max -= part > 0 ? (size_t)part : 0)
		part = sendfile(out, in, NULL, max);
	return part >= 0 || fail(e, FAULT_LATER, "copy '%s' to '%s': %m", from, to);
}

static size_t file_bytes(const char *path)
{
	struct stat meta;

	return stat(path, &meta) < 0 ? 0 : (size_t)meta.st_size;
}

static bool version_read(struct disk_work *w, struct error *e)
{
	char path[IMAGE_PATH_BYTES];
	json_error_t where;
	bool is_read;

	(void)snprintf(path, sizeof path, "%.400s/" IMAGE_MANIFEST, w->plan->directory);
	json_t *all = json_load_file(path, 0, &where);
	const char *version = json_string_value(json_object_get(all, "kernel_version"));

	is_read = version != NULL && slice_text(slice_of(version), w->version, sizeof w->version);
	json_decref(all);
	return is_read || fail(e, FAULT_NEVER, "read '%s': %s", path,
				  version == NULL ? where.text : "no kernel_version in it");
}

/* The packed kernel: firmware and syslinux start that one. It must be the one of the modules. */
static bool kernel_choose(struct disk_work *w, struct error *e)
{
	char version[IMAGE_PATH_BYTES];

	if (!version_read(w, e))
		return false;
	if (w->plan->kernel_path != NULL)
		(void)snprintf(w->kernel, sizeof w->kernel, "%.500s", w->plan->kernel_path);
	else
		(void)snprintf(w->kernel, sizeof w->kernel, "/boot/vmlinuz-%.400s", w->version);
	if (!image_kernel_version(w->kernel, version, e))
		return false;
	return strcmp(version, w->version) == 0 ||
	       fail(e, FAULT_NEVER, "take the kernel '%.80s': it is %.40s, the image's is %.40s",
		       w->kernel, version, w->version);
}

static bool paths_make(struct disk_work *w, struct error *e)
{
	bool fits = true;

	for (size_t i = 0; i < PART_COUNT; i++)
		fits = fits && snprintf(w->parts[i], IMAGE_PATH_BYTES, "%s/%s", w->plan->work_path,
				       part_names[i]) < IMAGE_PATH_BYTES;
	fits = fits && snprintf(w->initramfs, IMAGE_PATH_BYTES, "%s/" IMAGE_INITRAMFS,
			       w->plan->directory) < IMAGE_PATH_BYTES;
	if (!fits)
		return fail(e, FAULT_NEVER, "make a disk in '%.80s': the path is too long",
			w->plan->work_path);
	if (snprintf(w->words, sizeof w->words, DISK_WORDS "%s%s",
		    w->plan->words == NULL ? "" : " ",
		    w->plan->words == NULL ? "" : w->plan->words) >= (int)sizeof w->words)
		return fail(e, FAULT_NEVER,
			"make a disk: the kernel's arguments are longer than %d bytes",
			DISK_WORDS_BYTES - 1);
	return true;
}

/* The kernel unpacks archives that stand one behind the other. */
static bool initrd_make(const struct disk_work *w, struct error *e)
{
	auto_image_files set = { 0 };
	const char *to = w->parts[PART_CPIO], *drivers = w->parts[PART_DRIVERS];
	off_t at = (off_t)file_bytes(w->initramfs);

	at = (at + DISK_MEMBER_BYTES - 1) / DISK_MEMBER_BYTES * DISK_MEMBER_BYTES;
	return drivers_add(&set, w->version, e) && image_files_write_cpio(&set, drivers, e) &&
	       file_put(w->initramfs, to, 0, SIZE_MAX / 2, e) &&
	       file_put(drivers, to, at, SIZE_MAX / 2, e) &&
	       pack_zstd(to, w->parts[PART_INITRD], e);
}

/* syslinux for a BIOS, systemd-boot (Boot Loader Specification, type 1) for UEFI; neither asks anybody. */
static bool configs_make(const struct disk_work *w, struct error *e)
{
	auto_buf syslinux = { .max = 2 * DISK_WORDS_BYTES },
		 entry = { .max = 2 * DISK_WORDS_BYTES };
	bool fits =
		buf_add_format(&syslinux,
			"SERIAL 0 115200\nDEFAULT mailvisor\nPROMPT 0\nTIMEOUT 0\n"
			"LABEL mailvisor\n  LINUX /linux\n  INITRD /initrd\n  APPEND %s\n",
			w->words) &&
		buf_add_format(&entry,
			"title Mailvisor\nlinux /linux\ninitrd /initrd\noptions %s\n", w->words);

	if (!fits)
		return fail(e, FAULT_LATER, "write the loaders' files: out of memory");
	return file_write(w->parts[PART_SYSLINUX], buf_slice(&syslinux), e) &&
	       file_write(w->parts[PART_LOADER],
		       S("default mailvisor.conf\ntimeout 0\neditor no\n"), e) &&
	       file_write(w->parts[PART_ENTRY], buf_slice(&entry), e);
}

static size_t fat_bytes(const struct disk_work *w)
{
	size_t bytes = file_bytes(w->kernel) + file_bytes(w->parts[PART_INITRD]) + DISK_SLACK_BYTES;

	bytes = bytes < DISK_FAT_BYTES_MIN ? DISK_FAT_BYTES_MIN : bytes;
	return (bytes + (1 << 20) - 1) >> 20 << 20;
}

/* Creates it, or cuts it, so that it holds nothing but zeros. */
static bool file_blank(const char *path, size_t bytes, struct error *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	return (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0) ||
	       fail(e, FAULT_LATER, "make '%s': %m", path);
}

static bool program(const char *const *words, struct error *e)
{
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	return run(words, S(""), &output, e);
}

static bool fat_make(const struct disk_work *w, struct error *e)
{
	const char *fat = w->parts[PART_FAT];
	const char *format[] = { "mkfs.fat", "-F", "32", "-i", "4d564d56", "-n", "MAILVISOR",
		"--invariant", fat, NULL };
	const char *directories[] = { "mmd", "-i", fat, "::/EFI", "::/EFI/BOOT", "::/loader",
		"::/loader/entries", NULL };
	const struct {
		const char *from, *to;
	} files[] = { { LOADER, "::/EFI/BOOT/BOOTX64.EFI" },
		{ w->parts[PART_LOADER], "::/loader/loader.conf" },
		{ w->parts[PART_ENTRY], "::/loader/entries/mailvisor.conf" },
		{ w->kernel, "::/linux" }, { w->parts[PART_INITRD], "::/initrd" },
		{ w->parts[PART_SYSLINUX], "::/syslinux.cfg" } };
	const char *loader[] = { "syslinux", "--install", fat, NULL };

	if (!file_blank(fat, fat_bytes(w), e) || !program(format, e) || !program(directories, e))
		return false;
	for (size_t i = 0; i < COUNT(files); i++) {
		const char *copy[] = { "mcopy", "-i", fat, files[i].from, files[i].to, NULL };

		if (!program(copy, e))
			return false;
	}
	return program(loader, e);
}

/* The identities are fixed: a disk of the same parts is the same disk. */
static bool table_make(const char *disk, size_t fat, struct error *e)
{
	const char *words[] = { "sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", disk,
		NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };
	char text[512];

	(void)snprintf(text, sizeof text,
		"label: gpt\nlabel-id: 4D564D56-0000-4000-8000-000000000001\n"
		"start=%d, size=%zu, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, "
		"uuid=4D564D56-0000-4000-8000-000000000002, name=mailvisor, "
		"attrs=LegacyBIOSBootable\n",
		DISK_FAT_AT / DISK_SECTOR_BYTES, fat / DISK_SECTOR_BYTES);
	return run(words, slice_of(text), &output, e);
}

static bool raw_make(const struct disk_work *w, const char *to, struct error *e)
{
	size_t fat = file_bytes(w->parts[PART_FAT]);

	return file_blank(to, DISK_FAT_AT + fat + DISK_TAIL_BYTES, e) && table_make(to, fat, e) &&
	       file_put(w->parts[PART_FAT], to, DISK_FAT_AT, fat, e) &&
	       file_put(GPTMBR, to, 0, DISK_MBR_BYTES, e);
}

static bool disk_make(const struct disk_work *w, struct error *e)
{
	char raw[IMAGE_PATH_BYTES];

	if (!initrd_make(w, e) || !configs_make(w, e) || !fat_make(w, e))
		return false;
	if (strcmp(w->plan->format, "raw") == 0)
		return raw_make(w, w->plan->to, e);
	(void)snprintf(raw, sizeof raw, "%.490s/disk-raw", w->plan->work_path);
	bool is_made = raw_make(w, raw, e) && format_convert(raw, w->plan->format, w->plan->to, e);

	(void)unlink(raw);
	return is_made;
}

bool disk_build(const struct disk_plan *plan, struct error *e)
{
	struct disk_work w = { .plan = plan };
	char reason[sizeof e->text];

	if (!disk_is_possible(plan->format, reason, sizeof reason))
		return fail(e, FAULT_NEVER, "make a disk: %.200s", reason);
	if (!paths_make(&w, e) || !kernel_choose(&w, e))
		return false;
	bool is_made = disk_make(&w, e);

	for (size_t i = 0; i < PART_COUNT; i++)
		(void)unlink(w.parts[i]);
	return is_made || fail_in(e, "make the disk '%.100s'", plan->to);
}
