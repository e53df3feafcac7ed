/* SPDX-License-Identifier: MIT */
#include "lab/guest/service.h"

#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* In the child: the kernel gives 1024 and lets 4096; our server asks for itself. */
static void descriptors_allow(void)
{
	const struct rlimit limit = { SERVICE_DESCRIPTOR_COUNT, SERVICE_DESCRIPTOR_COUNT };

	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* In the child: the user of the list; root stays as it is. */
static bool service_become(const struct list_service *other)
{
	return (other->uid == 0 && other->gid == 0) ||
	       (setgroups(0, NULL) == 0 && setgid(other->gid) == 0 && setuid(other->uid) == 0);
}

/* In the child: never returns. */
static void service_exec(const struct service *s)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", home[] = "HOME=/data",
		    temporary[] = "TMPDIR=/tmp";
	static char *const surroundings[] = { path, home, temporary, NULL };
	const char *words[SERVICE_WORD_COUNT];
	char *ours[SERVICE_WORD_COUNT];
	char *const *argv = s->other != NULL ? s->other->words : ours;
	struct stat setup;
	sigset_t none;

	service_words(s->args, stat(SETUP_PATH, &setup) == 0, words);
	memcpy(ours, words, sizeof ours);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	(void)dup2(s->log_fd, STDOUT_FILENO);
	(void)dup2(s->log_fd, STDERR_FILENO);
	if (s->other != NULL)
		descriptors_allow();
	if (s->other == NULL || service_become(s->other))
		(void)execve(argv[0], argv, surroundings);
	_exit(127);
}

bool service_start(struct service *s, uint64_t now_ms, struct error *e)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail(e, FAULT_LATER, "start '%s': %m",
			s->other == NULL ? SERVER_PATH : s->other->words[0]);
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

static bool all_ended(const struct service *services, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (services[i].pid != 0)
			return false;
	}
	return true;
}

static void all_kill(const struct service *services, unsigned count, int signal)
{
	for (unsigned i = 0; i < count; i++) {
		if (services[i].pid != 0)
			(void)kill(services[i].pid, signal);
	}
}

void services_stop(struct service *services, unsigned count)
{
	all_kill(services, count, SIGTERM);
	for (unsigned waited_ms = 0; !all_ended(services, count); waited_ms += STOP_LOOK_MS) {
		pid_t ended = waitpid(-1, NULL, WNOHANG);

		for (unsigned i = 0; i < count && ended > 0; i++)
			services[i].pid = services[i].pid == ended ? 0 : services[i].pid;
		if (waited_ms == SERVICE_STOP_MS)
			all_kill(services, count, SIGKILL);
		if (waited_ms > 2 * SERVICE_STOP_MS)
			return;
		if (ended <= 0)
			(void)poll(NULL, 0, STOP_LOOK_MS);
	}
}
