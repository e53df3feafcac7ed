/* SPDX-License-Identifier: MIT */
#include "lab/guest/service.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STOP_LOOK_MS = 10 };

#define SERVER_PATH "/usr/bin/mailvisor"
#define SETUP_PATH "/data/setup"
#define STORE_PATH "/data/mailvisor"

unsigned service_wait_ms(unsigned before_ms, uint64_t ran_ms)
{
	if (before_ms == 0 || ran_ms >= SERVICE_GOOD_RUN_MS)
		return SERVICE_WAIT_FIRST_MS;
	return 2 * before_ms > SERVICE_WAIT_MAX_MS ? SERVICE_WAIT_MAX_MS : 2 * before_ms;
}

void service_words(
	const struct guest_args *args, bool has_setup, const char *ret_words[SERVICE_WORD_COUNT])
{
	unsigned at = 0;

	ret_words[at++] = SERVER_PATH;
	ret_words[at++] = "serve";
	ret_words[at++] = "--data";
	ret_words[at++] = STORE_PATH;
	if (has_setup) {
		ret_words[at++] = "--setup";
		ret_words[at++] = SETUP_PATH;
	}
	for (unsigned i = 0; i < args->set_count; i++) {
		ret_words[at++] = "--set";
		ret_words[at++] = args->sets[i];
	}
	ret_words[at] = NULL;
	invariant(at < SERVICE_WORD_COUNT);
}

/* In the child: never returns. */
static void service_exec(const struct service *s)
{
	static char path[] = "PATH=/usr/bin:/bin", home[] = "HOME=/data",
		    temporary[] = "TMPDIR=/tmp";
	static char *const surroundings[] = { path, home, temporary, NULL };
	const char *words[SERVICE_WORD_COUNT];
	char *argv[SERVICE_WORD_COUNT];
	struct stat setup;
	sigset_t none;

	service_words(s->args, stat(SETUP_PATH, &setup) == 0, words);
	memcpy(argv, words, sizeof argv);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)dup2(s->log_fd, STDOUT_FILENO);
	(void)dup2(s->log_fd, STDERR_FILENO);
	(void)execve(SERVER_PATH, argv, surroundings);
	_exit(127);
}

bool service_start(struct service *s, uint64_t now_ms, struct error *e)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail(e, FAULT_LATER, "start '%s': %m", SERVER_PATH);
	if (pid == 0)
		service_exec(s);
	s->pid = pid;
	s->started_ms = now_ms;
	s->start_count++;
	return true;
}

void service_ended(struct service *s, uint64_t now_ms)
{
	s->wait_ms = service_wait_ms(s->wait_ms, now_ms - s->started_ms);
	s->start_at_ms = now_ms + s->wait_ms;
	s->pid = 0;
}

void service_stop(struct service *s)
{
	if (s->pid == 0)
		return;
	(void)kill(s->pid, SIGTERM);
	for (unsigned waited_ms = 0; s->pid != 0; waited_ms += STOP_LOOK_MS) {
		pid_t ended = waitpid(-1, NULL, WNOHANG);

		if (ended == s->pid)
			s->pid = 0;
		if (waited_ms == SERVICE_STOP_MS)
			(void)kill(s->pid, SIGKILL);
		if (waited_ms > 2 * SERVICE_STOP_MS)
			return;
		if (ended <= 0)
			(void)poll(NULL, 0, STOP_LOOK_MS);
	}
}
