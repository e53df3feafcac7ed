/* SPDX-License-Identifier: MIT */
#include "mail/directory_parts.h"

#include "message/names.h"
#include "syntax/address.h"

/* The common case, plain letters that need no library: lower case is the whole key. */
static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((unsigned char)s.at[i] >= 0x80)
			return false;
		if (s.at[i] == 'x' || s.at[i] == 'X') {
			if (slice_starts_nocase(slice_skip(s, i), S("xn--")))
				return false;
		}
	}
	return true;
}

enum name_answer name_domain(struct slice domain, struct arena *a, struct slice *ret)
{
	char room[LIMIT_DOMAIN_BYTES + 1];
	struct buf key = BUF_OVER(room);
	struct slice copy;

	if (domain.len > 0 && domain.at[domain.len - 1] == '.')
		domain.len--;
	if (domain.len == 0 || domain.len > LIMIT_DOMAIN_BYTES)
		return NAME_BAD;
	if (is_plain(domain))
		copy = arena_copy(a, slice_lower(domain, room));
	else if (names_domain_key(domain, &key))
		copy = arena_copy(a, buf_slice(&key));
	else
		return NAME_BAD;
	if (copy.at == NULL)
		return NAME_SHORT;
	*ret = copy;
	return NAME_OK;
}

/* Unquoted, and in the case that all spellings share. */
static bool local_key(struct slice local, struct buf *out)
{
	char room[LIMIT_LOCAL_PART_BYTES * 2 + 2];
	struct slice plain;

	if (local.len > sizeof room)
		return false;
	plain = address_local_plain(local, room);
	return plain.len > 0 && names_local_key(plain, out);
}

enum name_answer name_parse(
	struct slice address, bool postmaster_ok, struct arena *a, struct name *ret)
{
	char room[LIMIT_ADDRESS_BYTES + LIMIT_LOCAL_PART_BYTES];
	struct buf text = BUF_OVER(room);
	struct address parsed;
	struct slice domain = S(""), whole;
	enum name_answer answer = NAME_OK;
	size_t local_len;

	if (!address_parse(address, postmaster_ok, &parsed) || !local_key(parsed.local, &text))
		return NAME_BAD;
	local_len = text.len;
	if (parsed.domain.len > 0 || !postmaster_ok)
		answer = name_domain(parsed.domain, a, &domain);
	if (answer != NAME_OK)
		return answer;
	if (!buf_add_byte(&text, '@') || !buf_add(&text, domain))
		return NAME_BAD;
	whole = arena_copy(a, buf_slice(&text));
	if (whole.at == NULL)
		return NAME_SHORT;
	*ret = (struct name){ .local = slice_first(whole, local_len),
		.domain = slice_skip(whole, local_len + 1),
		.address = whole };
	return NAME_OK;
}
