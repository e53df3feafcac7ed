/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* RocksDB's log format; its numbers are little-endian. */
enum {
	BLOCK_BYTES = 32768,
	FRAGMENT_HEAD_BYTES = 7,
	RECORD_HEAD_BYTES = 12,
	CLAIM_TAG = 3, /* data that only stands in the log */
	CLAIM_AT = RECORD_HEAD_BYTES + 2,
	HEAD_ROOM = CLAIM_AT + LOG_CLAIM_BYTES,
};
enum fragment { FRAGMENT_WHOLE = 1, FRAGMENT_FIRST, FRAGMENT_MIDDLE, FRAGMENT_LAST };

struct log_list {
	uint64_t numbers[LOG_FILES_MAX];
	size_t count;
};

struct log_walk {
	struct rocks_log *log;
	char file[LOG_NAME_BYTES];
	char block[BLOCK_BYTES];
	uint64_t block_at;
	/* The record whose fragments pass by; its first bytes. */
	bool in_record;
	uint64_t record_at;
	char head[HEAD_ROOM];
	size_t head_len;
	/* The first bad bytes since the last good record. */
	bool is_bad;
	char bad_file[LOG_NAME_BYTES];
	uint64_t bad_at;
	/* The sequence that must come next. */
	bool has_next;
	uint64_t next;
};

static uint64_t load_little(const char *at, size_t bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | (unsigned char)at[bytes];
	return value;
}

static void log_name(uint64_t number, char room[LOG_NAME_BYTES])
{
	(void)snprintf(room, LOG_NAME_BYTES, "%06llu.log", (unsigned long long)number);
}

static int number_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool list_logs(const char *path, struct log_list *ret, struct error *e)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	ret->count = 0;
	if (dir == NULL)
		return fail(e, FAULT_NEVER, "store: open '%s': %m", path);
	while ((entry = readdir(dir)) != NULL) {
		struct slice name = slice_of(entry->d_name);
		uint64_t number;

		if (name.len <= 4 || strcmp(entry->d_name + name.len - 4, ".log") != 0 ||
			!slice_number(slice_first(name, name.len - 4), UINT64_MAX, &number))
			continue;
		if (ret->count < COUNT(ret->numbers))
			ret->numbers[ret->count++] = number;
	}
	(void)closedir(dir);
	qsort(ret->numbers, ret->count, sizeof ret->numbers[0], number_order);
	return true;
}

static void walk_bad(struct log_walk *w, uint64_t at)
{
	if (!w->is_bad) {
		w->is_bad = true;
		w->bad_at = w->in_record ? w->record_at : at;
		memcpy(w->bad_file, w->file, sizeof w->bad_file);
	}
	w->in_record = false;
}

static void walk_hole(struct log_walk *w, const char file[LOG_NAME_BYTES], uint64_t at)
{
	struct rocks_log *log = w->log;

	log->has_hole = true;
	memcpy(log->file, file, sizeof log->file);
	log->at = at;
	log->has_first = w->has_next;
	log->next = w->has_next ? w->next : 0;
}

static void take_claim(struct log_walk *w)
{
	uint64_t claimed;

	if (w->head_len < HEAD_ROOM || w->head[RECORD_HEAD_BYTES] != CLAIM_TAG ||
		w->head[RECORD_HEAD_BYTES + 1] != LOG_CLAIM_BYTES || w->head[CLAIM_AT] != 's')
		return;
	claimed = store_load_u64(w->head + CLAIM_AT + 1);
	w->log->claimed = claimed > w->log->claimed ? claimed : w->log->claimed;
}

static void take_record(struct log_walk *w)
{
	struct rocks_log *log = w->log;
	uint64_t sequence = load_little(w->head, 8), count = load_little(w->head + 8, 4);
	bool follows = w->has_next ? sequence == w->next : !w->is_bad;

	w->in_record = false;
	if (w->head_len < RECORD_HEAD_BYTES) {
		walk_bad(w, w->record_at);
		return;
	}
	if (count == 0)
		return; /* RocksDB's own, after it recovered */
	take_claim(w);
	if (!follows) {
		if (!log->has_hole)
			walk_hole(w, w->is_bad ? w->bad_file : w->file,
				w->is_bad ? w->bad_at : w->record_at);
		log->missing += w->has_next && sequence > w->next ? sequence - w->next : 1;
	} else if (w->is_bad) {
		log->has_scars = true;
	}
	log->after += log->has_hole;
	w->is_bad = false;
	w->has_next = true;
	w->next = sequence + count;
}

static void take_fragment(struct log_walk *w, enum fragment type, uint64_t at, struct slice bytes)
{
	size_t room;

	if (type == FRAGMENT_WHOLE || type == FRAGMENT_FIRST) {
		if (w->in_record)
			walk_bad(w, at);
		w->in_record = true;
		w->record_at = at;
		w->head_len = 0;
	} else if (!w->in_record) {
		walk_bad(w, at); /* its beginning was bad */
		return;
	}
	room = sizeof w->head - w->head_len;
	bytes = slice_first(bytes, room);
	if (bytes.len > 0)
		memcpy(w->head + w->head_len, bytes.at, bytes.len);
	w->head_len += bytes.len;
	if (type == FRAGMENT_WHOLE || type == FRAGMENT_LAST)
		take_record(w);
}

/*
 * RocksDB sums every byte for its log and once more for its blob files. Distributions build it for
 * processors without the instruction, and then that takes 8 us for a mail of 10 KB, not 0.5. So
 * here is the same function by the same name, which the linker prefers to the library's. Where it
 * does not (another version, another way of linking) nothing is lost but time.
 */
__attribute__((used, visibility("default"))) uint32_t rocks_crc32c_extend(
	uint32_t before, const char *at, size_t bytes) __asm__("_ZN7rocksdb6crc32c6ExtendEjPKcm");
uint32_t rocks_crc32c_extend(uint32_t before, const char *at, size_t bytes)
{
	return store_crc32c(before, (struct slice){ at, bytes });
}

/* RocksDB's checksums of checksums are turned and moved, so that they do not check themselves. */
static bool is_sound(const char *fragment, size_t bytes)
{
	uint32_t sum = store_crc32c(0, (struct slice){ fragment + 6, 1 + bytes });

	return (uint32_t)load_little(fragment, 4) == (sum >> 15 | sum << 17) + 0xa282ead8u;
}

/* After bad bytes nobody knows where the next fragment begins, but that one begins a block. */
static void take_block(struct log_walk *w, size_t len)
{
	size_t at = 0;

	while (len - at >= FRAGMENT_HEAD_BYTES) {
		const char *head = w->block + at;
		size_t bytes = (size_t)load_little(head + 4, 2);
		int type = head[6];

		if (bytes > len - at - FRAGMENT_HEAD_BYTES || type < FRAGMENT_WHOLE ||
			type > FRAGMENT_LAST || !is_sound(head, bytes)) {
			walk_bad(w, w->block_at + at);
			return;
		}
		take_fragment(w, (enum fragment)type, w->block_at + at,
			(struct slice){ head + FRAGMENT_HEAD_BYTES, bytes });
		at += FRAGMENT_HEAD_BYTES + bytes;
	}
	if (len < BLOCK_BYTES && at < len)
		walk_bad(w, w->block_at + at); /* half a head */
}

static bool read_block(int fd, struct log_walk *w, size_t *ret_len)
{
	size_t len = 0;

	while (len < BLOCK_BYTES) {
		ssize_t got =
			pread(fd, w->block + len, BLOCK_BYTES - len, (off_t)(w->block_at + len));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return true;
}

static bool take_file(struct log_walk *w, const char *path, uint64_t number, struct error *e)
{
	char name[PATH_MAX];
	size_t len = BLOCK_BYTES;
	auto_fd fd = -1;

	log_name(number, w->file);
	(void)snprintf(name, sizeof name, "%s/%s", path, w->file);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, FAULT_NEVER, "store: open '%s': %m", name);
	for (w->block_at = 0; len == BLOCK_BYTES; w->block_at += len) {
		if (!read_block(fd, w, &len))
			return fail(e, FAULT_LATER, "store: read '%s': %m", name);
		take_block(w, len);
	}
	if (w->in_record)
		walk_bad(w, w->record_at);
	return true;
}

static void judge(struct rocks_log *log)
{
	/* Where nothing good stands before the hole, what stands behind it tells of loss. */
	if (log->has_hole)
		log->is_damaged = log->is_damaged ||
				  (log->has_first ? log->claimed >= log->next : log->after > 0);
	if (log->is_damaged && log->after == 0 && log->claimed >= log->next && log->has_first)
		log->missing += log->claimed - log->next + 1;
}

static bool take_all(struct log_walk *w, const char *path, uint64_t first, struct error *e)
{
	auto_free struct log_list *list = malloc(sizeof *list);

	if (list == NULL)
		return fail(e, FAULT_LATER, "store '%s': no memory", path);
	if (!list_logs(path, list, e))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		if (list->numbers[i] >= first && !take_file(w, path, list->numbers[i], e))
			return false;
	}
	if (w->is_bad && !w->log->has_hole)
		walk_hole(w, w->bad_file, w->bad_at);
	return true;
}

bool rocks_log_read(const char *path, uint64_t first, struct rocks_log *ret, struct error *e)
{
	auto_free struct log_walk *w = calloc(1, sizeof *w);

	if (w == NULL)
		return fail(e, FAULT_LATER, "store '%s': no memory", path);
	*ret = (struct rocks_log){ 0 };
	if (!rocks_mark_read(path, &ret->claimed)) {
		ret->is_damaged = true;
		(void)snprintf(ret->file, sizeof ret->file, "synced");
	}
	w->log = ret;
	if (!take_all(w, path, first, e))
		return false;
	judge(ret);
	return true;
}

void rocks_log_compare(struct rocks_log *log, uint64_t sequence)
{
	if (log->is_damaged || sequence >= log->claimed)
		return;
	log->is_damaged = true;
	log->missing = log->claimed - sequence;
	if (!log->has_hole)
		(void)snprintf(log->file, sizeof log->file, "the newest .log");
}

static bool cut_file(
	const char *path, uint64_t number, const struct rocks_log *log, struct error *e)
{
	char file[LOG_NAME_BYTES], name[PATH_MAX];
	auto_fd fd = -1;

	log_name(number, file);
	(void)snprintf(name, sizeof name, "%s/%s", path, file);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || ftruncate(fd, strcmp(file, log->file) == 0 ? (off_t)log->at : 0) != 0 ||
		fsync(fd) != 0)
		return fail(e, FAULT_LATER, "store: cut the torn end of '%s': %m", name);
	return true;
}

bool rocks_log_cut(const char *path, const struct rocks_log *log, struct error *e)
{
	auto_free struct log_list *list = malloc(sizeof *list);
	bool is_behind = false;

	if (list == NULL)
		return fail(e, FAULT_LATER, "store '%s': no memory", path);
	if (!list_logs(path, list, e))
		return false;
	for (size_t i = 0; i < list->count; i++) {
		char file[LOG_NAME_BYTES];

		log_name(list->numbers[i], file);
		is_behind = is_behind || strcmp(file, log->file) == 0;
		if (is_behind && !cut_file(path, list->numbers[i], log, e))
			return false;
	}
	return true;
}
