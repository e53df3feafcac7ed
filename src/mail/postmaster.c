/* SPDX-License-Identifier: MIT */
/*
 * Who is postmaster (RFC 5321 4.5.1): a domain's first account, until somebody else is named; and for the server, and for
 * domains where nobody is, the postmaster of the oldest domain.
 */
#include "mail/postmaster.h"

enum { POSTMASTER_PAGE = 500 }; /* domains, of about 200 bytes each */

enum candidate { OF_DOMAIN, CATCH_ALL, OF_SETTINGS, OF_OLDEST };

/* The oldest so far; the name is only for the order. */
struct oldest {
	uint64_t created_s;
	char address[LIMIT_ADDRESS_BYTES];
	size_t len;
};

static void oldest_look(struct oldest *o, const struct domain *domain)
{
	if (domain->is_disabled || domain->alias_of.len > 0 || domain->postmaster.len == 0 ||
		domain->postmaster.len > sizeof o->address)
		return;
	if (o->len > 0 && domain->created_s >= o->created_s)
		return;
	o->created_s = domain->created_s;
	o->len = domain->postmaster.len;
	memcpy(o->address, domain->postmaster.at, o->len);
}

static bool oldest_find(struct directory *d, struct oldest *ret, struct error *e)
{
	char room[LIMIT_DOMAIN_BYTES + 1];
	struct slice after = S("");
	size_t count = POSTMASTER_PAGE;

	*ret = (struct oldest){ .len = 0 };
	while (count == POSTMASTER_PAGE) { /* at most LIMIT_DOMAINS / POSTMASTER_PAGE times */
		auto_arena a = { .max = LIMIT_ARENA_BYTES };
		struct domain *domains;

		if (!domain_list(d, after, POSTMASTER_PAGE, &a, &domains, &count, e))
			return false;
		for (size_t i = 0; i < count; i++)
			oldest_look(ret, &domains[i]);
		if (count > 0) {
			after = domains[count - 1].name;
			invariant(after.len <= sizeof room);
			memcpy(room, after.at, after.len);
			after.at = room;
		}
	}
	return true;
}

static bool oldest_known(struct directory *d, struct oldest *ret, uint64_t *ret_writes)
{
	HOLDING(&d->lock);
	*ret_writes = d->writes;
	if (!d->is_oldest_known || d->oldest_at_writes != d->writes)
		return false;
	ret->len = d->oldest_postmaster_len;
	memcpy(ret->address, d->oldest_postmaster, ret->len);
	return true;
}

/* A walk over all domains after a change, so that a flood of mail to postmaster costs no more than any other. */
static bool of_oldest(struct directory *d, struct arena *a, struct slice *ret, struct error *e)
{
	struct oldest found = { .len = 0 };
	uint64_t writes;

	if (!oldest_known(d, &found, &writes)) {
		if (!oldest_find(d, &found, e))
			return false;
		HOLDING(&d->lock);
		d->is_oldest_known = true;
		d->oldest_at_writes = writes; /* if it is not the current one it is not taken */
		d->oldest_postmaster_len = found.len;
		memcpy(d->oldest_postmaster, found.address, found.len);
	}
	*ret = arena_copy(a, (struct slice){ found.address, found.len });
	return ret->at != NULL || fail(e, FAULT_LATER, "look up postmaster: out of memory");
}

bool postmaster_candidate(struct directory *d, const struct domain *domain, unsigned at,
	struct arena *a, struct slice *ret, struct error *e)
{
	*ret = S("");
	switch ((enum candidate)at) {
	case OF_DOMAIN:
		*ret = domain->postmaster;
		return true;
	case CATCH_ALL:
		*ret = domain->catch_all;
		return true;
	case OF_SETTINGS:
		*ret = (struct slice){ d->postmaster, d->postmaster_len };
		return true;
	case OF_OLDEST:
		break;
	}
	return of_oldest(d, a, ret, e);
}

bool postmaster_is_wanted(const struct directory *d, const struct domain *domain)
{
	return domain->postmaster.len == 0 && domain->catch_all.len == 0 && d->postmaster_len == 0;
}
