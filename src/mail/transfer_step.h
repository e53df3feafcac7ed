/* SPDX-License-Identifier: MIT */
#pragma once
/* transfer_step - one commit of a COPY or MOVE. Only for transfer.c and transfer_step.c. */
#include "mail/quota_use.h"
#include "mail/rows.h"
#include "mail/shared.h"
#include "mail/transfer.h"

/* A blob of which there will be more holders. */
struct step_share {
	struct id blob;
	uint64_t more, holders, version;
};

struct step {
	const struct transfer *transfer;
	uint64_t keywords[FOLDER_KEYWORDS]; /* bit of the source -> bits of the target */
	const uint32_t *uids;
	size_t uid_count;
	/* one step's own: */
	struct arena arena;
	struct entry *entries; /* as they are in the source */
	size_t entry_count;
	struct step_share *shares;
	size_t share_count;
	struct slice *records; /* of structures, beside entries; empty: none */
	bool has_records;
	struct rows rows;
	struct uids gone; /* of the source, by a move */
	uint64_t bytes, largest;
	uint32_t uid_first; /* in the target */
	uint64_t modseq;    /* of the source */
	enum append_answer answer;
};

/* Adds to *ret what it did. */
enum append_answer step_run(struct step *s, struct transferred *ret, struct error *e);
