/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_quota - GETQUOTA and SETQUOTA, RFC 9208. GETQUOTAROOT is imap_mailbox_parse().
 *
 * Limits: LIMIT_IMAP_QUOTA_RESOURCES.
 */
#include "syntax/imap_line.h"

struct imap_quota_limit {
	struct slice resource; /* "STORAGE" (KiB), "MESSAGE", "MAILBOX", others as written */
	uint64_t limit;        /* up to 2^63 - 1 */
};
struct imap_setquota {
	struct slice root;
	const struct imap_quota_limit *limits;
	size_t limit_count; /* 0: no limits */
};
MUST_CHECK bool imap_getquota_parse(
	struct imap_parse *p, struct slice args, struct slice *ret_root);
MUST_CHECK bool imap_setquota_parse(
	struct imap_parse *p, struct slice args, struct imap_setquota *ret);
