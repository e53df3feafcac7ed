/* SPDX-License-Identifier: MIT */
#pragma once
/* accounts - an account out of JSON: shared by one at a time (accounts.c) and many (bulk.c). */
#include "admin/request.h"

/*
 * Reads members into *to; `password` is hashed (quick: for imports), `password_hash` taken as it is. The hash is in
 * the arena. False: *a says what is wrong.
 */
bool account_read(
	struct request *r, const json_t *from, bool is_quick, struct account *to, struct answer *a);
json_t *account_write(const struct account *account);

/* Many accounts, one JSON object a line. */
bool bulk_begin(struct request *r);
void bulk_feed(struct request *r, struct slice bytes);
void bulk_end(struct request *r, struct answer *a);
void bulk_free(struct request *r);
