/* SPDX-License-Identifier: MIT */
#include "mail/shared.h"

#include "base/record.h"

#include <stdlib.h>

enum { SHARED_VERSION = 1 };

bool shared_encode(uint64_t holders, struct buf *out)
{
	return record_u8(out, SHARED_VERSION) && record_number(out, holders);
}

static void count_stage(struct batch *b, struct id blob, uint64_t expect, uint64_t holders)
{
	struct key partition = key_of_id('b', blob);
	char room[16];
	struct buf value = BUF_OVER(room);

	invariant(shared_encode(holders, &value));
	batch_commit(b, &partition, expect, 1, 1);
	if (holders > 0)
		batch_set(b, S("n"), buf_slice(&value));
	else
		batch_remove(b, S("n"));
}

void shared_stage(struct batch *b, struct id blob, uint64_t holders)
{
	count_stage(b, blob, 0, holders);
}

void shared_leave_stage(struct batch *b, struct id blob, uint64_t holders, uint64_t version)
{
	count_stage(b, blob, version, holders - 1);
	if (holders == 1)
		batch_drop(b, blob);
}

bool shared_count(
	struct store *store, struct id blob, uint64_t *ret, uint64_t *ret_version, struct error *e)
{
	struct key partition = key_of_id('b', blob);
	struct store_scan scan = {
		.partition = key_slice(&partition), .expect = STORE_ANY_VERSION, .limit = 1
	};
	struct store_page page = { 0 };
	bool is_good = store_scan(store, &scan, &page, e);

	*ret = 0;
	*ret_version = page.version;
	if (is_good && page.row_count > 0) {
		struct cursor c = cursor_over(page.rows[0].value);

		if (record_read_u8(&c) != SHARED_VERSION)
			cursor_break(&c);
		*ret = record_read_number(&c);
		if (!cursor_finished(&c))
			is_good = fail(e, FAULT_NEVER, "read the holders of a message: damaged");
	}
	store_page_done(&page);
	return is_good;
}

bool shared_drops_add(struct shared_drops *s, struct id blob, struct error *e)
{
	for (size_t i = 0; i < s->count; i++) {
		if (id_same(s->at[i].blob, blob)) {
			s->at[i].shares++;
			return true;
		}
	}
	if (s->count == s->room) {
		size_t room = 2 * s->room + 8;
		struct shared_drop *at = realloc(s->at, room * sizeof *at);

		if (at == NULL)
			return fail(e, FAULT_LATER, "remove mail: out of memory");
		s->at = at;
		s->room = room;
	}
	s->at[s->count++] = (struct shared_drop){ blob, 1 };
	return true;
}

bool shared_drops_stage(
	const struct shared_drops *s, struct store *store, struct batch *b, struct error *e)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct shared_drop *drop = &s->at[i];
		uint64_t holders, version;

		if (!shared_count(store, drop->blob, &holders, &version, e))
			return false;
		if (holders == 0)
			continue;
		holders -= drop->shares < holders ? drop->shares : holders;
		count_stage(b, drop->blob, version, holders);
		if (holders == 0)
			batch_drop(b, drop->blob);
	}
	return true;
}

void shared_drops_done(struct shared_drops *s)
{
	free(s->at);
	*s = (struct shared_drops){ 0 };
}
