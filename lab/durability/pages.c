/* SPDX-License-Identifier: MIT */
#include "lab/durability/pages.h"

#include "base/buf.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_BYTES = 1 << 20,
	WALK_FILES = 16,
	/* Bits of /proc/kpageflags. */
	FLAG_DIRTY = 4,
	FLAG_WRITEBACK = 8,
	FLAG_TAIL = 16,
	/* A page inside a larger one has its flags at the first; the largest has 2 MiB. */
	TAILS_MAX = 512,
};
/* Of /proc/self/pagemap: bits 0-54 the page frame, bit 63 that it is in memory. */
#define MAP_FRAME ((UINT64_C(1) << 55) - 1)
#define MAP_PRESENT (UINT64_C(1) << 63)

/* The search while it goes through the files; nftw() has no place for it. */
static struct search {
	struct slice text;
	char *room;
	unsigned files, places;
	bool is_there, is_clean, is_untold;
	int map_fd, flags_fd;
} search;

/* False: not told. */
static bool frame_flags(uint64_t frame, uint64_t *ret)
{
	return pread(search.flags_fd, ret, sizeof *ret, (off_t)(frame * sizeof *ret)) ==
	       (ssize_t)sizeof *ret;
}

/* Is the page at this address still to be written? False in *ret_is_told: the kernel says nothing. */
static bool is_dirty(const char *at, bool *ret_is_told)
{
	uint64_t entry = 0, flags = 0, frame;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	*ret_is_told =
		pread(search.map_fd, &entry, sizeof entry,
			(off_t)((uintptr_t)at / page * sizeof entry)) == (ssize_t)sizeof entry &&
		(entry & MAP_PRESENT) != 0 && (entry & MAP_FRAME) != 0;
	frame = entry & MAP_FRAME;
	for (unsigned i = 0; *ret_is_told && i < TAILS_MAX; i++, frame--) {
		*ret_is_told = frame_flags(frame, &flags);
		if ((flags & (UINT64_C(1) << FLAG_TAIL)) == 0)
			break;
	}
	return (flags & (UINT64_C(1) << FLAG_DIRTY | UINT64_C(1) << FLAG_WRITEBACK)) != 0;
}

/* All pages that the text touches. */
static void place_look(int fd, uint64_t from)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), start = from / page * page;
	size_t bytes = (size_t)(from - start) + search.text.len;
	const volatile char *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, (off_t)start);
	bool is_on_disk = true;

	search.is_there = true;
	search.places++;
	if (at == MAP_FAILED) {
		search.is_untold = true;
		return;
	}
	for (size_t i = 0; i < bytes; i += page) {
		bool is_told;

		(void)at[i]; /* now it has a frame */
		is_on_disk = !is_dirty((const char *)(uintptr_t)(at + i), &is_told) && is_on_disk;
		search.is_untold = search.is_untold || !is_told;
		is_on_disk = is_on_disk && is_told;
	}
	search.is_clean = search.is_clean || is_on_disk;
	(void)munmap((void *)(uintptr_t)at, bytes);
}

static void piece_search(int fd, uint64_t from, size_t len)
{
	const char *at = search.room;

	while (search.places < PAGES_PLACES_MAX) {
		size_t left = len - (size_t)(at - search.room);
		const char *hit = memmem(at, left, search.text.at, search.text.len);

		if (hit == NULL)
			return;
		place_look(fd, from + (uint64_t)(hit - search.room));
		at = hit + 1;
	}
}

/* Reads what is not a hole, in pieces that overlap by the text's length. */
static void file_search(int fd)
{
	off_t at = lseek(fd, 0, SEEK_DATA);

	while (at >= 0 && search.places < PAGES_PLACES_MAX) {
		ssize_t got = pread(fd, search.room, READ_BYTES, at);

		if (got < (ssize_t)search.text.len)
			return;
		piece_search(fd, (uint64_t)at, (size_t)got);
		at = lseek(fd, at + got - (off_t)search.text.len + 1, SEEK_DATA);
	}
}

/* Logs for people are not searched; RocksDB's logs, which hold mail, have numbers for names. */
static bool is_searched(const char *name)
{
	return !slice_ends_nocase(slice_of(name), S(".log")) || ascii_is_digit(name[0]);
}

static int on_file(const char *path, const struct stat *meta, int kind, struct FTW *where)
{
	if (kind != FTW_F || !S_ISREG(meta->st_mode) || !is_searched(path + where->base))
		return 0;
	if (++search.files > PAGES_FILES_MAX)
		return 1;
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		file_search(fd);
	return 0;
}

bool pages_are_told(void)
{
	return geteuid() == 0 && access("/proc/kpageflags", R_OK) == 0;
}

bool pages_find(const char *folder, struct slice text, enum pages_state *ret, struct error *e)
{
	auto_free char *room = malloc(READ_BYTES);
	auto_fd map_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	auto_fd flags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	invariant(text.len > 0 && text.len <= PAGES_TEXT_BYTES_MAX);
	if (room == NULL)
		return fail(e, FAULT_LATER, "search '%s': no memory", folder);
	search = (struct search){
		.text = text, .room = room, .map_fd = map_fd, .flags_fd = flags_fd
	};
	if (nftw(folder, on_file, WALK_FILES, FTW_PHYS | FTW_MOUNT) != 0)
		return fail(e, FAULT_NEVER, "search '%s': more than %d files, or it is gone",
			folder, PAGES_FILES_MAX);
	*ret = !search.is_there   ? PAGES_ABSENT
	       : search.is_clean  ? PAGES_CLEAN
	       : search.is_untold ? PAGES_UNKNOWN
				  : PAGES_DIRTY;
	return true;
}
