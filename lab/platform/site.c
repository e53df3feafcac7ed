/* SPDX-License-Identifier: MIT */
#include "lab/platform/site.h"

#include "base/clock.h"
#include "lab/files/run.h"
#include "lab/platform/counters.h"
#include "lab/platform/qmp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/kcmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SMTP_PORT = 25, POP3_PORT = 110, SUBMISSION_PORT = 587, IMAP_PORT = 143 };
enum { SUBMISSIONS_PORT = 465, POP3S_PORT = 995, IMAPS_PORT = 993 };
enum { WALK_FILES = 16 }; /* directories that nftw keeps open */

struct site *site_of(const struct deployment *d)
{
	return d->state;
}

bool site_path(const struct deploy_plan *plan, const char *name, char ret[PLATFORM_PATH_BYTES],
	struct error *e)
{
	if (snprintf(ret, PLATFORM_PATH_BYTES, "%s/%s", plan->work_path, name) <
		PLATFORM_PATH_BYTES)
		return true;
	return fail(e, FAULT_NEVER, "name a file '%s': the work path is too long", name);
}

void site_stage(struct deployment *d, const char *name)
{
	if (d->stage_count == PLATFORM_STAGE_COUNT)
		return;
	d->stages[d->stage_count++] = (struct deploy_stage){ name, clock_mono_ns(&clock_real) };
}

struct platform_span site_span(void)
{
	return (struct platform_span){
		.begin_ns = clock_mono_ns(&clock_real), .paused_ns = UINT64_MAX, .bytes = UINT64_MAX
	};
}

struct platform_span site_span_end(struct platform_span begun)
{
	begun.end_ns = clock_mono_ns(&clock_real);
	return begun;
}

bool site_setup_write(const struct deploy_plan *plan, const char *path, struct error *e)
{
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

	if (to == NULL)
		return fail(e, FAULT_NEVER, "write '%s': %m", path);
	fd = -1; /* the stream's now */
	for (unsigned i = 0; i < plan->domain_count; i++)
		(void)fprintf(to, "domain %s\n", plan->domains[i]);
	for (unsigned i = 0; i < plan->account_count; i++)
		(void)fprintf(to, "account %s %s\n", plan->accounts[i].address,
			plan->accounts[i].password);
	bool is_written = ferror(to) == 0;

	is_written = fclose(to) == 0 && is_written;
	return is_written || fail(e, FAULT_LATER, "write '%s': %m", path);
}

static void set_add(struct site *s, const char *format, ...) PRINTF_LIKE(2, 3);

static void set_add(struct site *s, const char *format, ...)
{
	va_list words;

	invariant(s->set_count < SITE_SET_COUNT);
	va_start(words, format);
	(void)vsnprintf(s->sets[s->set_count++], SITE_SET_BYTES, format, words);
	va_end(words);
}

/* A port of loopback that nobody has; somebody may take it before the server does: then it says so. */
static uint16_t port_free(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	auto_fd fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof at;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
		getsockname(fd, (struct sockaddr *)&at, &size) < 0)
		return 0;
	return ntohs(at.sin_port);
}

/* A user network needs ports of loopback, also where the lab has a network of its own. */
static bool wants_lan(const struct site *s)
{
	return !s->is_outside && s->plan->hardware.value[HARDWARE_NETWORK] == NETWORK_TAP &&
	       lan_is_possible();
}

/*
 * Where the network forwards ports one by one, these are not among them. The server listens there only when its
 * clients are to come that way.
 */
static bool tls_ports_choose(const struct site *s, struct deployment *d)
{
	if (s->plan->way.submit != SUBMIT_TLS || (!s->has_lan && d->platform->is_virtual))
		return true;
	d->submissions_port = s->has_lan ? SUBMISSIONS_PORT : port_free();
	d->pop3s_port = s->has_lan ? POP3S_PORT : port_free();
	d->imaps_port = s->has_lan ? IMAPS_PORT : port_free();
	return d->submissions_port != 0 && d->pop3s_port != 0 && d->imaps_port != 0;
}

static bool address_choose(
	struct site *s, const struct lan_seat *seat, struct deployment *d, struct error *e)
{
	s->has_lan = wants_lan(s);
	if (s->is_outside && !lan_step_out(e))
		return false;
	if (s->has_lan && !lan_open(e))
		return false;
	if (s->has_lan) {
		if (seat != NULL)
			s->seat = *seat;
		else
			lan_seat_next(&s->seat);
		(void)snprintf(d->host, sizeof d->host, "%s", s->seat.address);
		d->smtp_port = SMTP_PORT;
		d->pop3_port = POP3_PORT;
		d->submission_port = SUBMISSION_PORT;
		d->imap_port = IMAP_PORT;
		return tls_ports_choose(s, d);
	}
	(void)snprintf(d->host, sizeof d->host, "127.0.0.1");
	d->smtp_port = port_free();
	d->pop3_port = port_free();
	d->submission_port = port_free();
	d->imap_port = port_free();
	return (d->smtp_port != 0 && d->pop3_port != 0 && d->submission_port != 0 &&
		       d->imap_port != 0 && tls_ports_choose(s, d)) ||
	       fail(e, FAULT_LATER, "find a free port on 127.0.0.1: %m");
}

/* A port of 0: not there. */
static void listen_add(struct site *s, const char *name, const char *at, uint16_t port)
{
	if (port == 0)
		set_add(s, "%s.listen=", name);
	else
		set_add(s, "%s.listen=%s:%u", name, at, (unsigned)port);
}

/* The same for every platform; a virtual machine has ports of its own, also behind loopback. */
static void settings_choose(struct site *s, const struct deployment *d)
{
	bool is_shared = !s->has_lan && !d->platform->is_virtual;
	const char *at = is_shared ? "127.0.0.1" : "0.0.0.0";

	set_add(s, "host=mx.lab.example");
	set_add(s, "login.plain=yes");
	/* the lab is one address; no server has a limit on what it is measured with */
	set_add(s, "limit.sessions_per_address=20000");
	set_add(s, "smtp.listen=%s:%u", at, (unsigned)(is_shared ? d->smtp_port : SMTP_PORT));
	set_add(s, "pop3.listen=%s:%u", at, (unsigned)(is_shared ? d->pop3_port : POP3_PORT));
	set_add(s, "submission.listen=%s:%u", at,
		(unsigned)(is_shared ? d->submission_port : SUBMISSION_PORT));
	listen_add(s, "submissions", at, d->submissions_port);
	listen_add(s, "pop3s", at, d->pop3s_port);
	set_add(s, "imap.listen=%s:%u", at, (unsigned)(is_shared ? d->imap_port : IMAP_PORT));
	listen_add(s, "imaps", at, d->imaps_port);
	for (unsigned i = 0; i < s->plan->set_count; i++)
		set_add(s, "%s", s->plan->sets[i]);
}

static bool open_at(const struct deploy_plan *plan, const struct platform *platform,
	const struct lan_seat *seat, bool is_outside, struct deployment *ret, struct error *e)
{
	struct site *s = calloc(1, sizeof *s);

	if (s == NULL)
		return fail(e, FAULT_LATER, "deploy '%s': out of memory", platform->name);
	*ret = (struct deployment){ .platform = platform, .state = s };
	s->plan = plan;
	s->is_outside = is_outside;
	(void)snprintf(s->image_path, sizeof s->image_path, "%s",
		plan->image_path == NULL ? "" : plan->image_path);
	s->tap_fd = -1;
	s->facts = json_object();
	cgroups_sweep(NULL);
	(void)cgroup_name(&s->group);
	if (!address_choose(s, seat, ret, e) ||
		!site_path(plan, "console.log", ret->console_path, e)) {
		site_stop(ret);
		return false;
	}
	(void)snprintf(ret->timeline_path, sizeof ret->timeline_path, "%s", ret->console_path);
	settings_choose(s, ret);
	return true;
}

bool site_open(const struct deploy_plan *plan, const struct platform *platform,
	struct deployment *ret, struct error *e)
{
	return open_at(plan, platform, NULL, false, ret, e);
}

bool site_open_at(const struct deploy_plan *plan, const struct platform *platform,
	const struct lan_seat *seat, struct deployment *ret, struct error *e)
{
	return open_at(plan, platform, seat, false, ret, e);
}

bool site_open_outside(const struct deploy_plan *plan, const struct platform *platform,
	struct deployment *ret, struct error *e)
{
	return open_at(plan, platform, NULL, true, ret, e);
}

void site_words(const struct site *s, const char *server, const char *data, const char *setup,
	const char *ret_words[SITE_WORD_COUNT])
{
	unsigned at = 0;

	ret_words[at++] = server;
	ret_words[at++] = "serve";
	ret_words[at++] = "--data";
	ret_words[at++] = data;
	ret_words[at++] = "--setup";
	ret_words[at++] = setup;
	for (unsigned i = 0; i < s->set_count; i++) {
		ret_words[at++] = "--set";
		ret_words[at++] = s->sets[i];
	}
	ret_words[at] = NULL;
	invariant(at < SITE_WORD_COUNT);
}

static json_t *words_describe(const char *const *words)
{
	json_t *list = json_array();

	for (; *words != NULL; words++)
		(void)json_array_append_new(list, json_string(*words));
	return list;
}

bool site_start(struct deployment *d, struct keeper_plan *plan, struct error *e)
{
	struct site *s = site_of(d);

	plan->group = s->group;
	if (plan->log_path == NULL)
		plan->log_path = d->console_path;
	if (plan->grace_ms == 0)
		plan->grace_ms = SITE_GRACE_MS;
	(void)json_object_set_new(s->facts, "command", words_describe(plan->words));
	(void)json_object_set_new(s->facts, "network",
		json_string(s->has_lan ? "bridge in the lab's own network namespace"
				       : "loopback (not root: no bridge, no namespace)"));
	(void)json_object_set_new(s->facts, "cgroup",
		json_string(s->group.name[0] == '\0' ? "none (not root)"
			    : s->group.is_unified    ? "version 2"
						     : "version 1"));
	site_stage(d, "spawn");
	d->spawn_ns = d->stages[d->stage_count - 1].at_ns;
	return keeper_start(plan, &s->keeper, e);
}

void site_facts_print(json_t *facts, char ret[PLATFORM_FACTS_BYTES])
{
	size_t length = json_dumpb(facts, ret, PLATFORM_FACTS_BYTES - 1, JSON_COMPACT);

	/* json_dumpb says how much it would have written. */
	(void)snprintf(ret + (length < PLATFORM_FACTS_BYTES ? length : 0), 3, "%s",
		length < PLATFORM_FACTS_BYTES ? "" : "{}");
	json_decref(facts);
}

/* "Pss:   1234 kB" or "write_bytes: 1234" of /proc/PID/FILE; 0 when it is not there. */
static uint64_t proc_number(pid_t pid, const char *file, const char *label)
{
	char path[64], line[160];
	uint64_t number = 0;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	FILE *from = fopen(path, "re");

	while (from != NULL && fgets(line, sizeof line, from) != NULL) {
		if (strncmp(line, label, strlen(label)) == 0)
			number = strtoull(line + strlen(label), NULL, 10);
	}
	if (from != NULL)
		(void)fclose(from);
	return number;
}

/* utime and stime, fields 14 and 15 of /proc/PID/stat (proc(5)), behind the name in brackets. */
static uint64_t proc_cpu_ns(pid_t pid)
{
	unsigned long long user = 0, system = 0;
	char path[64], line[1024] = "";

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *from = fopen(path, "re");

	if (from == NULL)
		return UINT64_MAX;
	(void)!fgets(line, sizeof line, from);
	(void)fclose(from);
	const char *behind = strrchr(line, ')');

	if (behind == NULL ||
		sscanf(behind, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
			&system) != 2)
		return UINT64_MAX;
	return (user + system) * (NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK));
}

/*
 * Programs may make processes that share their memory (User-mode Linux does, for its disk); the kernel
 * tells each of them all of it.
 */
static bool shares_memory(const pid_t *pids, unsigned at)
{
	for (unsigned i = 0; i < at; i++) {
		if (syscall(SYS_kcmp, pids[i], pids[at], KCMP_VM, 0, 0) == 0)
			return true;
	}
	return false;
}

bool site_usage(const struct deployment *d, struct platform_usage *ret)
{
	const struct site *s = site_of(d);
	pid_t pids[CGROUP_PROCESS_COUNT] = { s->keeper.program_pid };
	unsigned count = cgroup_pids(&s->group, pids);

	if (s->keeper.pid == 0 && (s->machine[0] == '\0' || s->keeper.program_pid == 0))
		return false;
	*ret = (struct platform_usage){ .cpu_ns = cgroup_cpu_ns(&s->group),
		.flushes = s->qmp != NULL ? qmp_flushes(s->qmp) : UINT64_MAX,
		.exits = UINT64_MAX };
	if (s->group.name[0] == '\0') {
		count = 1;
		ret->cpu_ns = proc_cpu_ns(s->keeper.program_pid);
	}
	for (unsigned i = 0; i < count; i++) {
		if (!shares_memory(pids, i))
			ret->memory_bytes += proc_number(pids[i], "smaps_rollup", "Pss:") << 10;
		ret->write_bytes += proc_number(pids[i], "io", "write_bytes:");
	}
	counters_read(d, ret);
	return count > 0;
}

static void site_cut(struct deployment *d)
{
	keeper_kill(&site_of(d)->keeper);
}

const struct platform_states site_states = { .cut = site_cut };

bool site_is_alive(const struct deployment *d, char ret_reason[PLATFORM_REASON_BYTES])
{
	struct site *s = site_of(d);

	if (s->looks != NULL)
		return s->looks(s, ret_reason);
	return keeper_is_alive(&s->keeper, ret_reason, PLATFORM_REASON_BYTES);
}

static int path_remove(const char *path, const struct stat *meta, int kind, struct FTW *where)
{
	(void)meta;
	(void)kind;
	(void)where;
	(void)remove(path);
	return 0;
}

/* What a deployment made besides its logs. */
static void files_remove(const struct deploy_plan *plan)
{
	static const char *const names[] = { "data", "root", "runc", "seed", "setup", "config.json",
		"data.disk", "machine" };
	static const char *const kept[] = { "data", "data.disk", "machine" };
	char path[PLATFORM_PATH_BYTES];
	struct error ignored = { 0 };

	for (size_t i = 0; i < COUNT(names); i++) {
		bool is_kept = false;

		for (size_t k = 0; plan->keeps_data && k < COUNT(kept); k++)
			is_kept = is_kept || strcmp(names[i], kept[k]) == 0;
		if (!is_kept && site_path(plan, names[i], path, &ignored))
			(void)nftw(path, path_remove, WALK_FILES, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
}

void site_stop(struct deployment *d)
{
	struct site *s = site_of(d);

	if (s == NULL)
		return;
	if (s->part != NULL && s->keeper.pid != 0)
		(void)s->part(s, d);
	keeper_stop(&s->keeper);
	cgroup_close(&s->group);
	files_remove(s->plan);
	if (s->has_lan)
		lan_leave(&s->seat);
	if (s->is_outside)
		lan_step_in();
	fd_close(&s->tap_fd);
	if (s->qmp != NULL)
		qmp_close(s->qmp);
	free(s->qmp);
	json_decref(s->facts);
	free(s);
	d->state = NULL;
}
