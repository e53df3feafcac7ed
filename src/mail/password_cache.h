/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * password_cache - remembers for a few minutes which logins were right, by a keyed digest of all that made them so.
 *
 * Fixed memory: PASSWORD_CACHE_SETS sets of four, the soonest to expire gives way. Threads: none, password.c's lock.
 */
#include "base/slice.h"

enum {
	PASSWORD_DIGEST_BYTES = 32,
	PASSWORD_CACHE_SETS = 1024, /* 4,096 logins, 160 KB, taken with the first */
	PASSWORD_CACHE_WAYS = 4,
	PASSWORD_CACHE_S = 600,
};

struct password_digest {
	unsigned char bytes[PASSWORD_DIGEST_BYTES];
};
struct password_cache {
	struct password_cached *at;
};

void password_cache_done(struct password_cache *c);
bool password_cache_has(
	const struct password_cache *c, const struct password_digest *d, uint64_t now_ns);
/* Without memory it remembers nothing. */
void password_cache_add(struct password_cache *c, const struct password_digest *d, uint64_t now_ns);
