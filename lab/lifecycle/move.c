/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/move.h"

#include "base/clock.h"
#include "lab/lifecycle/watch.h"
#include "lab/platform/carry.h"
#include "lab/workload/wire.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAIL_BYTES = 2048,
	MAIL_PAUSE_MS = 20,
	MAILS_BEFORE = 10, /* acknowledged on the old server, while it is watched */
	MAILS_AFTER = 10,  /* and on the new one */
	MAILS_WAIT_MS = 60000,
	SETTLE_MS = 100,
};

/* Which of the acknowledged letters are there, once and whole? */
static bool letters_verify(
	struct place *to, struct watch *w, struct move_result *r, struct error *e)
{
	struct inventory all;
	size_t count;
	const struct watch_mail *mails = watch_mails(w, &count);
	auto_free uint8_t *is_there = calloc(count + 1, 1);

	if (is_there == NULL)
		return fail(e, FAULT_LATER, "verify mails: no memory");
	if (!place_inventory_load(to, &all, e))
		return false;
	inventory_letters(&all, watch_run(w), is_there, count, &r->letters);
	for (size_t i = 0; i < count; i++) {
		r->acknowledged += mails[i].is_acknowledged;
		r->acknowledged_lost += mails[i].is_acknowledged && is_there[i] == 0;
		r->refused += mails[i].is_refused;
		r->unanswered += !mails[i].is_acknowledged && !mails[i].is_refused;
	}
	inventory_done(&all);
	return true;
}

static bool still_verify(
	struct place *to, const struct inventory *before, struct move_result *r, struct error *e)
{
	struct inventory after;

	if (!place_inventory(to, &after, e))
		return false;
	inventory_compare(before, &after, &r->difference);
	r->mails = after.count;
	r->mailboxes = after.mailbox_count;
	r->bytes = after.bytes;
	inventory_done(&after);
	return true;
}

/* The move itself, between two servers, while somebody watches. */
static bool carry_over(struct place *from, struct place *to, struct watch *w, struct move_result *r,
	struct error *e)
{
	char kept[PLATFORM_PATH_BYTES];

	r->begin_ns = wire_now_ns();
	place_stop(from);
	r->ended_ns = wire_now_ns();
	if (!carry_kept(&from->plan, kept, e))
		return false;
	to->plan.data_from = kept;
	to->plan.keeps_data = true;
	bool is_up = place_deploy(to, e);

	to->plan.data_from = NULL;
	if (!is_up)
		return fail_in(e, "start on '%s' with the data of '%s'", to->platform->name,
			from->platform->name);
	r->ready_ns = wire_now_ns();
	r->carried_ns = to->deployment.spawn_ns;
	watch_aim(w, &to->deployment);
	return true;
}

static void judge(struct move_result *r)
{
	r->is_good = inventory_is_same(&r->difference) && r->acknowledged_lost == 0 &&
		     r->letters.altered == 0 && r->letters.doubled == 0;
}

static bool watched_move(struct place *from, struct place *to, struct watch *w,
	const struct inventory *before, struct move_result *r, struct error *e)
{
	if (!watch_wait(w, MAILS_BEFORE, MAILS_WAIT_MS))
		return fail(
			e, FAULT_LATER, "move from '%s': it takes no mail", from->platform->name);
	if (!carry_over(from, to, w, r, e))
		return false;
	if (!watch_wait(w, MAILS_AFTER, MAILS_WAIT_MS))
		return fail(e, FAULT_LATER, "move to '%s': it takes no mail", to->platform->name);
	(void)poll(NULL, 0, SETTLE_MS);
	watch_stop(w);
	r->knock_gap_ns = watch_knock_gap_ns(w, r->begin_ns, r->ready_ns);
	r->mail_gap_ns = watch_mail_gap_ns(w, r->begin_ns, r->ready_ns);
	if (!still_verify(to, before, r, e) || !letters_verify(to, w, r, e))
		return fail_in(e, "verify the move to '%s'", to->platform->name);
	judge(r);
	return true;
}

bool move_run(struct place *from, struct place *to, const struct inventory *before,
	struct move_result *ret, struct error *e)
{
	char run[LETTER_RUN_BYTES];
	struct watch *w = NULL;
	struct watch_plan plan = { .deployment = &from->deployment,
		.from = "sender@a.example",
		.to = place_load_address(),
		.run = run,
		.size_bytes = MAIL_BYTES,
		.pause_ms = MAIL_PAUSE_MS,
		.is_cancelled = from->options->is_cancelled };

	*ret = (struct move_result){ .is_good = false };
	(void)snprintf(run, sizeof run, "move-%s-%s", from->platform->name, to->platform->name);
	if (!watch_start(&plan, &w, e))
		return false;
	bool is_moved = watched_move(from, to, w, before, ret, e);

	watch_free(w);
	return is_moved;
}

static double ms_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / (double)NS_PER_MS : 0;
}

static void result_print(
	const struct place *from, const struct place *to, const struct move_result *r)
{
	(void)printf("%s -> %s: %zu mails in %zu mailboxes (%.1f MiB) verified by SHA-256, UID, "
		     "UIDVALIDITY, flags and date: %zu the same, %zu missing, %zu altered, %zu "
		     "renumbered, %zu relabelled, %zu extra\n",
		from->platform->name, to->platform->name, r->mails, r->mailboxes,
		(double)r->bytes / (1 << 20), r->difference.same, r->difference.missing,
		r->difference.altered, r->difference.renumbered, r->difference.relabelled,
		r->difference.extra);
	(void)printf(
		"  sent meanwhile: %zu acknowledged, of which %zu lost, %zu altered, %zu twice; "
		"%zu refused, %zu without an answer\n",
		r->acknowledged, r->acknowledged_lost, r->letters.altered, r->letters.doubled,
		r->refused, r->unanswered);
	(void)printf(
		"  nobody could connect for %.0f ms, or hand in a mail for %.0f ms; ended after "
		"%.0f ms, data there after %.0f ms, ready after %.0f ms\n",
		(double)r->knock_gap_ns / (double)NS_PER_MS,
		(double)r->mail_gap_ns / (double)NS_PER_MS, ms_between(r->begin_ns, r->ended_ns),
		ms_between(r->begin_ns, r->carried_ns), ms_between(r->begin_ns, r->ready_ns));
	if (r->difference.first[0] != '\0')
		(void)printf("  first difference: %s\n", r->difference.first);
	(void)fflush(stdout);
}

/* One step of the chain; *from is closed when all is verified, *to goes on. */
static bool step(struct place *from, struct place *to, const struct life_options *o,
	const struct platform *platform, struct move_result *r, struct error *e)
{
	struct inventory before;

	if (!place_open(o, platform, to, e))
		return false;
	if (!place_inventory(from, &before, e))
		return fail_in(e, "look through '%s'", from->platform->name);
	bool is_moved = move_run(from, to, &before, r, e);

	inventory_done(&before);
	if (!is_moved)
		return false;
	result_print(from, to, r);
	if (!r->is_good)
		return fail(e, FAULT_NEVER,
			"the move from '%s' to '%s' lost or changed mail; both are kept: '%.60s', "
			"'%.60s'",
			from->platform->name, platform->name, from->work, to->work);
	place_close(from);
	return true;
}

static bool chain_run(struct place places[2], const struct life_options *o,
	const struct platform *const *chain, unsigned count, struct move_result *results,
	struct error *e)
{
	struct place *at = &places[0];

	if (!place_open(o, chain[0], at, e))
		return false;
	at->plan.keeps_data = true;
	place_step(at, "deploying and filling mailboxes");
	if (!place_deploy(at, e) || !place_fill(at, e))
		return false;
	for (unsigned i = 1; i < count; i++) {
		struct place *next = at == &places[0] ? &places[1] : &places[0];

		place_step(at, "moving");
		if (!step(at, next, o, chain[i], &results[i - 1], e))
			return false;
		at = next;
	}
	return true;
}

/* After a move that went wrong the data is evidence, and stays. */
static void places_close(struct place places[2], bool is_evidence)
{
	for (unsigned i = 0; i < 2; i++) {
		place_stop(&places[i]);
		if (is_evidence)
			places[i].work[0] = '\0';
		place_close(&places[i]);
	}
}

bool move_chain(const struct life_options *o, const struct platform *const *chain, unsigned count,
	struct move_result *ret_results, struct error *e)
{
	auto_free struct place *places = calloc(2, sizeof *places);
	bool is_evidence = false;

	if (places == NULL)
		return fail(e, FAULT_LATER, "move: no memory");
	memset(ret_results, 0, count * sizeof *ret_results);
	bool is_done = chain_run(places, o, chain, count, ret_results, e);

	for (unsigned i = 0; i + 1 < count; i++)
		is_evidence =
			is_evidence || (ret_results[i].acknowledged > 0 && !ret_results[i].is_good);
	places_close(places, is_evidence);
	return is_done;
}
