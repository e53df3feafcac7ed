/* SPDX-License-Identifier: MIT */
#include "base/limits.h"
#include "fuzz.h"
#include "syntax/address.h"

/* What was parsed can be printed and parsed again, with the same parts. */
static void check_again(const struct address *a)
{
	auto_buf text = { .max = 4096 };
	struct address again;

	invariant(buf_add(&text, a->local) && buf_add(&text, S("@")) && buf_add(&text, a->domain));
	invariant(address_parse(buf_slice(&text), false, &again));
	invariant(slice_same(again.local, a->local) && slice_same(again.domain, a->domain));
	invariant(again.is_literal == a->is_literal && again.needs_utf8 == a->needs_utf8);
}

static void check_plain(struct slice local)
{
	char room[LIMIT_LOCAL_PART_BYTES];
	struct slice plain = address_local_plain(local, room);

	invariant(plain.len <= local.len && !fuzz_has_control(plain));
	invariant(local.at[0] == '"' || slice_same(plain, local));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	struct address strict, a;
	bool is_strict = address_parse(s, false, &strict);

	if (!address_parse(s, true, &a)) {
		invariant(!is_strict);
		return 0;
	}
	invariant(fuzz_is_inside(a.local, s) && fuzz_is_inside(a.domain, s));
	invariant(a.local.len > 0 && a.local.len <= LIMIT_LOCAL_PART_BYTES);
	invariant(!fuzz_has_control(a.local) && !fuzz_has_control(a.domain));
	invariant(is_strict == (a.domain.len > 0));
	invariant(!is_strict || a.is_literal != address_is_domain(a.domain));
	check_plain(a.local);
	if (is_strict)
		check_again(&a);
	return 0;
}
