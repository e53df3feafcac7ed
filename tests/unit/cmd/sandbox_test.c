/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *do_nothing(void *context)
{
	return context;
}

static bool can_write(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd >= 0 && close(fd) == 0;
}

/* In the child: what is wrong, as an exit status; 0 all is as it should be, 77 the kernel has no sandbox. */
static int inside(const char *mine, const char *others)
{
	const struct sandbox_path paths[] = { { mine, true }, { "/no/such/place", true },
		{ "", true } };
	char room[128], file[128], other_file[128];
	struct buf text = BUF_OVER(room);
	struct error e = { .fault = FAULT_NONE };
	pthread_t thread;

	(void)snprintf(file, sizeof file, "%s/file", mine);
	(void)snprintf(other_file, sizeof other_file, "%s/file", others);
	if (!can_write(file) || !can_write(other_file))
		return 1;
	if (!sandbox_enter(paths, COUNT(paths), false, &text, &e))
		return 2;
	bool has_landlock = memmem(text.at, text.len, "landlock", 8) != NULL;
	bool has_seccomp = memmem(text.at, text.len, "seccomp", 7) != NULL;
	if (!has_landlock && !has_seccomp)
		return 77;
	if (!can_write(file) || (has_landlock && can_write(other_file)))
		return 3;
	if (close(open("/etc/passwd", O_RDONLY | O_CLOEXEC)) != 0)
		return 4;
	if (has_seccomp && (fork() >= 0 || errno != EPERM))
		return 5;
	if (has_seccomp && (execl("/bin/true", "true", (char *)NULL) == 0 || errno != EPERM))
		return 6;
	if (pthread_create(&thread, NULL, do_nothing, NULL) != 0 || pthread_join(thread, NULL) != 0)
		return 7;
	return 0;
}

static void test_sandbox(void **state)
{
	char mine[] = "/tmp/sandbox-test-XXXXXX", others[] = "/tmp/sandbox-test-XXXXXX", path[128];
	int status = 0;

	(void)state;
	check(mkdtemp(mine) != NULL && mkdtemp(others) != NULL);
	pid_t child = fork();
	if (child == 0)
		_exit(inside(mine, others));
	check(child > 0 && waitpid(child, &status, 0) == child);
	(void)snprintf(path, sizeof path, "%s/file", mine);
	check(unlink(path) == 0 && rmdir(mine) == 0);
	(void)snprintf(path, sizeof path, "%s/file", others);
	check(unlink(path) == 0 && rmdir(others) == 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sandbox) };

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
