/* SPDX-License-Identifier: MIT */
#include "lab/server/parts.h"

#include "lab/files/file.h"
#include "lab/files/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MACHINE_FILE_BYTES_MAX = 1 << 20, VERSION_BYTES = 128 };

void server_program_path(const char *program, const char *packages, char ret[SERVER_PATH_BYTES])
{
	if (packages != NULL) {
		(void)snprintf(ret, SERVER_PATH_BYTES, "%s%s", packages, program);
		if (access(ret, X_OK) == 0)
			return;
	}
	(void)snprintf(ret, SERVER_PATH_BYTES, "%s", program);
}

bool parts_probe(const struct server_program *programs, const char *packages,
	char ret_reason[SERVER_REASON_BYTES])
{
	char path[SERVER_PATH_BYTES];

	for (; programs->path != NULL; programs++) {
		server_program_path(programs->path, packages, path);
		if (access(path, X_OK) == 0)
			continue;
		(void)snprintf(ret_reason, SERVER_REASON_BYTES,
			"%s is not installed (no '%s'; unpacked packages can be given with "
			"--packages)",
			programs->package, programs->path);
		return false;
	}
	if (geteuid() == 0)
		return true;
	(void)snprintf(ret_reason, SERVER_REASON_BYTES,
		"other servers than ours need root here, for their users and namespaces");
	return false;
}

static bool path_of(const struct server_plan *plan, const char *name, char ret[SERVER_PATH_BYTES],
	struct error *e)
{
	if (snprintf(ret, SERVER_PATH_BYTES, "%s/%s", plan->folder, name) < SERVER_PATH_BYTES)
		return true;
	return fail(e, FAULT_NEVER, "name a file '%s': the work path is too long", name);
}

bool parts_folder(const struct server_plan *plan, const char *name, struct error *e)
{
	char path[SERVER_PATH_BYTES];

	return path_of(plan, name, path, e) && folder_make(path, e);
}

bool parts_write(const struct server_plan *plan, const char *name, unsigned mode,
	const struct buf *text, struct error *e)
{
	char path[SERVER_PATH_BYTES];

	if (!path_of(plan, name, path, e))
		return false;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
	if (fd < 0)
		return fail(e, FAULT_LATER, "write '%s': %m", path);
	for (struct slice left = buf_slice(text); left.len > 0;) {
		ssize_t count = write(fd, left.at, left.len);

		if (count <= 0)
			return fail(e, FAULT_LATER, "write '%s': %m", path);
		left = slice_skip(left, (size_t)count);
	}
	return true;
}

/* clang-format off */
static const struct {
	const char *name;
	unsigned number; /* high: nobody's on a fresh system */
} users[] = {
	{ PARTS_MAIL_USER, 61001 }, { "postfix", 61002 }, { "postdrop", 61003 }, { "dovecot", 61004 },
	{ "dovenull", 61005 }, { "Debian-exim", 61006 }, { "opensmtpd", 61007 }, { "opensmtpq", 61008 },
};
/* clang-format on */

bool server_users_add(bool is_group, struct buf *to)
{
	for (size_t i = 0; i < COUNT(users); i++) {
		if (!(is_group ? buf_add_format(to, "%s:x:%u:\n", users[i].name, users[i].number)
			       : buf_add_format(to, "%s:x:%u:%u::/nonexistent:/bin/false\n",
					 users[i].name, users[i].number, users[i].number)))
			return false;
	}
	return true;
}

unsigned parts_user(const char *name)
{
	size_t i = 0;

	while (i < COUNT(users) && strcmp(users[i].name, name) != 0)
		i++;
	invariant(i < COUNT(users));
	return users[i].number;
}

static bool has_name(struct slice text, const char *name)
{
	struct slice want = slice_of(name);

	while (text.len > 0) {
		struct slice line = slice_first(text, slice_find(text, '\n'));

		if (slice_same(slice_first(line, slice_find(line, ':')), want))
			return true;
		text = slice_skip(text, line.len + 1);
	}
	return false;
}

/* The machine's own file, and behind it the users that the servers want and the machine has not. */
static bool users_write(
	const struct server_plan *plan, const char *name, bool is_group, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };
	char path[SERVER_PATH_BYTES], line[160];

	(void)snprintf(path, sizeof path, "/%s", name);
	if (!file_get(path, &text, e))
		return false;
	if (text.len > 0 && text.at[text.len - 1] != '\n' && !buf_add_byte(&text, '\n'))
		return fail(e, FAULT_LATER, "write '%s': no memory", name);
	for (size_t i = 0; i < COUNT(users); i++) {
		if (has_name(buf_slice(&text), users[i].name))
			continue;
		(void)snprintf(line, sizeof line,
			is_group ? "%s:x:%u:\n" : "%s:x:%u:%u::/nonexistent:/bin/false\n",
			users[i].name, users[i].number, users[i].number);
		if (!buf_add(&text, slice_of(line)))
			return fail(e, FAULT_NEVER, "write '%s': larger than %d bytes", name,
				SERVER_TEXT_BYTES_MAX);
	}
	return parts_write(plan, name, 0644, &text, e);
}

/* Names for the lab and the server; and a resolver that asks nobody ("lookup" is OpenSMTPD's). */
static bool names_write(const struct server_plan *plan, struct error *e)
{
	auto_buf hosts = { .max = SERVER_TEXT_BYTES_MAX };
	auto_buf resolver = { .max = 64 };
	auto_buf order = { .max = 256 };

	if (!buf_add_format(&hosts, "127.0.0.1 localhost %s\n::1 localhost\n%s lab.invalid\n",
		    plan->host, plan->client) ||
		!buf_add(&resolver, S("lookup file\n")) ||
		!buf_add(&order, S("passwd: files\ngroup: files\nshadow: files\nhosts: files\n"
				   "services: files\nprotocols: files\n")))
		return fail(e, FAULT_LATER, "write the server's /etc: no memory");
	return parts_write(plan, "etc/hosts", 0644, &hosts, e) &&
	       parts_write(plan, "etc/resolv.conf", 0644, &resolver, e) &&
	       parts_write(plan, "etc/nsswitch.conf", 0644, &order, e);
}

/* One more layer of the mount that was begun last; the first layer lies on top. */
static bool layer_add(
	struct server_start *s, const char *from_folder, const char *from_name, struct error *e)
{
	struct server_mount *m = &s->mounts[s->mount_count - 1];
	size_t used = strlen(m->from);
	int len = snprintf(m->from + used, sizeof m->from - used, "%s%s/%s", used > 0 ? ":" : "",
		from_folder, from_name);

	/* A colon or comma would end the word in the mount's options, a space in the script. */
	if (len < 0 || (size_t)len >= sizeof m->from - used ||
		strpbrk(from_folder, ":,\\\"'$` \n") != NULL)
		return fail(e, FAULT_NEVER,
			"the path '%.120s' is too long, or has characters that a mount cannot take",
			from_folder);
	return true;
}

static bool mount_add(struct server_start *s, const char *from_folder, const char *from_name,
	const char *to, bool is_overlay, struct error *e)
{
	invariant(s->mount_count < SERVER_MOUNT_COUNT);
	struct server_mount *m = &s->mounts[s->mount_count++];

	*m = (struct server_mount){ .is_overlay = is_overlay };
	(void)snprintf(m->to, sizeof m->to, "%s", to);
	return layer_add(s, from_folder, from_name, e);
}

/* Ours on top of the packages' on top of the machine's. */
static bool etc_add(
	const struct server_plan *plan, struct server_start *s, const char *from, struct error *e)
{
	char path[SERVER_PATH_BYTES];

	if (!mount_add(s, from, "etc", "/etc", true, e))
		return false;
	if (plan->packages == NULL ||
		snprintf(path, sizeof path, "%s/etc", plan->packages) >= (int)sizeof path ||
		!file_is_there(path))
		return true;
	return layer_add(s, plan->packages, "etc", e);
}

bool parts_begin(const struct server_plan *plan, struct server_start *ret, struct error *e)
{
	static const char *const folders[] = { "spool", "mail", "etc", "run", "log" };
	/* The script mounts from inside the namespace, where the folder has its other name. */
	const char *from = plan->mounts_itself ? plan->inside : plan->folder;

	*ret = (struct server_start){ .facts = json_object() };
	for (size_t i = 0; i < COUNT(folders); i++) {
		if (!parts_folder(plan, folders[i], e))
			return false;
	}
	if (plan->is_machine)
		return true;
	if (plan->packages != NULL && !mount_add(ret, plan->packages, "usr", "/usr", true, e))
		return false;
	return users_write(plan, "etc/passwd", false, e) &&
	       users_write(plan, "etc/group", true, e) && names_write(plan, e) &&
	       etc_add(plan, ret, from, e) && mount_add(ret, from, "run", "/run", false, e) &&
	       mount_add(ret, from, "spool", "/var/spool", false, e);
}

bool parts_lib(const struct server_plan *plan, struct server_start *ret, struct error *e)
{
	return mount_add(ret, plan->mounts_itself ? plan->inside : plan->folder, "lib", "/var/lib",
		false, e);
}

static bool mounts_write(const struct server_start *s, struct buf *to)
{
	for (unsigned i = 0; i < s->mount_count; i++) {
		const struct server_mount *m = &s->mounts[i];

		if (!(m->is_overlay ? buf_add_format(to,
					      "mount -t overlay -o lowerdir=%s:%s overlay %s\n",
					      m->from, m->to, m->to)
				    : buf_add_format(to, "mount --bind %s %s\n", m->from, m->to)))
			return false;
	}
	return true;
}

bool parts_script(const struct server_plan *plan, struct server_start *ret, struct slice commands,
	struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };

	if (!buf_add(&text, S("set -eu\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\numask 022\n")) ||
		!buf_add_format(&text, "D=%s\n", plan->inside) ||
		(plan->mounts_itself && !mounts_write(ret, &text)) ||
		!buf_add(&text, S("chown " PARTS_MAIL_USER ": \"$D/mail\"\n")) ||
		!buf_add(&text, commands))
		return fail(e, FAULT_LATER, "write the start script: no memory");
	if (snprintf(ret->script, sizeof ret->script, "%s/start", plan->inside) >=
		(int)sizeof ret->script)
		return fail(e, FAULT_NEVER, "the path '%.120s' is too long", plan->inside);
	return parts_write(plan, "start", 0755, &text, e);
}

bool parts_services(const struct server_plan *plan, const char *const *lines, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };

	for (; *lines != NULL; lines++) {
		if (!buf_add(&text, slice_of(*lines)) || !buf_add_byte(&text, '\n'))
			return fail(e, FAULT_LATER, "write the list of services: no memory");
	}
	return parts_write(plan, "services", 0644, &text, e);
}

void parts_version(struct server_start *s, const char *name, const char *const *words)
{
	char version[VERSION_BYTES];

	run_line(words, version, sizeof version);
	(void)json_object_set_new(s->facts, name, json_string(version));
}
