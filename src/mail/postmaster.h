/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * postmaster - who gets mail for postmaster@ of a domain, and for <postmaster> alone. Only for resolve.c and account.c.
 *
 * An account or alias of that name comes before all candidates. Threads: any.
 */
#include "mail/directory_parts.h"

enum { POSTMASTER_CANDIDATES = 4 };

/* The candidates in their order; empty: there is none of this kind. *domain is empty for <postmaster> alone. */
MUST_CHECK bool postmaster_candidate(struct directory *d, const struct domain *domain, unsigned at,
	struct arena *a, struct slice *ret, struct error *e);
/* Nobody was named for it: its first account will be. */
bool postmaster_is_wanted(const struct directory *d, const struct domain *domain);
