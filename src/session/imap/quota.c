/* SPDX-License-Identifier: MIT */
/*
 * quota - GETQUOTA and GETQUOTAROOT of RFC 9208: one root, the account. Its owner may not change it.
 *
 * Limits: the quota of the domain is not shown: it says what other people use.
 */
#include "session/imap/change.h"
#include "session/imap/place.h"

#include "mail/quota.h"
#include "syntax/imap_command.h"
#include "syntax/imap_quota.h"

#include <inttypes.h>

enum { QUOTA_UNIT_BYTES = 1024 /* RFC 9208 5.1: STORAGE counts in units of 1024 octets */ };

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
		return imap_no(s, S("[NONEXISTENT] There is no such quota root"));
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

enum next imap_setquota(struct imap *s, struct slice args)
{
	struct imap_setquota given;

	if (!imap_setquota_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	return imap_no(s, S("[NOPERM] Only the administrator changes quotas"));
}
