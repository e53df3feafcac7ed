/* SPDX-License-Identifier: MIT */
/* The course of a COPY or MOVE: steps of bounded size. One step is in transfer_step.c. */
#include "mail/transfer_step.h"

#include <stdlib.h>

void transferred_done(struct transferred *t)
{
	uids_done(&t->from);
	uids_done(&t->to);
}

/* Which keywords the messages have. */
static bool keywords_used(struct folder *f, const struct uids *uids, uint64_t *ret, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	struct folder_scan scan = { .last = uids_last(uids), .limit = LIMIT_SCAN_ROWS };

	*ret = 0;
	scan.after = uids->at[0].first - 1;
	while (scan.after < scan.last && !page.is_last) {
		if (!folder_scan(f, &scan, &page, e))
			return false;
		for (size_t i = 0; i < page.count; i++) {
			scan.after = page.at[i].uid;
			if (uids_has(uids, scan.after))
				*ret |= page.at[i].keywords;
		}
	}
	return true;
}

/* The same names have other bits in the other folder; what finds no room there is lost. */
static bool keywords_map(
	const struct transfer *t, const struct uids *uids, struct step *s, struct error *e)
{
	struct folder_keywords names;
	uint64_t used;

	folder_keywords(t->from, &names);
	for (size_t i = 0; i < FOLDER_KEYWORDS; i++)
		s->keywords[i] = t->from == t->to && !t->loses_keywords ? UINT64_C(1) << i : 0;
	if (names.count == 0 || t->from == t->to || t->loses_keywords)
		return true;
	if (!keywords_used(t->from, uids, &used, e))
		return false;
	for (size_t i = 0; i < names.count; i++) {
		if ((used & UINT64_C(1) << i) != 0 && !folder_keywords_bits(t->to, &names.names[i],
							      1, true, &s->keywords[i], NULL, e))
			return false;
	}
	return true;
}

/* RFC 9051 6.4.7: a COPY that fails leaves nothing behind. What cannot be taken back now stays, as a whole message each. */
static void take_back(const struct transfer *t, struct transferred *done)
{
	struct error later = { .fault = FAULT_NONE };
	uint32_t size = uids_size(&done->to);
	auto_free uint32_t *uids = malloc(size * sizeof *uids + 1);

	for (uint32_t i = 0; uids != NULL && i < size; i++)
		uids[i] = uids_at(&done->to, i + 1);
	for (uint32_t i = 0; uids != NULL && i < size; i += FOLDER_REMOVE_MAX) {
		uint32_t n = size - i < FOLDER_REMOVE_MAX ? size - i : FOLDER_REMOVE_MAX;

		if (!folder_remove(t->to, uids + i, n, &later))
			error_clear(&later);
	}
	uids_done(&done->from);
	uids_done(&done->to);
}

/* The next UIDs of the set, up to the size of a step. */
static size_t step_fill(const struct uids *uids, uint32_t *seq, size_t max, uint32_t *ret)
{
	uint32_t size = uids_size(uids);
	size_t count = 0;

	while (count < max && *seq < size)
		ret[count++] = uids_at(uids, ++*seq);
	return count;
}

static enum append_answer run_steps(const struct transfer *t, const struct uids *uids,
	struct step *s, struct transferred *ret, struct error *e)
{
	size_t max = t->from == t->to ? TRANSFER_STEP / 2 : TRANSFER_STEP;
	uint32_t wanted[TRANSFER_STEP];
	uint32_t seq = 0;

	for (;;) {
		enum append_answer answer;

		s->uids = wanted;
		s->uid_count = step_fill(uids, &seq, max, wanted);
		if (s->uid_count == 0)
			return APPEND_OK;
		answer = step_run(s, ret, e);
		if (answer != APPEND_OK)
			return answer;
		if (t->progress != NULL && seq < uids_size(uids))
			t->progress(t->progress_context, seq);
	}
}

enum append_answer transfer_run(
	const struct transfer *t, const struct uids *uids, struct transferred *ret, struct error *e)
{
	struct step s = { .transfer = t };
	struct folder_state state;
	enum append_answer answer;

	folder_state_get(t->to, &state);
	ret->uid_validity = state.uid_validity;
	folder_state_get(t->from, &state);
	ret->modseq = state.modseq;
	if (uids->count == 0)
		return APPEND_OK;
	if (t->target != NULL && !quota_ready_for(t->mail, t->target, e))
		return APPEND_FAILED;
	if (!keywords_map(t, uids, &s, e))
		return APPEND_FAILED;
	answer = run_steps(t, uids, &s, ret, e);
	if (answer != APPEND_OK && !t->is_move)
		take_back(t, ret);
	return answer;
}
