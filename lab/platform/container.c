/* SPDX-License-Identifier: MIT */
/*
 * container - the server in an OCI container under runc: its own root, processes, network, and limits.
 *
 * The root directory holds the same files as the appliance (lab/image/server_files.h) and is read-only;
 * /data is a directory of the lab machine. runc itself already runs in the network namespace that the
 * container is to have, so the container joins it by naming none.
 * Needs root. Memory and processors are limited to the plan's.
 */
#include "lab/files/run.h"
#include "lab/image/server_files.h"
#include "lab/platform/carry.h"
#include "lab/platform/foreign.h"
#include "lab/platform/list.h"
#include "lab/platform/site.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	CPU_PERIOD_US = 100000, /* the kernel's default; the quota is so many of them a processor */
	PROCESS_MAX = 2048,     /* threads: workers (1024 at most) and the store's own */
};

static bool container_probe(const struct deploy_plan *plan, char ret_reason[PLATFORM_REASON_BYTES])
{
	struct cgroup group;

	if (!foreign_is(plan) && access(plan->server_path, X_OK) != 0)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"the server '%.160s' cannot be run: %m", plan->server_path);
	else if (!run_is_there("runc"))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there is no runc; the package runc brings it");
	else if (geteuid() != 0)
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES, "runc needs root here");
	else if (!cgroup_name(&group))
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"there are no cgroups to limit it with at '/sys/fs/cgroup'");
	else
		return true;
	return false;
}

static json_t *namespaces(void)
{
	return json_pack("[{s:s}, {s:s}, {s:s}, {s:s}]", "type", "pid", "type", "ipc", "type",
		"uts", "type", "mount");
}

static json_t *mounts(const char *data)
{
	return json_pack("[{s:s,s:s,s:s}, {s:s,s:s,s:s,s:[s,s,s]}, {s:s,s:s,s:s,s:[s,s,s]},"
			 " {s:s,s:s,s:s,s:[s,s,s]}, {s:s,s:s,s:s,s:[s,s,s]}]",
		"destination", "/proc", "type", "proc", "source", "proc", "destination", "/dev",
		"type", "tmpfs", "source", "tmpfs", "options", "nosuid", "mode=755", "size=64k",
		"destination", "/sys/fs/cgroup", "type", "cgroup", "source", "cgroup", "options",
		"ro", "nosuid", "nodev", "destination", "/tmp", "type", "tmpfs", "source", "tmpfs",
		"options", "nosuid", "nodev", "size=16m", "destination", "/data", "type", "bind",
		"source", data, "options", "bind", "rw", "nosuid");
}

static void mount_bind(
	json_t *list, const char *from, const char *to, const char *mode, const char *limit)
{
	(void)json_array_append_new(
		list, json_pack("{s:s, s:s, s:s, s:[s,s,s]}", "destination", to, "type", "bind",
			      "source", from, "options", "bind", mode, limit));
}

/* Another server: the machine's programs, read-only, below what its adapter lays over them. */
static void foreign_mounts(json_t *list, const struct server_start *start)
{
	char layers[SERVER_PATH_BYTES + 80];

	/* Exim becomes root again by its program's set-user-ID bit. */
	mount_bind(list, "/usr", "/usr", "ro", "nodev");
	for (unsigned i = 0; i < start->mount_count; i++) {
		const struct server_mount *m = &start->mounts[i];

		if (!m->is_overlay) {
			mount_bind(list, m->from, m->to, "rw", "nosuid");
			continue;
		}
		(void)snprintf(layers, sizeof layers, "lowerdir=%s:%s", m->from, m->to);
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:[s]}", "destination", m->to, "type",
				      "overlay", "source", "overlay", "options", layers));
	}
}

/* What the server needs until it has bound its ports and become somebody else. */
static json_t *capabilities(bool is_foreign)
{
	json_t *list = json_pack("[s,s,s,s,s,s]", "CAP_NET_BIND_SERVICE", "CAP_SETUID",
		"CAP_SETGID", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER");

	/* The others run many processes of several users, which they end, and lock into folders. */
	if (is_foreign) {
		(void)json_array_append_new(list, json_string("CAP_KILL"));
		(void)json_array_append_new(list, json_string("CAP_SYS_CHROOT"));
		(void)json_array_append_new(list, json_string("CAP_FSETID"));
		(void)json_array_append_new(list, json_string("CAP_DAC_READ_SEARCH"));
	}
	json_t *all = json_pack(
		"{s:O, s:O, s:O}", "bounding", list, "effective", list, "permitted", list);

	json_decref(list);
	return all;
}

static json_t *resources(const struct deploy_plan *plan)
{
	return json_pack("{s:{s:I, s:I}, s:{s:I, s:I}, s:{s:i}}", "memory", "limit",
		(json_int_t)plan->memory_bytes, "swap", (json_int_t)plan->memory_bytes, "cpu",
		"quota", (json_int_t)plan->cpu_count * CPU_PERIOD_US, "period",
		(json_int_t)CPU_PERIOD_US, "pids", "limit", PROCESS_MAX);
}

/* https://github.com/opencontainers/runtime-spec, config.md and config-linux.md. */
static json_t *config_make(const struct site *s, const char *const *words, json_t *mount_list)
{
	json_t *arguments = json_array();
	char group[CGROUP_NAME_BYTES + 1];

	(void)snprintf(group, sizeof group, "/%s", s->group.name);

	for (; *words != NULL; words++)
		(void)json_array_append_new(arguments, json_string(*words));
	return json_pack("{s:s, s:{s:b, s:{s:i,s:i}, s:o, s:[s,s], s:s, s:o, s:b},"
			 " s:{s:s, s:b}, s:s, s:o, s:{s:s, s:o, s:o}}",
		"ociVersion", "1.0.2", "process", "terminal", 0, "user", "uid", 0, "gid", 0, "args",
		arguments, "env", "PATH=/usr/bin:/bin", "TMPDIR=/tmp", "cwd", "/", "capabilities",
		capabilities(foreign_is(s->plan)), "noNewPrivileges", !foreign_is(s->plan), "root",
		"path", "root", "readonly", 1, "hostname", "mx", "mounts", mount_list, "linux",
		"cgroupsPath", group, "namespaces", namespaces(), "resources", resources(s->plan));
}

/* Takes the list. */
static bool config_write(
	const struct site *s, const char *const *words, json_t *mount_list, struct error *e)
{
	char path[PLATFORM_PATH_BYTES];
	json_t *config = config_make(s, words, mount_list);
	bool is_written;

	if (!site_path(s->plan, "config.json", path, e)) {
		json_decref(config);
		return false;
	}
	is_written = config != NULL && json_dump_file(config, path, JSON_INDENT(1)) == 0;
	json_decref(config);
	return is_written || fail(e, FAULT_LATER, "write '%s': %m", path);
}

static bool root_make(const struct deploy_plan *plan, struct error *e)
{
	auto_image_files files = { 0 };
	char root[PLATFORM_PATH_BYTES];

	if (!site_path(plan, "root", root, e))
		return false;
	if (mkdir(root, 0755) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", root);
	return server_files_add(&files, plan->server_path, e) &&
	       image_files_add(&files, "run/setup", S_IFREG | 0600, S(""), e) &&
	       image_files_write_tree(&files, root, e);
}

/* Empty folders for the mounts, and the machine's links to its /usr. */
static bool foreign_root_make(const struct deploy_plan *plan, struct error *e)
{
	static const char *const folders[] = { "root", "root/data", "root/dev", "root/etc",
		"root/proc", "root/run", "root/sys", "root/tmp", "root/usr", "root/var",
		"root/var/lib", "root/var/spool" };
	static const char *const links[][2] = { { "usr/bin", "root/bin" },
		{ "usr/sbin", "root/sbin" }, { "usr/lib", "root/lib" },
		{ "usr/lib64", "root/lib64" }, { "../run", "root/var/run" } };
	char path[PLATFORM_PATH_BYTES];

	for (size_t i = 0; i < COUNT(folders); i++) {
		if (!site_path(plan, folders[i], path, e))
			return false;
		if (mkdir(path, 0755) < 0)
			return fail(e, FAULT_NEVER, "make '%s': %m", path);
	}
	for (size_t i = 0; i < COUNT(links); i++) {
		if (!site_path(plan, links[i][1], path, e))
			return false;
		if (symlink(links[i][0], path) < 0)
			return fail(e, FAULT_NEVER, "make '%s': %m", path);
	}
	return true;
}

/* The first of the two files that is there; version 2 and version 1 of cgroups. */
static json_t *limit_read(const char *unified, const char *v1)
{
	char value[64] = "";
	FILE *from = fopen(unified, "re");

	if (from == NULL)
		from = fopen(v1, "re");
	if (from != NULL && fgets(value, sizeof value, from) != NULL)
		value[strcspn(value, "\n")] = '\0';
	if (from != NULL)
		(void)fclose(from);
	return json_string(value);
}

/* What the kernel holds the container to, asked of the kernel. */
static void limits_note(struct site *s)
{
	const char *name = s->group.name;
	char unified[PLATFORM_PATH_BYTES], v1[PLATFORM_PATH_BYTES];

	(void)snprintf(unified, sizeof unified, "/sys/fs/cgroup/%s/memory.max", name);
	(void)snprintf(v1, sizeof v1, "/sys/fs/cgroup/memory/%s/memory.limit_in_bytes", name);
	json_t *memory = limit_read(unified, v1);

	(void)snprintf(unified, sizeof unified, "/sys/fs/cgroup/%s/cpu.max", name);
	(void)snprintf(v1, sizeof v1, "/sys/fs/cgroup/cpu/%s/cpu.cfs_quota_us", name);
	(void)json_object_update_new(s->facts,
		json_pack("{s:{s:I, s:i}, s:{s:o, s:o}}", "limits", "memory_bytes",
			(json_int_t)s->plan->memory_bytes, "processors", (int)s->plan->cpu_count,
			"limits_in_kernel", "memory", memory, "cpu", limit_read(unified, v1)));
}

static bool ours_prepare(struct deployment *d, const char *data, struct error *e)
{
	struct site *s = site_of(d);
	char setup[PLATFORM_PATH_BYTES], kept[PLATFORM_PATH_BYTES];
	const char *inside[SITE_WORD_COUNT];

	if (!site_path(s->plan, "setup", setup, e) || !site_setup_write(s->plan, setup, e) ||
		!root_make(s->plan, e) || !site_path(s->plan, "data/mailvisor", kept, e) ||
		!carry_to_folder(s->plan, kept, SERVER_FILES_UID, SERVER_FILES_UID, e))
		return false;
	site_words(s, "/usr/bin/mailvisor", "/data/mailvisor", "/run/setup", inside);
	json_t *list = mounts(data);
	mount_bind(list, setup, "/run/setup", "ro", "nosuid");
	(void)json_object_update_new(
		s->facts, json_pack("{s:s, s:s}", "user", "mailvisor", "root",
				  "read-only directory with the appliance's files"));
	return config_write(s, inside, list, e);
}

static bool others_prepare(struct deployment *d, const char *data, struct error *e)
{
	struct site *s = site_of(d);
	struct server_start start = { .mount_count = 0 };
	const char *const inside[] = { "/bin/sh", start.script, NULL };

	if (!foreign_prepare(d, data, "/data", false, &start, e) || !foreign_root_make(s->plan, e))
		return false;
	json_t *list = mounts(data);
	foreign_mounts(list, &start);
	(void)json_object_update_new(
		s->facts, json_pack("{s:s, s:s}", "user", "root, and the server's own", "root",
				  "read-only, with the lab machine's /usr"));
	return config_write(s, inside, list, e);
}

static bool container_start(struct deployment *d, struct error *e)
{
	struct site *s = site_of(d);
	char data[PLATFORM_PATH_BYTES], state[PLATFORM_PATH_BYTES];
	const char *words[] = { "runc", "--root", state, "run", "--bundle", s->plan->work_path,
		s->group.name, NULL };
	struct keeper_plan plan = { .words = words,
		.seat = &s->seat,
		.grace_ms = foreign_is(s->plan) ? FOREIGN_GRACE_MS : 0 };

	if (!site_path(s->plan, "data", data, e) || !site_path(s->plan, "runc", state, e))
		return false;
	if (mkdir(data, 0755) < 0)
		return fail(e, FAULT_NEVER, "make '%s': %m", data);
	if (foreign_is(s->plan) ? !others_prepare(d, data, e) : !ours_prepare(d, data, e))
		return false;
	(void)json_object_update_new(s->facts, json_pack("{s:s, s:s}", "interface", "veth", "flush",
						       "fdatasync of the lab machine"));
	return site_start(d, &plan, e);
}

static bool container_deploy(
	const struct deploy_plan *plan, struct deployment *ret, struct error *e)
{
	struct site *s;

	if (!site_open(plan, &platform_container, ret, e))
		return false;
	s = site_of(ret);
	if (container_start(ret, e) && site_ready(ret, e)) {
		limits_note(s);
		site_facts_print(json_incref(s->facts), ret->facts_json);
		return true;
	}
	site_stop(ret);
	return false;
}

static void container_describe(char ret_json[PLATFORM_FACTS_BYTES])
{
	static const char *const words[] = { "runc", "--version", NULL };
	char version[128];

	run_line(words, version, sizeof version);
	site_facts_print(json_pack("{s:s}", "runc", version), ret_json);
}

const struct platform platform_container = {
	.name = "container",
	.title = "Container",
	.probe = container_probe,
	.deploy = container_deploy,
	.usage = site_usage,
	.is_alive = site_is_alive,
	.stop = site_stop,
	.describe = container_describe,
	.states = &site_states,
};
