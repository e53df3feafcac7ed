/* SPDX-License-Identifier: MIT */
/*
 * process - no machine at all: the server as a process of this one. What the others are compared with.
 *
 * As root it has a network namespace of its own behind a veth and runs as "mailvisor" (or "nobody");
 * without root it listens on loopback as whoever runs the lab. It has no limits of memory or processors.
 */
#include "lab/platform/carry.h"
#include "lab/platform/foreign.h"
#include "lab/platform/list.h"
#include "lab/platform/site.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool process_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	if (foreign_is(plan) || access(plan->server_path, X_OK) == 0)
		return true;
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "the server '%.160s' cannot be run: %m",
		plan->server_path);
	return false;
}

/* As whom the server runs, when the lab is root. */
static const char *user_name(void)
{
	return getpwnam("mailvisor") != NULL ? "mailvisor" : "nobody";
}

/* In a namespace of its own the server's directory is one in it; else it is the directory itself. */
static bool data_make(const struct site *s, char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	const struct passwd *user = getpwnam(user_name());
	uid_t uid = user != NULL ? user->pw_uid : geteuid();
	gid_t gid = user != NULL ? user->pw_gid : getegid();
	char inside[PLATFORM_PATH_BYTES];

	if (!site_path(s->plan, "data", ret, e) || !site_path(s->plan, "data/mailvisor", inside, e))
		return false;
	if (!s->has_lan && s->plan->data_from != NULL)
		return carry_to_folder(s->plan, ret, uid, gid, e);
	if (mkdir(ret, 0755) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", ret);
	return carry_to_folder(s->plan, inside, uid, gid, e);
}

static void facts_add(struct site *s, const char *data, const char *user)
{
	struct statfs meta = { 0 };

	(void)statfs(data, &meta);
	(void)json_object_update_new(s->facts,
		json_pack("{s:s, s:s, s:s, s:o, s:s}", "limits", "none: all processors, all memory",
			"interface", s->has_lan ? "veth" : "lo", "user", user, "file_system",
			json_sprintf(
				"the lab machine's own, type 0x%lx", (unsigned long)meta.f_type),
			"flush", "fdatasync of the lab machine"));
}

/* Root in namespaces of its own; its adapter's script makes it what it is to be. */
static bool foreign_start(struct deployment *d, const char *data, struct error *e)
{
	struct site *s = site_of(d);
	struct server_start start = { .mount_count = 0 };
	const char *const words[] = { "/bin/sh", start.script, NULL };
	struct keeper_plan plan = { .words = words,
		.joins_group = s->group.name[0] != '\0',
		.seat = &s->seat,
		.bind_from = data,
		.grace_ms = FOREIGN_GRACE_MS };

	if (!foreign_prepare(d, data, KEEPER_BIND, true, &start, e))
		return false;
	facts_add(s, data, "root, and the server's own");
	return site_start(d, &plan, e);
}

static bool process_start(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	char data[PLATFORM_PATH_BYTES], setup[PLATFORM_PATH_BYTES], user[SITE_SET_BYTES];
	const char *words[SITE_WORD_COUNT];
	struct keeper_plan plan = { .words = words, .joins_group = s->group.name[0] != '\0' };

	if (!data_make(s, data, e))
		return false;
	if (foreign_is(s->plan))
		return foreign_start(d, data, e);
	if (!site_path(s->plan, "setup", setup, e) || !site_setup_write(s->plan, setup, e))
		return false;
	if (s->has_lan) {
		plan.seat = &s->seat;
		plan.bind_from = data;
		(void)snprintf(user, sizeof user, "user=%s", user_name());
		(void)snprintf(s->sets[s->set_count++], SITE_SET_BYTES, "%s", user);
	}
	site_words(s, s->plan->server_path, s->has_lan ? KEEPER_BIND "/mailvisor" : data, setup,
		words);
	facts_add(s, data, s->has_lan ? user + strlen("user=") : "the lab's");
	return site_start(d, &plan, e);
}

static bool process_deploy(const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	if (!site_open(plan, &platform_process, ret, e))
		return false;
	if (process_start(ret, e) && site_ready(ret, e))
		return true;
	site_stop(ret);
	return false;
}

static void process_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	struct utsname name;

	(void)uname(&name);
	site_facts_print(
		json_pack("{s:s, s:s}", "kernel", name.release, "machine", name.machine), ret_json);
}

const struct platform platform_process = {
	.name = "process",
	.title = "Bare process",
	.probe = process_probe,
	.deploy = process_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = site_stop,
	.describe = process_describe,
	.states = &site_states,
};
