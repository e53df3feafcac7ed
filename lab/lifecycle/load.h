/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * load - a place under watch: filled, inventoried, with mail coming in; and the verdict at the end.
 *
 * What every trial under load does before and after. Ownership: load_end() frees all and closes the place.
 */
#include "lab/lifecycle/ledger.h"
#include "lab/lifecycle/place.h"
#include "lab/lifecycle/watch.h"

enum { LOAD_MAILS_BEFORE = 20, LOAD_MAILS_AFTER = 10, LOAD_WAIT_MS = 120000 };

struct load {
	struct place place;
	struct inventory before; /* of the still mailboxes */
	struct watch *watch;
};

/* Deploys, fills, takes stock, and waits until LOAD_MAILS_BEFORE are acknowledged. qcow2: for snapshots. */
MUST_CHECK bool load_begin(const struct life_options *o, const struct platform *platform,
	bool is_qcow2, struct load *ret, struct error *e);
/* Waits for so many more. */
MUST_CHECK bool load_wait(struct load *l, unsigned count, struct error *e);
void load_end(struct load *l);

/*
 * Which of the acknowledged mails must be there. Without a way back all must: LOAD_ALL. After a revert to
 * what was at a moment between must_until and never_from, the mails of before, none of those that came
 * and went between never_from and never_to, and again all that began after must_again.
 */
struct load_rules {
	uint64_t must_until_ns, never_from_ns, never_to_ns, must_again_ns;
};
#define LOAD_ALL ((struct load_rules){ UINT64_MAX, UINT64_MAX, 0, UINT64_MAX })

/* What became of the mail that was sent. */
struct load_verdict {
	size_t acknowledged;
	size_t lost;    /* must be there and are not */
	size_t strange; /* must not be there and are */
	size_t altered, doubled;
	struct inventory_difference still;
};
/* Stops the watch; `now` is where the mail must be. */
MUST_CHECK bool load_judge(struct load *l, struct place *now, const struct load_rules *rules,
	struct load_verdict *ret, struct error *e);
/* The still mails that are not as they were. */
size_t load_still_wrong(const struct load_verdict *v);
