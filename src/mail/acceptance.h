/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * acceptance - one mail on its way into the store: who gets it, and the transaction that says so. Only for
 * intake_commit.c (its life), acceptance.c (who gets what) and acceptance_stage.c (the transaction).
 */
#include "mail/intake.h"
#include "mail/quota_use.h"
#include "mail/spool_item.h"
#include "mail/timeline_rows.h"

/* One mailbox; each only once, however many recipients lead to it. Sorted by account. */
struct landing {
	const struct target *target;
	struct folder *folder;
	struct slice prefix; /* Return-Path and Delivered-To */
	uint64_t bytes;      /* with the prefix */
	enum intake_answer answer;
	struct folder_head after; /* of the folder, when the answer is INTAKE_OK */
};

struct acceptance {
	struct intake *intake;
	struct mail *mail;
	struct intake_rcpt *rcpts;
	size_t rcpt_count;
	struct timeline *timeline;
	struct slice message_id;
	struct arena arena;
	struct landing *landings;
	size_t landing_count;
	struct spool_rcpt *remotes;
	size_t remote_count;
	struct spool_item *items;
	size_t item_count;
	struct slice return_path;
	uint64_t received_ns;
	size_t holders;   /* entries and items of the staged transaction */
	uint32_t bucket;  /* of the timeline */
	bool is_in_doubt; /* nobody can say whether it happened: the body must stay */
};

/* Finds out who gets it, and opens their folders. False: e is set. */
MUST_CHECK bool acceptance_begin(struct acceptance *a, struct error *e);
void acceptance_done(struct acceptance *a);
struct landing *acceptance_landing(const struct acceptance *a, struct id account);

enum staged { STAGED, STAGED_NOT_YET, STAGED_NOTHING, STAGED_FAILED };
/* Decides who has room, builds the transaction and submits it, all under the folders' lock. */
enum staged acceptance_stage(struct acceptance *a, struct batch *b, struct error *e);
/* Waits for it and lands the folders. STORE_OK, STORE_CONFLICT (nothing happened: again) or STORE_FAILED with e. */
enum store_answer acceptance_settle(struct acceptance *a, struct batch *b, struct error *e);
