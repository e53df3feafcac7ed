/* SPDX-License-Identifier: MIT */
/*
 * A backup is a directory of its own:
 *
 *     backup              "mailvisor-backup 1", a line "SIZE NAME" for each file, "end COUNT"; written last
 *     store/              the store, as it was at one moment
 *     secret cert.pem ... the other files of the data directory
 *
 * A running server is asked for a copy of its store, whose files are taken away while it goes on; the
 * files of a stopped one are taken as they are. Until it is whole it is called DIRECTORY.partial.
 */
#include "cmd/client/client.h"
#include "cmd/client/file_copy.h"
#include "cmd/datadir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_NAME "backup"
#define LIST_HEAD S("mailvisor-backup 1\n")

/* In the data directory, and of no use elsewhere: who holds it, and what a crash left half made. */
static const char *const never_kept[] = { "lock", "secret.new" };

static int told(const struct error *e)
{
	(void)fprintf(stderr, "mailvisor: %s\n", e->text);
	return e->fault == FAULT_LATER ? EXIT_LATER : EXIT_FAILED;
}

static bool join(const char *directory, const char *name, char ret[PATH_MAX], struct error *e)
{
	int length = snprintf(ret, PATH_MAX, "%s/%s", directory, name);

	return length < PATH_MAX || fail(e, FAULT_NEVER, "path '%.100s...': too long", directory);
}

/* Holds the directory of a stopped server. False without a failure: a server runs there. */
static bool is_stopped(const char *data, int *ret_fd, struct error *e)
{
	char path[PATH_MAX];

	if (!join(data, "lock", path, e))
		return false;
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*ret_fd < 0)
		return fail(e, FAULT_NEVER,
			"open '%s': %m: is this a server's data directory, and may you read it?",
			path);
	if (flock(*ret_fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	fd_close(ret_fd);
	return errno == EWOULDBLOCK ? false : fail(e, FAULT_NEVER, "lock '%s': %m", path);
}

static bool is_kept(const struct dirent *at, int directory_fd)
{
	struct stat status;

	for (size_t i = 0; i < COUNT(never_kept); i++) {
		if (strcmp(at->d_name, never_kept[i]) == 0)
			return false;
	}
	return fstatat(directory_fd, at->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(status.st_mode);
}

static void directory_close(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

/* The secret, certificates, and whatever else lies beside the store. */
static bool others_copy(struct file_copy *t, const char *data, const char *to, struct error *e)
{
	ON_EXIT(directory_close) DIR *files = opendir(data);
	char in[PATH_MAX], out[PATH_MAX];
	const struct dirent *at;

	if (files == NULL)
		return fail(e, FAULT_NEVER, "open '%s': %m", data);
	while ((at = readdir(files)) != NULL) {
		if (is_kept(at, dirfd(files)) &&
			(!join(data, at->d_name, in, e) || !join(to, at->d_name, out, e) ||
				!file_copy_file(t, in, out, at->d_name, e)))
			return false;
	}
	return true;
}

static bool list_write(struct file_copy *t, const char *directory, struct error *e)
{
	char path[PATH_MAX];

	if (!join(directory, LIST_NAME, path, e))
		return false;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct slice list = buf_slice(&t->list);
	char end[32];
	int end_len = snprintf(end, sizeof end, "end %" PRIu64 "\n", t->files);

	if (fd < 0 || write(fd, LIST_HEAD.at, LIST_HEAD.len) != (ssize_t)LIST_HEAD.len ||
		write(fd, list.at, list.len) != (ssize_t)list.len ||
		write(fd, end, (size_t)end_len) != end_len || fsync(fd) < 0)
		return fail(e, FAULT_LATER, "write '%s': %m", path);
	return file_copy_sync(directory, e);
}

/* The directory that a path's last name lies in. */
static void parent_of(const char *path, char ret[PATH_MAX])
{
	(void)snprintf(ret, PATH_MAX, "%s", path);
	char *slash = strrchr(ret, '/');

	if (slash == NULL)
		(void)snprintf(ret, PATH_MAX, ".");
	else
		slash[slash == ret ? 1 : 0] = '\0';
}

static bool all_copy(struct file_copy *t, const char *store, const char *data, const char *partial,
	const char *to, struct error *e)
{
	char path[PATH_MAX], parent[PATH_MAX];

	parent_of(to, parent);
	if (!join(partial, "store", path, e) || !file_copy_make(t, store, partial, e) ||
		!file_copy_directory(t, store, path, "store", e) ||
		!others_copy(t, data, partial, e) || !list_write(t, partial, e))
		return false;
	if (rename(partial, to) < 0)
		return fail(e, FAULT_NEVER, "rename '%s' to '%s': %m", partial, to);
	return file_copy_sync(parent, e);
}

static bool store_take(const char *store, const char *data, const char *to, struct error *e)
{
	char partial[PATH_MAX];
	struct file_copy t;

	if (snprintf(partial, sizeof partial, "%s.partial", to) >= (int)sizeof partial)
		return fail(e, FAULT_NEVER, "path '%.100s...': too long", to);
	if (access(partial, F_OK) == 0)
		return fail(e, FAULT_NEVER,
			"'%s' is there: another backup runs, or one was killed and you may remove "
			"it",
			partial);
	file_copy_init(&t);
	bool is_made = all_copy(&t, store, data, partial, to, e);
	if (is_made)
		(void)printf("backup '%s': %" PRIu64 " files, %" PRIu64 " bytes\n", to, t.files,
			t.bytes);
	else if (access(to, F_OK) != 0)
		file_copy_remove(partial);
	file_copy_done(&t);
	return is_made;
}

/* Where we see the copy: a server in a container or namespace has other names for its directory. */
static bool copy_find(const struct client *c, const json_t *copy, char ret[PATH_MAX])
{
	int length = snprintf(ret, PATH_MAX, "%s/copies/%s", c->data, text_of(copy, "name"));

	if (length < PATH_MAX && access(ret, F_OK) == 0)
		return true;
	return snprintf(ret, PATH_MAX, "%s", text_of(copy, "path")) < PATH_MAX;
}

/* The server's copy is removed whatever becomes of ours. */
static int running_backup(const struct client *c, const char *to)
{
	const struct call make = { .method = "POST", .collection = "copies" };
	struct error e = { .fault = FAULT_NONE };
	char path[PATH_MAX];
	json_t *copy = NULL, *gone = NULL;
	int status = call_send(c, &make, &copy);

	if (status != EXIT_DONE)
		return status;
	bool is_made = copy_find(c, copy, path) && store_take(path, c->data, to, &e);
	const struct call end = {
		.method = "DELETE", .collection = "copies", .name = text_of(copy, "name")
	};

	status = is_made ? EXIT_DONE : told(&e);
	int ended = call_send(c, &end, &gone);
	json_decref(gone);
	json_decref(copy);
	return status != EXIT_DONE ? status : ended;
}

int backup_make(struct client *c, struct args *a)
{
	struct error e = { .fault = FAULT_NONE };
	const char *to = a->words[0];
	char store[PATH_MAX];
	auto_fd lock_fd = -1;

	if (access(to, F_OK) == 0) {
		(void)fprintf(stderr,
			"mailvisor: '%s' is there already: a backup wants a new name\n", to);
		return EXIT_FAILED;
	}
	if (is_stopped(c->data, &lock_fd, &e)) {
		if (!join(c->data, "store", store, &e) || !store_take(store, c->data, to, &e))
			return told(&e);
		return EXIT_DONE;
	}
	return e.fault != FAULT_NONE ? told(&e) : running_backup(c, to);
}

/* One line of the list: the file must be there, with that size. Its name has at most one level. */
static bool line_check(const char *directory, struct slice line, struct error *e)
{
	size_t space = slice_find(line, ' ');
	struct slice name = slice_skip(line, space + 1);
	struct stat status;
	char text[PATH_MAX], path[PATH_MAX];
	uint64_t bytes = 0;

	if (!slice_number(slice_first(line, space), INT64_MAX, &bytes) || name.len == 0 ||
		!slice_text(name, text, sizeof text) || strstr(text, "..") != NULL ||
		text[0] == '/')
		return fail(e, FAULT_NEVER, "'%s/" LIST_NAME "': a bad line '%.*s'", directory,
			S_FMT(slice_first(line, 60)));
	if (!join(directory, text, path, e))
		return false;
	if (lstat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return fail(e, FAULT_NEVER, "the backup is not whole: '%s' is missing", path);
	return (uint64_t)status.st_size == bytes ||
	       fail(e, FAULT_NEVER, "the backup is not whole: '%s' has %lld bytes, not %" PRIu64,
		       path, (long long)status.st_size, bytes);
}

static bool lines_check(const char *directory, struct slice text, struct error *e)
{
	char end[32];
	uint64_t count = 0;

	while (text.len > 0) {
		struct slice line = slice_first(text, slice_find(text, '\n'));

		if (slice_starts(line, S("end "))) {
			(void)snprintf(end, sizeof end, "end %" PRIu64, count);
			return slice_same(line, slice_of(end)) ||
			       fail(e, FAULT_NEVER,
				       "'%s/" LIST_NAME "': %" PRIu64 " files are listed, not %.*s",
				       directory, count, S_FMT(slice_skip(line, 4)));
		}
		if (!line_check(directory, line, e))
			return false;
		text = slice_skip(text, line.len + 1);
		count++;
	}
	return fail(e, FAULT_NEVER, "'%s/" LIST_NAME "': it has no end", directory);
}

/* Is the backup whole? */
static bool backup_check(const char *directory, struct error *e)
{
	auto_buf text = { .max = FILE_COPY_LIST_BYTES + 64 };
	char path[PATH_MAX];
	ssize_t got = 1;

	if (!join(directory, LIST_NAME, path, e))
		return false;
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m: is this a backup?", path);
	while (got > 0) {
		char *room = buf_reserve(&text, 4096);

		got = room == NULL ? -1 : read(fd, room, 4096);
		if (got > 0)
			buf_grew(&text, (size_t)got);
	}
	if (got < 0)
		return fail(e, FAULT_NEVER, "read '%s': it is too long, or damaged", path);
	if (!slice_starts(buf_slice(&text), LIST_HEAD))
		return fail(e, FAULT_NEVER, "'%s': its first line is not '%.*s'", path,
			(int)LIST_HEAD.len - 1, LIST_HEAD.at);
	return lines_check(directory, slice_skip(buf_slice(&text), LIST_HEAD.len), e);
}

/* Into an existing directory, which decides whose the files are, or a new one like the backup's. */
static bool data_prepare(struct file_copy *t, const char *from, const char *data, struct error *e)
{
	char path[PATH_MAX];
	struct stat status;
	bool is_new;

	if (!join(from, "store", path, e))
		return false;
	if (stat(data, &status) < 0 && stat(path, &status) < 0)
		return fail(e, FAULT_NEVER, "read '%s': %m", path);
	t->has_owner = true;
	t->owner = status.st_uid;
	t->group = status.st_gid;
	if (!datadir_make(data, t->owner, t->group, &is_new, e) || !join(data, "store", path, e))
		return false;
	return access(path, F_OK) != 0 ||
	       fail(e, FAULT_NEVER,
		       "'%s' is there already: stop the server and move its data directory away",
		       path);
}

/* The store comes last and under its name all at once: before that, no server takes it for one. */
static bool data_fill(struct file_copy *t, const char *from, const char *data, struct error *e)
{
	ON_EXIT(directory_close) DIR *files = opendir(from);
	char in[PATH_MAX], out[PATH_MAX], partial[PATH_MAX];
	const struct dirent *at;

	if (files == NULL)
		return fail(e, FAULT_NEVER, "open '%s': %m", from);
	while ((at = readdir(files)) != NULL) {
		if (!is_kept(at, dirfd(files)) || strcmp(at->d_name, LIST_NAME) == 0)
			continue;
		if (!join(from, at->d_name, in, e) || !join(data, at->d_name, out, e) ||
			!file_copy_file(t, in, out, at->d_name, e))
			return false;
	}
	if (!join(from, "store", in, e) || !join(data, "store", out, e) ||
		!join(data, "store.partial", partial, e))
		return false;
	file_copy_remove(partial);
	if (!file_copy_directory(t, in, partial, "store", e))
		return false;
	return rename(partial, out) == 0 ? file_copy_sync(data, e)
					 : fail(e, FAULT_LATER, "rename '%s': %m", partial);
}

int backup_restore(struct client *c, struct args *a)
{
	struct error e = { .fault = FAULT_NONE };
	const char *from = a->words[0];
	struct file_copy t;

	file_copy_init(&t);
	bool is_done = backup_check(from, &e) &&
		       (c->data[0] != '\0' || fail(&e, FAULT_NEVER, "say --data DIR")) &&
		       data_prepare(&t, from, c->data, &e) && datadir_peek(c->data, &e) &&
		       data_fill(&t, from, c->data, &e);
	if (is_done)
		(void)printf("restored '%s': %" PRIu64 " files, %" PRIu64 " bytes\n", c->data,
			t.files, t.bytes);
	file_copy_done(&t);
	return is_done ? EXIT_DONE : told(&e);
}
