/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * listing - a page of accounts or aliases of one domain, or of all domains one after the other.
 *
 * Over all domains the order is: domains by name, and in each its addresses by name; `after` is the last address.
 */
#include "admin/request.h"

MUST_CHECK bool listing_accounts(struct request *r, const struct page_wish *wish,
	struct account **ret, size_t *ret_count, struct error *e);
MUST_CHECK bool listing_aliases(struct request *r, const struct page_wish *wish, struct alias **ret,
	size_t *ret_count, struct error *e);
