/* SPDX-License-Identifier: MIT */
#pragma once
/* quota - what accounts and domains use, with mails on their way counted in. */
#include "mail/mail.h"

struct quota_usage {
	uint64_t bytes, messages;
};
MUST_CHECK bool quota_account(
	struct mail *m, struct id account, struct quota_usage *ret, struct error *e);
MUST_CHECK bool quota_domain(
	struct mail *m, struct slice domain, struct quota_usage *ret, struct error *e);
