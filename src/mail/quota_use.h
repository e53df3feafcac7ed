/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * quota_use - how deliveries, appends, copies and removals keep quota right. Not for anybody outside mail/.
 *
 * What an account uses is the sum of its folders' heads, which are persisted with every commit anyway. It is summed once,
 * when its quota is first asked for, and then kept up to date in memory by quota_changed(), mails on their way counted in.
 * A domain is summed in the same way over its accounts.
 */
#include "mail/directory.h"
#include "mail/folder_head.h"
#include "mail/quota.h"

/* Sums the account, and its domain when the target has a quota for it, unless that was done. No lock held. */
MUST_CHECK bool quota_ready(struct mail *m, struct id account, struct error *e);
MUST_CHECK bool quota_ready_for(struct mail *m, const struct target *t, struct error *e);
bool quota_is_limited(const struct target *t);
/* What the account or domain has now; only after quota_ready. */
struct quota_usage quota_account_now(struct quota *q, struct id account);
struct quota_usage quota_domain_now(struct quota *q, struct slice domain);
/* The account has so much more (or less); for nothing when it is not summed. Under the folders' lock. */
void quota_changed(struct quota *q, struct id account, int64_t bytes, int64_t messages);
void quota_forget(struct quota *q, struct id account);

enum quota_answer { QUOTA_FITS, QUOTA_FULL, QUOTA_NEVER };
/* Whether so much more fits for the target, `largest` being the largest message of it. Under the folders' lock. */
enum quota_answer quota_fits(struct quota *q, const struct target *t, uint64_t bytes,
	uint64_t messages, uint64_t largest);
