/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "fuzz.h"
#include "syntax/imap_set.h"

static void check_resolved(struct imap_set set, struct arena *arena)
{
	struct imap_set resolved, again;

	invariant(imap_set_resolve(set, 1000, arena, &resolved));
	for (size_t i = 0; i < resolved.count; i++) {
		struct imap_range r = resolved.at[i];

		invariant(r.first > 0 && r.first <= r.last);
		invariant(i == 0 || (uint64_t)resolved.at[i - 1].last + 1 < r.first);
		invariant(imap_set_has(resolved, r.first) && imap_set_has(resolved, r.last));
		invariant(!imap_set_has(resolved, r.first - 1));
	}
	for (size_t i = 0; i < set.count; i++)
		invariant(set.at[i].first == 0 || imap_set_has(resolved, set.at[i].first));
	invariant(imap_set_resolve(resolved, 1000, arena, &again));
	invariant(again.count == resolved.count && imap_set_size(again) == imap_set_size(resolved));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct imap_parse p = { .arena = &arena };
	auto_buf text = { .max = 1 << 20 };
	struct imap_set set, again;

	if (size > 1 << 15)
		return 0;
	if (!imap_set_parse(&p, s, &set)) {
		invariant(p.why != NULL);
		return 0;
	}
	invariant(set.is_saved == (set.count == 0));
	invariant(imap_set_write(&text, set) && imap_set_parse(&p, buf_slice(&text), &again));
	invariant(again.count == set.count && again.is_saved == set.is_saved);
	for (size_t i = 0; i < set.count; i++)
		invariant(
			again.at[i].first == set.at[i].first && again.at[i].last == set.at[i].last);
	if (!set.is_saved)
		check_resolved(set, &arena);
	return 0;
}
