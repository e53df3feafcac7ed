/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb_log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/*
 * One aligned word, so that kill -9 and a power cut leave the old or the new one: a checksum of 16
 * bits, then 48 bits of the sequence (at a million keys a second they last nine years). It is
 * written and never synced: that would be a second sync for every commit.
 */
enum { SEQUENCE_BITS = 48, MARK_BYTES = 8 };
#define MARK_NAME "synced"

static uint64_t mark_word(uint64_t sequence)
{
	char bytes[MARK_BYTES];
	uint64_t kept = sequence & ((UINT64_C(1) << SEQUENCE_BITS) - 1);
	uint64_t sum;

	store_save_u64(bytes, kept);
	sum = store_crc32c(0, (struct slice){ bytes, sizeof bytes }) & 0xffff;
	return sum << SEQUENCE_BITS | kept;
}

static void mark_path(const char *path, char room[PATH_MAX])
{
	(void)snprintf(room, PATH_MAX, "%s/" MARK_NAME, path);
}

int rocks_mark_open(const char *path, struct error *e)
{
	char name[PATH_MAX];
	int fd;

	mark_path(path, name);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		(void)fail(e, FAULT_NEVER, "store: open '%s': %m", name);
	return fd;
}

/* None, an empty one, or one of zeros (a power cut while it was new) claims nothing. */
bool rocks_mark_read(const char *path, uint64_t *ret_sequence)
{
	char name[PATH_MAX], bytes[MARK_BYTES] = { 0 };
	uint64_t word;
	auto_fd fd = -1;

	*ret_sequence = 0;
	mark_path(path, name);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, bytes, sizeof bytes, 0) == 0)
		return true;
	word = store_load_u64(bytes);
	if (word == 0)
		return true;
	if (word != mark_word(word))
		return false;
	*ret_sequence = word & ((UINT64_C(1) << SEQUENCE_BITS) - 1);
	return true;
}

void rocks_mark_write(int fd, uint64_t sequence)
{
	char bytes[MARK_BYTES];
	ssize_t ignored;

	store_save_u64(bytes, mark_word(sequence));
	ignored = pwrite(fd, bytes, sizeof bytes, 0);
	(void)ignored;
}

struct rocks_claim rocks_claim(uint64_t sequence)
{
	struct rocks_claim claim = { { 's' } };

	store_save_u64(claim.bytes + 1, sequence);
	return claim;
}
