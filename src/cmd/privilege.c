/* SPDX-License-Identifier: MIT */
#include "cmd/privilege.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PRIVILEGE_ENTRY_BYTES = 16 << 10 /* one line of the user database */ };

bool privilege_find(const char *user, bool is_given, struct privilege *ret, struct error *e)
{
	char room[PRIVILEGE_ENTRY_BYTES];
	struct passwd entry, *found = NULL;

	*ret = (struct privilege){
		.is_root = geteuid() == 0, .user = geteuid(), .group = getegid()
	};
	if (user[0] == '\0' || (!ret->is_root && !is_given))
		return true;
	int failure = getpwnam_r(user, &entry, room, sizeof room, &found);
	if (found == NULL && failure != 0 && failure != ENOENT)
		return fail(e, FAULT_LATER, "find user '%s': %s", user, strerrordesc_np(failure));
	if (found == NULL)
		return fail(e, FAULT_NEVER,
			"started as root, and there is no user '%s' to become: add it (useradd "
			"--system %s), or "
			"say --set user=NAME, or --set user= to stay root",
			user, user);
	if (!ret->is_root && entry.pw_uid != geteuid())
		return fail(
			e, FAULT_NEVER, "become user '%s': only root can; leave 'user' out", user);
	ret->may_drop = ret->is_root && entry.pw_uid != 0;
	ret->user = entry.pw_uid;
	ret->group = entry.pw_gid;
	(void)snprintf(ret->name, sizeof ret->name, "%s", user);
	return true;
}

bool privilege_drop(const struct privilege *p, struct error *e)
{
	if (!p->may_drop)
		return true;
	if (initgroups(p->name, p->group) < 0)
		return fail(e, FAULT_NEVER, "take the groups of '%s': %m", p->name);
	if (setresgid(p->group, p->group, p->group) < 0 || setresuid(p->user, p->user, p->user) < 0)
		return fail(e, FAULT_NEVER, "become user '%s': %m", p->name);
	if (setuid(0) == 0 || setgid(0) == 0 || geteuid() == 0)
		return fail(e, FAULT_NEVER, "become user '%s': root could be had back", p->name);
	return true;
}
