/* SPDX-License-Identifier: MIT */
#include "lab/image/server_files.h"

#include "base/buf.h"
#include "lab/image/elf_file.h"

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LINE_BYTES = 1024,
	LIBRARY_COUNT = 256,    /* of the loader's list; a big server has forty */
	USERS_BYTES_MAX = 4096, /* ten users */
};

struct library {
	char name[IMAGE_PATH_BYTES / 2], source[IMAGE_PATH_BYTES];
};

bool program_add(struct image_files *set, const char *path, const char *source, char *ret_loader,
	struct error *e)
{
	auto_free char *at = NULL;
	struct elf_view view;
	size_t len = 0;

	if (!image_read(source, &at, &len, e))
		return false;
	if (!elf_read((struct slice){ at, len }, &view))
		return fail(e, FAULT_NEVER, "add '%s' to the image: not a 64-bit ELF file", source);
	if (!slice_text(view.loader, ret_loader, IMAGE_PATH_BYTES))
		return fail(e, FAULT_NEVER, "add '%s' to the image: its loader's name is too long",
			source);
	len = elf_cut(at, &view);
	return image_files_add(set, path, S_IFREG | 0755, (struct slice){ at, len }, e);
}

/* "\tlibz.so.1 => /lib/x86_64-linux-gnu/libz.so.1 (0x00007f…)"; other lines are the kernel's vdso.
 */
static bool line_read(const char *line, struct library *ret)
{
	const char *arrow = strstr(line, " => ");
	const char *end = arrow == NULL ? NULL : strstr(arrow, " (0x");
	const char *name = line + strspn(line, " \t");

	return end != NULL && arrow[4] == '/' &&
	       slice_text((struct slice){ name, (size_t)(arrow - name) }, ret->name,
		       sizeof ret->name) &&
	       slice_text((struct slice){ arrow + 4, (size_t)(end - arrow - 4) }, ret->source,
		       sizeof ret->source);
}

/* Runs "LOADER --list PROGRAM" with its output on a pipe; returns the pipe, or NULL. */
static FILE *loader_run(const char *loader, const char *program, pid_t *ret_pid)
{
	char *const argv[] = { strdup(loader), strdup("--list"), strdup(program), NULL };
	posix_spawn_file_actions_t actions;
	int ends[2];
	FILE *from = NULL;

	if (pipe(ends) == 0) {
		(void)posix_spawn_file_actions_init(&actions);
		(void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		(void)posix_spawn_file_actions_addclose(&actions, ends[0]);
		if (posix_spawn(ret_pid, loader, &actions, NULL, argv, environ) == 0)
			from = fdopen(ends[0], "r");
		(void)posix_spawn_file_actions_destroy(&actions);
		(void)close(ends[1]);
		if (from == NULL)
			(void)close(ends[0]);
	}
	for (size_t i = 0; i < COUNT(argv) - 1; i++)
		free(argv[i]);
	return from;
}

/* All libraries go where libc is: the one directory that the loader searches without a cache. */
static bool libraries_add(struct image_files *set, const char *loader,
	const struct library *libraries, size_t count, struct error *e)
{
	char directory[IMAGE_PATH_BYTES] = "", path[2 * IMAGE_PATH_BYTES], none[IMAGE_PATH_BYTES];

	for (size_t i = 0; i < count; i++) {
		if (strcmp(libraries[i].name, "libc.so.6") == 0)
			(void)snprintf(directory, sizeof directory, "%s", libraries[i].source + 1);
	}
	if (strrchr(directory, '/') == NULL)
		return fail(
			e, FAULT_NEVER, "list the libraries: '%s --list' names no libc", loader);
	*strrchr(directory, '/') = '\0';
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", directory, libraries[i].name);
		if (image_files_find(set, path) == NULL &&
			!program_add(set, path, libraries[i].source, none, e))
			return false;
	}
	return image_files_find(set, loader + 1) != NULL ||
	       program_add(set, loader + 1, loader, none, e);
}

static bool libraries_find(
	struct image_files *set, const char *loader, const char *program, struct error *e)
{
	auto_free struct library *libraries = calloc(LIBRARY_COUNT, sizeof *libraries);
	char line[LINE_BYTES];
	size_t count = 0;
	pid_t pid = 0;
	int status = 0;
	FILE *from = libraries == NULL ? NULL : loader_run(loader, program, &pid);

	if (from == NULL)
		return fail(e, FAULT_NEVER, "run '%s --list %s': %m", loader, program);
	while (fgets(line, sizeof line, from) != NULL) {
		if (count < LIBRARY_COUNT && line_read(line, &libraries[count]))
			count++;
	}
	(void)fclose(from);
	if (waitpid(pid, &status, 0) != pid || status != 0)
		return fail(e, FAULT_NEVER, "list the libraries of '%s': a library is missing",
			program);
	return libraries_add(set, loader, libraries, count, e);
}

#define PASSWD_BEGIN "root:x:0:0:root:/:/bin/false\nnobody:x:65534:65534:nobody:/:/bin/false\n"
#define GROUP_BEGIN "root:x:0:\nnogroup:x:65534:\n"

bool system_files_add(
	struct image_files *set, struct slice users, struct slice groups, struct error *e)
{
	const struct {
		const char *path;
		struct slice text;
	} texts[] = {
		{ "etc/passwd", users },
		{ "etc/group", groups },
		{ "etc/hosts", S("127.0.0.1 localhost\n::1 localhost\n") },
		{ "etc/nsswitch.conf", S("passwd: files\ngroup: files\nhosts: files dns\n") },
	};
	static const char *const directories[] = { "data", "dev", "proc", "run", "sys" };

	for (size_t i = 0; i < COUNT(texts); i++) {
		if (!image_files_add(set, texts[i].path, S_IFREG | 0644, texts[i].text, e))
			return false;
	}
	for (size_t i = 0; i < COUNT(directories); i++) {
		if (!image_files_add(set, directories[i], S_IFDIR | 0755, S(""), e))
			return false;
	}
	return image_files_add(set, "tmp", S_IFDIR | 01777, S(""), e);
}

bool server_files_add(struct image_files *set, const char *server_path, struct error *e)
{
	char loader[IMAGE_PATH_BYTES];

	return system_files_add(set,
		       S(PASSWD_BEGIN "mailvisor:x:" SERVER_FILES_UID_TEXT ":" SERVER_FILES_UID_TEXT
				      ":Mailvisor:/data:/bin/false\n"),
		       S(GROUP_BEGIN "mailvisor:x:" SERVER_FILES_UID_TEXT ":\n"), e) &&
	       program_add(set, "usr/bin/mailvisor", server_path, loader, e) &&
	       (loader[0] == '\0' || libraries_find(set, loader, server_path, e));
}

bool other_files_add(
	struct image_files *set, const struct server *other, const char *packages, struct error *e)
{
	auto_buf users = { .max = USERS_BYTES_MAX };
	auto_buf groups = { .max = USERS_BYTES_MAX };
	char source[SERVER_PATH_BYTES], loader[IMAGE_PATH_BYTES], last[IMAGE_PATH_BYTES] = "";

	if (!buf_add(&users, S(PASSWD_BEGIN)) || !buf_add(&groups, S(GROUP_BEGIN)) ||
		!server_users_add(false, &users) || !server_users_add(true, &groups))
		return fail(e, FAULT_LATER, "add the users of '%s' to the image: no memory",
			other->name);
	if (!system_files_add(set, buf_slice(&users), buf_slice(&groups), e))
		return false;
	for (const char *const *at = other->image_programs; *at != NULL; at++) {
		server_program_path(*at, packages, source);
		if (!program_add(set, *at + 1, source, loader, e))
			return fail_in(e, "add '%s' to the image", other->name);
		/* A plugin names no loader; that of the programs before it lists its libraries. */
		if (loader[0] != '\0')
			memcpy(last, loader, sizeof last);
		if (last[0] != '\0' && !libraries_find(set, last, source, e))
			return fail_in(e, "add '%s' to the image", other->name);
	}
	return true;
}
