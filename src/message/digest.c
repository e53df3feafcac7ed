/* SPDX-License-Identifier: MIT */
#include "message/digest.h"

#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(((struct digest *)0)->state),
	"libsodium's state has grown");

static crypto_generichash_state *state_of(struct digest *d)
{
	return (crypto_generichash_state *)(void *)d->state;
}

static void hash(struct digest *d, struct slice s)
{
	(void)crypto_generichash_update(state_of(d), (const unsigned char *)s.at, s.len);
}

void digest_begin(struct digest *d)
{
	memset(d, 0, sizeof *d);
	(void)crypto_generichash_init(state_of(d), NULL, 0, DIGEST_ID_BYTES);
}

void digest_add(struct digest *d, struct slice s)
{
	d->bytes += s.len;
	while (s.len > 0) {
		size_t lf = slice_find(s, '\n');
		bool is_crlf = lf > 0 ? s.at[lf - 1] == '\r' : d->is_after_cr;

		hash(d, slice_first(s, lf));
		if (lf == s.len) {
			d->is_after_cr = s.at[s.len - 1] == '\r';
			return;
		}
		hash(d, is_crlf ? S("\n") : S("\r\n"));
		d->crlf_count += is_crlf ? 1 : 0;
		d->lf_count += is_crlf ? 0 : 1;
		d->is_after_cr = false;
		s = slice_skip(s, lf + 1);
	}
}

struct digest_id digest_end(struct digest *d)
{
	struct digest_id id;

	(void)crypto_generichash_final(state_of(d), id.bytes, sizeof id.bytes);
	return id;
}

struct slice digest_text(struct digest_id id, char room[DIGEST_TEXT_BYTES + 1])
{
	(void)sodium_bin2hex(room, DIGEST_TEXT_BYTES + 1, id.bytes, sizeof id.bytes);
	return (struct slice){ room, DIGEST_TEXT_BYTES };
}

bool digest_parse(struct slice text, struct digest_id *ret)
{
	struct digest_id id;
	size_t len;

	if (text.len != DIGEST_TEXT_BYTES ||
		sodium_hex2bin(id.bytes, sizeof id.bytes, text.at, text.len, NULL, &len, NULL) !=
			0 ||
		len != sizeof id.bytes)
		return false;
	*ret = id;
	return true;
}
