/* SPDX-License-Identifier: MIT */
#pragma once
/* password_wrap - "$mv1$salt$digest" becomes "$mv2$salt$<argon2id of the digest>"; for password_strengthen.c only. */
#include "mail/password.h"

MUST_CHECK bool password_wrap(
	struct password *p, struct slice quick_text, struct buf *out, struct error *e);
