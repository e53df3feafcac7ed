/* SPDX-License-Identifier: MIT */
/*
 * quota - GETQUOTA, GETQUOTAROOT and SETQUOTA of RFC 9208: one root, the account. Its owner sets limits of his own, which
 * stand beside the administrator's and never above them; what is told, and what counts, is the smaller one of the two.
 *
 * Limits: the quota of the domain is not shown: it says what other people use.
 */
#include "session/imap/change.h"
#include "session/imap/place.h"

#include "base/log.h"
#include "mail/quota.h"
#include "syntax/imap_command.h"
#include "syntax/imap_quota.h"

#include <inttypes.h>

enum { QUOTA_UNIT_BYTES = 1024 /* RFC 9208 5.1: STORAGE counts in units of 1024 octets */ };

/* As much as every reader of a limit can say: numbers of the control interface have 63 bits. */
#define QUOTA_MAX ((uint64_t)INT64_MAX)

static const struct slice no_such_root = S_INIT("[NONEXISTENT] There is no such quota root");

/* Used is rounded up, and a limit down, so that "under the limit" is never said too early. */
static bool put_quota(struct imap *s, const struct target *target, struct error *e)
{
	struct quota_usage used;
	const char *space = "";

	if (!quota_account(s->client.host->mail, target->account, &used, e))
		return false;
	imap_put(s, S("* QUOTA \"\" ("));
	if (target->quota_bytes > 0) {
		imap_put_format(s, "STORAGE %" PRIu64 " %" PRIu64,
			(used.bytes + QUOTA_UNIT_BYTES - 1) / QUOTA_UNIT_BYTES,
			target->quota_bytes / QUOTA_UNIT_BYTES);
		space = " ";
	}
	if (target->quota_messages > 0)
		imap_put_format(s, "%sMESSAGE %" PRIu64 " %" PRIu64, space, used.messages,
			target->quota_messages);
	imap_put(s, S(")\r\n"));
	return true;
}

static enum next quota_say(struct imap *s)
{
	struct error e = { .fault = FAULT_NONE };
	enum next next = NEXT_CLOSE;
	struct target target;

	if (!imap_own_target(s, &target, &next))
		return next;
	if (!put_quota(s, &target, &e))
		return imap_failed(s, &e);
	return imap_ok(s, S("That is all"));
}

enum next imap_getquota(struct imap *s, struct slice args)
{
	struct slice root;

	if (!imap_getquota_parse(&s->parse, args, &root))
		return imap_misparsed(s);
	if (root.len > 0)
		return imap_no(s, no_such_root);
	return quota_say(s);
}

enum next imap_getquotaroot(struct imap *s, struct slice args)
{
	struct slice name;

	/* RFC 9208 4.1.2: also of a mailbox that does not exist yet. */
	if (!imap_mailbox_parse(&s->parse, args, &name))
		return imap_misparsed(s);
	imap_put(s, S("* QUOTAROOT "));
	imap_put_name(s, name);
	/* Somebody else pays for it, how much he has is his affair, and so is what is there. */
	if (place_is_foreign(name)) {
		imap_put(s, S("\r\n"));
		return imap_ok(s, S("That is all"));
	}
	imap_put(s, S(" \"\"\r\n"));
	return quota_say(s);
}

/* ---- SETQUOTA ---- */

enum { STORAGE, MESSAGE, RESOURCES };

/* The name of a limit we keep, and how large its unit is. */
static const struct {
	struct slice name;
	uint64_t unit;
} resources[RESOURCES] = {
	[STORAGE] = { S_INIT("STORAGE"), QUOTA_UNIT_BYTES },
	[MESSAGE] = { S_INIT("MESSAGE"), 1 },
};

/* Octets and messages; 0: none. */
struct own_quota {
	uint64_t at[RESOURCES];
};

/* RESOURCES: none that we keep. */
static size_t resource_find(struct slice name)
{
	size_t i = 0;

	while (i < RESOURCES && !slice_same_nocase(resources[i].name, name))
		i++;
	return i;
}

/*
 * NULL, or why these limits cannot be kept. A limit of 0 is "nothing at all" in the RFC and "no limit" to half of the
 * field, so whoever sends it may have all his mail refused without wanting it: he is asked to be clearer.
 */
static const char *own_quota_read(const struct imap_setquota *given, struct own_quota *ret)
{
	struct own_quota own = { 0 };

	for (size_t i = 0; i < given->limit_count; i++) {
		const struct imap_quota_limit *limit = &given->limits[i];
		size_t r = resource_find(limit->resource);

		if (r == RESOURCES)
			return "[CANNOT] The limits kept here are STORAGE and MESSAGE";
		if (own.at[r] > 0)
			return "[CANNOT] A resource has one limit";
		if (limit->limit == 0)
			return "[CANNOT] 0 would refuse all mail; a resource left out has no limit";
		if (limit->limit > QUOTA_MAX / resources[r].unit)
			return "[LIMIT] That is more than can be counted; a resource left out has "
			       "no "
			       "limit";
		own.at[r] = limit->limit * resources[r].unit;
	}
	*ret = own;
	return NULL;
}

static enum next own_quota_set(struct imap *s, const struct own_quota *own)
{
	struct client *c = &s->client;
	struct slice account = slice_of(c->account);
	struct error e = { .fault = FAULT_NONE };

	switch (account_set_own_quota(
		c->host->mail->directory, account, own->at[STORAGE], own->at[MESSAGE], &e)) {
	case CHANGE_DONE:
		break;
	case CHANGE_LIMIT:
		error_clear(&e);
		return imap_no(s, S("[NOPERM] That is more than the administrator gave"));
	case CHANGE_MISSING:
		error_clear(&e);
		return imap_bye(s, S("The account was removed"));
	case CHANGE_EXISTS:
	case CHANGE_CONFLICT:
	case CHANGE_IN_USE:
	case CHANGE_BAD:
	case CHANGE_FAILED:
		return imap_failed(s, &e);
	}
	client_count(c, COUNT_OWN_QUOTAS);
	log_event(LOG_LEVEL_INFO, "imap.own-quota", LOG_TEXT("peer", conn_peer(c->conn)),
		LOG_TEXT("account", account), LOG_COUNT("bytes", own->at[STORAGE]),
		LOG_COUNT("messages", own->at[MESSAGE]));
	return quota_say(s);
}

enum next imap_setquota(struct imap *s, struct slice args)
{
	struct imap_setquota given;
	struct own_quota own;
	const char *why;

	if (!imap_setquota_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (given.root.len > 0)
		return imap_no(s, no_such_root);
	why = own_quota_read(&given, &own);
	return why != NULL ? imap_no(s, slice_of(why)) : own_quota_set(s, &own);
}
