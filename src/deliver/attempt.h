/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * attempt - one try to hand one mail to the next host: who took it, who will later, who never.
 *
 * Fills the fates' reasons: for each recipient that still waited, `outcome` and `last_reply` (in the arena).
 */
#include "deliver/smtp_client.h"

enum outcome {
	OUTCOME_NONE, /* was not waiting */
	OUTCOME_RELAYED,
	OUTCOME_LATER,
	OUTCOME_NEVER,
};

struct attempt {
	struct slice next_hop, our_name;
	struct store *store;
	struct spool_item *item; /* its rcpts' last_reply are written */
	struct arena *arena;
	enum outcome *outcomes; /* one a recipient */
	struct smtp_client client;
	bool is_dsn_passed; /* the next host reports on its own (RFC 3461 5.2.1) */
};

void attempt_run(struct attempt *a);
