/* SPDX-License-Identifier: MIT */
#pragma once
/* quota - what accounts and domains use, with mails on their way counted in. */
#include "mail/mail.h"

struct quota_usage {
	uint64_t bytes, messages;
};
/* Which of an account's two limits counts, the administrator's or its owner's. 0 is no limit. */
uint64_t quota_smaller(uint64_t given, uint64_t own);
MUST_CHECK bool quota_account(
	struct mail *m, struct id account, struct quota_usage *ret, struct error *e);
MUST_CHECK bool quota_domain(
	struct mail *m, struct slice domain, struct quota_usage *ret, struct error *e);
