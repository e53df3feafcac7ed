/* SPDX-License-Identifier: MIT */
#include "crashed.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

void body_fill(char body[BODY_BYTES], unsigned number)
{
	kit_fill(body, BODY_BYTES, number + 1);
}

void mail_write(struct store *s, unsigned number, bool is_lazy)
{
	static char body[BODY_BYTES];
	char key[16];
	struct store_chunk chunk = { kit_blob(number), 0, { body, sizeof body } };
	struct store_set set = { S_INIT(""), S_INIT("entry") };
	struct store_commit commit = {
		.partition = S("p"), .expect = number, .sets = &set, .set_count = 1
	};
	struct store_txn txn = { .commits = &commit,
		.commit_count = 1,
		.chunks = &chunk,
		.chunk_count = 1,
		.may_be_lazy = is_lazy };

	body_fill(body, number);
	(void)snprintf(key, sizeof key, "%06u", number);
	set.key = slice_of(key);
	if (store_commit(s, &txn) != STORE_OK)
		kit_fail("%s", txn.error.text);
}

bool file_find(const struct kit *k, const char *ending, char ret[NAME_BYTES])
{
	DIR *dir = opendir(k->path);
	const struct dirent *entry;
	bool is_found = false;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name), ending_len = strlen(ending);
		char name[NAME_BYTES];

		if (len <= ending_len || strcmp(entry->d_name + len - ending_len, ending) != 0)
			continue;
		(void)snprintf(name, sizeof name, "%s/%s", k->path, entry->d_name);
		if (!is_found || strcmp(name, ret) > 0)
			memcpy(ret, name, sizeof name);
		is_found = true;
	}
	(void)closedir(dir);
	return is_found;
}

off_t file_bytes(const char *name)
{
	struct stat about;

	assert_int_equal(stat(name, &about), 0);
	return about.st_size;
}

/* A program of its own: RocksDB has threads here already, and they do not outlive a fork. */
static _Noreturn void child_run(const struct kit *k, int lazy, int report)
{
	char lazy_text[16], report_text[16], path[sizeof k->path];

	memcpy(path, k->path, sizeof path);
	(void)snprintf(lazy_text, sizeof lazy_text, "%d", lazy);
	(void)snprintf(report_text, sizeof report_text, "%d", report);
	(void)execl(
		"/proc/self/exe", "store_damage_test", path, lazy_text, report_text, (char *)NULL);
	_exit(4);
}

int child_main(char **argv)
{
	struct kit room = { .engine = &store_rocksdb }, *k = &room;
	uint64_t lazy = 0, report = 0;
	char log[NAME_BYTES];
	unsigned first;
	off_t synced;

	(void)snprintf(k->path, sizeof k->path, "%s", argv[1]);
	if (!slice_number(slice_of(argv[2]), LAZY, &lazy) ||
		!slice_number(slice_of(argv[3]), INT32_MAX, &report))
		return 2;
	kit_reopen(k);
	first = (unsigned)kit_version(k->store, "p");
	for (unsigned i = 0; i < MAILS; i++)
		mail_write(k->store, first + i, false);
	if (!file_find(k, ".log", log))
		return 2;
	synced = file_bytes(log);
	if (write((int)report, &synced, sizeof synced) != sizeof synced)
		return 2;
	for (unsigned i = 0; i < lazy; i++)
		mail_write(k->store, first + MAILS + i, true);
	(void)kill(getpid(), SIGKILL);
	return 3;
}

off_t crash(const struct kit *k, int lazy, char ret_log[NAME_BYTES])
{
	off_t synced;
	int pipes[2], status = 0;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		child_run(k, lazy, pipes[1]);
	(void)close(pipes[1]);
	assert_int_equal(read(pipes[0], &synced, sizeof synced), sizeof synced);
	(void)close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(file_find(k, ".log", ret_log));
	return synced;
}

off_t crashed_store(struct kit *k, int lazy, char ret_log[NAME_BYTES])
{
	*k = (struct kit){ .engine = &store_rocksdb };
	(void)snprintf(k->path, sizeof k->path, "/tmp/mailvisor-damage-XXXXXX");
	assert_non_null(mkdtemp(k->path));
	return crash(k, lazy, ret_log);
}

void file_flip(const char *name, off_t at)
{
	char byte;
	auto_fd fd = open(name, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte = (char)(byte ^ 0x10);
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

void file_fill(const char *name, off_t at, size_t bytes, bool is_garbage)
{
	char *room = calloc(1, bytes);
	auto_fd fd = open(name, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0 && room != NULL);
	if (is_garbage)
		kit_fill(room, bytes, 99);
	assert_int_equal(pwrite(fd, room, bytes, at), bytes);
	free(room);
}
