/* SPDX-License-Identifier: MIT */
/*
 * init - PID 1 of the appliance: one kernel, one server, one data disk. The server is ours, or what a list on the data
 * disk says (list.h).
 *
 * It says where it is, a line a state, on the console:
 *     mailvisor-guest: state=server ms=1711 pid=63 start=1
 * and ends with the power off: at the power button, at Ctrl-Alt-Del, or when it cannot go on. What
 * it cannot do without stands in a last line state=failed. Not here: the server's accounts (the
 * file /data/setup, read by the server), making the image.
 */
#include "lab/guest/boot.h"
#include "lab/guest/devices.h"
#include "lab/guest/link.h"
#include "lab/guest/port.h"
#include "lab/guest/service.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	COMMAND_LINE_BYTES = 4096, /* the kernel's own limit is 2048 */
	CLOCK_GOOD_S = 1704067200, /* 2024-01-01: a clock before that was never set */
	RENEW_TRY_MS = 30000,      /* after a renewal that failed */
	FOREVER_MS = 3600000,      /* how long the loop sleeps when nothing is due */
};

struct guest {
	struct guest_args args;
	struct link link;
	struct guest_list list;
	struct service services[LIST_SERVICE_COUNT];
	unsigned service_count;
	int log_fd;
	int log_pipe[2]; /* in front of it, when the server is a list of programs */
	int signal_fd;
	int button_fds[PORT_BUTTON_COUNT];
	unsigned button_count;
	uint64_t renew_at_ms; /* 0: the address is ours */
	bool has_data;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void say(const char *state, const char *format, ...) PRINTF_LIKE(2, 3);

/* One write, so that the kernel's own lines do not come between. */
static void say(const char *state, const char *format, ...)
{
	char line[512], words[384];
	va_list list;

	va_start(list, format);
	(void)vsnprintf(words, sizeof words, format, list);
	va_end(list);
	int length = snprintf(line, sizeof line, "mailvisor-guest: state=%s ms=%llu%s%s\n", state,
		(unsigned long long)now_ms(), words[0] == '\0' ? "" : " ", words);

	(void)!write(STDOUT_FILENO, line, (size_t)length);
}

_Noreturn static void power_off(struct guest *g)
{
	say("stopping", "%s", "");
	services_stop(g->services, g->service_count);
	if (g->log_pipe[0] > 0)
		port_pipe_move(g->log_pipe[0], g->log_fd);
	if (g->has_data && umount("/data") < 0)
		say("stopping", "unmount=\"%s\"", strerror(errno));
	sync();
	say("off", "%s", "");
	(void)reboot(RB_POWER_OFF);
	/* Without ACPI the kernel halts instead, or comes back from here. */
	for (;;)
		(void)pause();
}

_Noreturn static void give_up(struct guest *g, const struct error *e)
{
	say("failed", "reason=\"%s\"", e->text);
	power_off(g);
}

static bool arguments_read(struct guest_args *ret, struct error *e)
{
	char line[COMMAND_LINE_BYTES];
	auto_fd fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof line);

	if (got < 0)
		return fail(e, FAULT_NEVER, "read '/proc/cmdline': %m");
	return guest_args_read((struct slice){ line, (size_t)got }, ret, e);
}

/* The signals PID 1 lives by; Ctrl-Alt-Del comes as SIGINT. */
static int signals_open(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGPWR);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)reboot(RB_DISABLE_CAD);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void network_said(const struct link *l, bool is_lent)
{
	const unsigned char *address = (const unsigned char *)&l->address;

	say("network", "if=%s ip=%u.%u.%u.%u from=%s", l->name, address[0], address[1], address[2],
		address[3], is_lent ? "dhcp" : "argument");
}

static void renewal_plan(struct guest *g, uint64_t in_ms)
{
	/* RFC 2131 4.4.5: a client renews at half the lease. */
	g->renew_at_ms = g->link.lease_s == 0 ? 0 : now_ms() + in_ms;
}

/* For the hardware of the hypervisors that the first list does not know; most images have none. */
static unsigned drivers_load(void)
{
	return access(DEVICES_DRIVERS, R_OK) < 0 ? 0 : devices_load_all(DEVICES_DRIVERS);
}

static bool data_mount(struct guest *g, struct error *e)
{
	if (g->args.disk[0] == '\0' && !devices_disk_find(g->args.disk))
		return fail(e, FAULT_NEVER,
			"find the data disk: no disk with ext4, xfs or btrfs in %d s",
			DEVICES_DISK_WAIT_MS / 1000);
	if (!boot_disk(g->args.disk, e))
		return false;
	g->has_data = true;
	say("disk", "disk=%s fs=%s", g->args.disk, devices_file_system(g->args.disk));
	return true;
}

static unsigned modules_load(const struct guest *g, const char *list_path)
{
	return g->args.has_modules ? boot_modules(list_path) : 0;
}

static const char *log_open(struct guest *g)
{
	int fd = port_log_open();
	bool is_line = fd < 0 && g->args.log[0] != '\0';

	if (is_line)
		fd = port_line_open(g->args.log);
	if (fd < 0)
		return "console";
	g->log_fd = fd;
	return is_line ? "line" : "port";
}

static bool guest_boot(struct guest *g, struct error *e)
{
	struct error no_clock = { 0 };

	if (!boot_mounts(e) || !arguments_read(&g->args, e))
		return false;
	if (sethostname(g->args.host, strlen(g->args.host)) < 0)
		return fail(e, FAULT_NEVER, "name the machine '%s': %m", g->args.host);
	unsigned module_count = modules_load(g, BOOT_MODULES_NOW);

	say("modules", "count=%u drivers=%u", module_count, drivers_load());
	if (time(NULL) < CLOCK_GOOD_S)
		(void)fail(&no_clock, FAULT_NEVER, "the machine's clock was never set");
	say("seeds", "entropy=%s clock=%lld%s", boot_entropy() ? "host" : "kernel",
		(long long)time(NULL), no_clock.fault == FAULT_NONE ? "" : " clock-is-wrong");
	if (!link_open(&g->link, e) || !link_configure(&g->link, &g->args, e))
		return false;
	network_said(&g->link, !g->args.has_address);
	renewal_plan(g, (uint64_t)g->link.lease_s * 500);
	return data_mount(g, e);
}

static void server_start(struct service *s)
{
	struct error e = { 0 };
	const char *program = s->other == NULL ? "" : s->other->words[0];

	if (service_start(s, now_ms(), &e)) {
		say("server", "pid=%d start=%u%s%s", (int)s->pid, s->start_count,
			program[0] == '\0' ? "" : " program=", program);
		return;
	}
	say("server", "reason=\"%s\"", e.text);
	service_ended(s, now_ms());
}

/* Programs ask for these; devtmpfs does not have them (devices.txt of the kernel, "compulsory links"). */
static void links_make(void)
{
	static const char *const links[][2] = { { "/proc/self/fd", "/dev/fd" },
		{ "/proc/self/fd/0", "/dev/stdin" }, { "/proc/self/fd/1", "/dev/stdout" },
		{ "/proc/self/fd/2", "/dev/stderr" } };

	for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
		(void)!symlink(links[i][0], links[i][1]);
}

/* The list on the data disk, if there is one; the words stay in this function's room. */
static bool list_take(struct guest *g, struct error *e)
{
	static char text[LIST_BYTES_MAX + 1];
	auto_fd fd = open(LIST_PATH, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? 0 : read(fd, text, sizeof text);

	if ((fd < 0 && errno != ENOENT) || got < 0)
		return fail(e, FAULT_NEVER, "read '%s': %m", LIST_PATH);
	if (got > LIST_BYTES_MAX)
		return fail(
			e, FAULT_NEVER, "read '%s': more than %d bytes", LIST_PATH, LIST_BYTES_MAX);
	if (fd >= 0)
		links_make();
	return list_read(text, &g->list, e) && list_folders_make(&g->list, e);
}

static void services_start(struct guest *g)
{
	bool is_list = g->list.service_count > 0;
	bool is_piped = is_list && port_pipe_open(g->log_pipe);

	g->service_count = is_list ? g->list.service_count : 1;
	for (unsigned i = 0; i < g->service_count; i++) {
		g->services[i] = (struct service){ .args = &g->args,
			.log_fd = is_piped ? g->log_pipe[1] : g->log_fd };
		if (is_list)
			g->services[i].other = &g->list.services[i];
		server_start(&g->services[i]);
	}
}

static struct service *service_of(struct guest *g, pid_t pid)
{
	for (unsigned i = 0; i < g->service_count; i++) {
		if (g->services[i].pid == pid)
			return &g->services[i];
	}
	return NULL;
}

/* Everybody's orphans end here. */
static void children_reap(struct guest *g)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct service *s = service_of(g, pid);

		if (s == NULL)
			continue;
		service_ended(s, now_ms());
		say("died", "%s=%d again_in_ms=%u", WIFSIGNALED(status) ? "signal" : "exit",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), s->wait_ms);
	}
}

static void signals_take(struct guest *g)
{
	struct signalfd_siginfo got;

	while (read(g->signal_fd, &got, sizeof got) == (ssize_t)sizeof got) {
		if (got.ssi_signo != SIGCHLD)
			power_off(g);
	}
	children_reap(g);
}

static void lease_renew(struct guest *g)
{
	struct error e = { 0 };

	if (link_renew(&g->link, g->args.host, &e)) {
		renewal_plan(g, (uint64_t)g->link.lease_s * 500);
		return;
	}
	say("lease", "reason=\"%s\"", e.text);
	renewal_plan(g, RENEW_TRY_MS);
}

/* Milliseconds until something is due. */
static int wait_for(const struct guest *g)
{
	uint64_t now = now_ms(), due = now + FOREVER_MS;

	for (unsigned i = 0; i < g->service_count; i++) {
		if (g->services[i].pid == 0 && g->services[i].start_at_ms < due)
			due = g->services[i].start_at_ms;
	}
	if (g->renew_at_ms != 0 && g->renew_at_ms < due)
		due = g->renew_at_ms;
	return due <= now ? 0 : (int)(due - now);
}

/* Sleeps until a signal, a button or the time. */
static void guest_wait(struct guest *g)
{
	struct pollfd p[2 + PORT_BUTTON_COUNT] = { { .fd = g->signal_fd, .events = POLLIN } };

	for (unsigned i = 0; i < g->button_count; i++)
		p[1 + i] = (struct pollfd){ .fd = g->button_fds[i], .events = POLLIN };
	/* 0 is no pipe: then a negative descriptor, which poll leaves out. */
	p[1 + g->button_count] =
		(struct pollfd){ .fd = g->log_pipe[0] > 0 ? g->log_pipe[0] : -1, .events = POLLIN };
	(void)poll(p, 2 + g->button_count, wait_for(g));
	if ((p[1 + g->button_count].revents & POLLIN) != 0)
		port_pipe_move(g->log_pipe[0], g->log_fd);
	for (unsigned i = 0; i < g->button_count; i++) {
		if (p[1 + i].revents != 0 && port_button_pressed(g->button_fds[i]))
			power_off(g);
	}
}

_Noreturn static void guest_run(struct guest *g)
{
	for (;;) {
		guest_wait(g);
		signals_take(g);
		for (unsigned i = 0; i < g->service_count; i++) {
			if (g->services[i].pid == 0 && now_ms() >= g->services[i].start_at_ms)
				server_start(&g->services[i]);
		}
		if (g->renew_at_ms != 0 && now_ms() >= g->renew_at_ms)
			lease_renew(g);
	}
}

int main(void)
{
	static struct guest g;
	struct error e = { 0 };

	if (getpid() != 1) {
		(void)fprintf(stderr, "init: this is the appliance's PID 1, not a command\n");
		return 2;
	}
	say("init", "%s", "");
	g.log_fd = STDOUT_FILENO;
	g.signal_fd = signals_open();
	if (g.signal_fd < 0)
		(void)fail(&e, FAULT_NEVER, "open the signals: %m");
	if (e.fault != FAULT_NONE || !guest_boot(&g, &e) || !list_take(&g, &e))
		give_up(&g, &e);
	const char *log = log_open(&g);

	services_start(&g);
	say("modules", "later=%u", modules_load(&g, BOOT_MODULES_LATER));
	g.button_count = port_buttons_open(g.button_fds);
	say("ready", "log=%s buttons=%u", log, g.button_count);
	guest_run(&g);
}
