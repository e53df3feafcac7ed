/* SPDX-License-Identifier: MIT */
#include "mail/password_cache.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

struct password_cached {
	struct password_digest digest;
	uint64_t until_ns; /* 0: empty */
};

void password_cache_done(struct password_cache *c)
{
	free(c->at);
	c->at = NULL;
}

/* The digest is keyed with a secret, so its first bytes are as good as random. */
static struct password_cached *set_of(
	const struct password_cache *c, const struct password_digest *d)
{
	size_t set = (d->bytes[0] | (size_t)d->bytes[1] << 8) % PASSWORD_CACHE_SETS;

	return &c->at[set * PASSWORD_CACHE_WAYS];
}

bool password_cache_has(
	const struct password_cache *c, const struct password_digest *d, uint64_t now_ns)
{
	struct password_cached *set;

	if (c->at == NULL)
		return false;
	set = set_of(c, d);
	for (size_t i = 0; i < PASSWORD_CACHE_WAYS; i++) {
		if (set[i].until_ns > now_ns &&
			memcmp(set[i].digest.bytes, d->bytes, sizeof d->bytes) == 0)
			return true;
	}
	return false;
}

void password_cache_add(struct password_cache *c, const struct password_digest *d, uint64_t now_ns)
{
	struct password_cached *set, *soonest;

	if (c->at == NULL)
		c->at = calloc(PASSWORD_CACHE_SETS * PASSWORD_CACHE_WAYS, sizeof *c->at);
	if (c->at == NULL)
		return;
	set = soonest = set_of(c, d);
	for (size_t i = 1; i < PASSWORD_CACHE_WAYS; i++)
		soonest = set[i].until_ns < soonest->until_ns ? &set[i] : soonest;
	soonest->digest = *d;
	soonest->until_ns = now_ns + PASSWORD_CACHE_S * NS_PER_S;
}
