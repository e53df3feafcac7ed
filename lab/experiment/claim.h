/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * claim - a statement that an experiment is to test, written down before it runs.
 *
 * Part of the experiment's text (`claim C1 { ... }`), so it is hashed and stored with the results; the report judges
 * each {supported, contradicted, inconclusive, not measured} by the rules in docs/lab.md. `paper` carries the
 * nine claims of the study. Platforms are named by their labels.
 * Not here: judging (lab/report/claims.h). Ownership: plain values. Limits: CLAIM_*.
 */
#include "base/buf.h"
#include "base/error.h"

#include <stdint.h>

enum {
	CLAIMS_MAX = 32,
	CLAIM_ID_BYTES = 16,
	CLAIM_TEXT_BYTES = 160,
	CLAIM_LABEL_BYTES = 32,
	CLAIM_THAN_BYTES = 128,
};

enum claim_kind {
	CLAIM_LESS, /* `platform` takes `value` percent less time than `than`, give or take `about` points */
	CLAIM_RISE, /* from `size` to `to` octets its mean rises by `value` ms, give or take `about` */
	CLAIM_CLOSE, /* faster than `than`, by no more than `about` percent */
	CLAIM_BEST,  /* faster than each of `than` at every size */
	CLAIM_KIND_COUNT
};

struct claim {
	char id[CLAIM_ID_BYTES], text[CLAIM_TEXT_BYTES];
	enum claim_kind kind;
	char platform[CLAIM_LABEL_BYTES];
	char than[CLAIM_THAN_BYTES]; /* labels, separated by commas for CLAIM_BEST */
	uint32_t size_bytes, to_bytes;
	unsigned value, about;
};

/* The statements of the study that `paper` re-tests, C1 to C9. */
extern const struct claim claims_of_the_study[];
extern const unsigned claims_of_the_study_count;

const char *claim_kind_name(enum claim_kind kind);
MUST_CHECK bool claim_kind_find(const char *name, enum claim_kind *ret);
/* The form that reads back. */
MUST_CHECK bool claims_print(const struct claim *claims, unsigned count, struct buf *to);
/* The failure names the claim and what is missing. */
MUST_CHECK bool claims_check(const struct claim *claims, unsigned count, struct error *e);
