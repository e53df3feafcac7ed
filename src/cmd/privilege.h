/* SPDX-License-Identifier: MIT */
#pragma once
/* privilege - from root to an ordinary user, for good. */
#include "base/error.h"

#include <sys/types.h>

struct privilege {
	bool is_root, may_drop; /* may_drop: there is a user to become */
	uid_t user;
	gid_t group;
	char name[64];
};
/* Whom to become. is_given: the setting was written down, so a missing user or a non-root start is an error. */
MUST_CHECK bool privilege_find(
	const char *user, bool is_given, struct privilege *ret, struct error *e);
/* All threads of the process, which must be the only one yet; checks that there is no way back. */
MUST_CHECK bool privilege_drop(const struct privilege *p, struct error *e);
