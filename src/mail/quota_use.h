/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * quota_use - how deliveries and removals keep quota right. Not for anybody outside mail/.
 *
 * What an account uses stands in its folder's head, so it is persisted with every commit at no cost, and `next`
 * counts mails on their way. A domain is summed once, when its quota is first asked for, and then kept up to date in
 * memory: each account that is in the sum is noted, and its changes go along.
 */
#include "mail/directory.h"
#include "mail/folder_head.h"
#include "mail/quota.h"

/* Sums the domain unless that was done. No lock held. */
MUST_CHECK bool quota_sum(struct mail *m, struct slice domain, struct error *e);
/* Under the folders' lock: the account becomes part of its domain's sum, with what it has now. */
void quota_count(struct quota *q, struct slice domain, const struct folder *f);
/* What the domain has now; only after quota_sum. */
struct quota_usage quota_domain_now(struct quota *q, struct slice domain);
/* The account has so much more (or less); for nothing when its domain is not summed. */
void quota_changed(struct quota *q, struct id account, int64_t bytes, int64_t messages);
void quota_forget(struct quota *q, struct id account);

enum quota_answer { QUOTA_FITS, QUOTA_FULL, QUOTA_NEVER };
/* Whether one more message of that size fits for the target. Under the folders' lock. */
enum quota_answer quota_fits(
	struct quota *q, const struct target *t, const struct folder *f, uint64_t bytes);
