/* SPDX-License-Identifier: MIT */
#include "message/names.h"

#include "base/limits.h"
#include "syntax/utf8.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <uninorm.h>

enum {
	/* RFC 1035 2.3.4: 255 on the wire, where two more bytes frame the text */
	KEY_BYTES_MAX = 253,
	LABEL_BYTES_MAX = 63,                /* RFC 1035 2.3.4 */
	INPUT_BYTES_MAX = 4 * KEY_BYTES_MAX, /* a character has at most 4 bytes of UTF-8 */
};

/*
 * UTS 46 without the old mappings: sharp s stays itself. Not IDN2_USE_STD3_ASCII_RULES: libidn2 2.3
 * then drops an underscore or a space without a word, and two names become one. check_ascii() on the
 * result refuses them, for an A-label shows its ASCII as it is.
 */
enum { IDN_FLAGS = IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT };

/* Letters, digits, and hyphens inside. Marks of A-labels ("xn--") are noted in *ret_is_idn. */
static bool check_label(struct slice label, bool *ret_is_idn)
{
	if (label.len == 0 || label.len > LABEL_BYTES_MAX || label.at[0] == '-' ||
		label.at[label.len - 1] == '-')
		return false;
	for (size_t i = 0; i < label.len; i++) {
		if (!ascii_is_alpha(label.at[i]) && !ascii_is_digit(label.at[i]) &&
			label.at[i] != '-')
			return false;
	}
	if (slice_starts_nocase(label, S("xn--")))
		*ret_is_idn = true;
	return true;
}

static bool check_ascii(struct slice domain, bool *ret_is_idn)
{
	if (domain.len > KEY_BYTES_MAX)
		return false;
	while (true) {
		size_t len = slice_find(domain, '.');

		if (!check_label(slice_first(domain, len), ret_is_idn))
			return false;
		if (len == domain.len)
			return true;
		domain = slice_skip(domain, len + 1);
	}
}

static bool add_lower(struct slice s, struct buf *ret)
{
	char *at = buf_reserve(ret, s.len);

	if (at == NULL)
		return false;
	(void)slice_lower(s, at);
	buf_grew(ret, s.len);
	return true;
}

static void text_free(char **text)
{
	idn2_free(*text);
}

/* A-labels for text, NUL-terminated and in lower case, or NULL. Freed with text_free. */
static char *to_ascii(const char *text)
{
	uint8_t *ascii = NULL;

	if (idn2_lookup_u8((const uint8_t *)text, &ascii, IDN_FLAGS) != IDN2_OK)
		return NULL;
	return (char *)ascii;
}

static char *to_unicode(const char *ascii)
{
	char *text = NULL;

	return idn2_to_unicode_8z8z(ascii, &text, IDN_FLAGS) == IDN2_OK ? text : NULL;
}

/*
 * RFC 5890 2.3.2.1: an A-label is what its U-label encodes to. libidn2 takes some that are not; they
 * would be a second spelling, so every name goes to its U-labels, and what comes back is the key.
 */
static bool add_idn_key(struct slice domain, struct buf *ret)
{
	char room[INPUT_BYTES_MAX + 1];
	ON_EXIT(text_free) char *ascii = NULL;
	ON_EXIT(text_free) char *text = NULL;
	ON_EXIT(text_free) char *again = NULL;
	bool is_idn = false;

	if (!utf8_is_valid(domain) || !slice_text(domain, room, sizeof room))
		return false;
	ascii = to_ascii(room);
	text = ascii == NULL ? NULL : to_unicode(ascii);
	again = text == NULL ? NULL : to_ascii(text);
	return again != NULL && check_ascii(slice_of(again), &is_idn) &&
	       add_lower(slice_of(again), ret);
}

bool names_domain_key(struct slice domain, struct buf *ret)
{
	bool is_idn = !utf8_is_ascii(domain);

	if (!is_idn && !check_ascii(domain, &is_idn))
		return false;
	return is_idn ? add_idn_key(domain, ret) : add_lower(domain, ret);
}

bool names_domain_text(struct slice domain, struct buf *ret)
{
	char room[KEY_BYTES_MAX + 1]; /* and its NUL */
	struct buf key = BUF_OVER(room);
	ON_EXIT(text_free) char *text = NULL;
	bool is_idn = false;

	if (!names_domain_key(domain, &key) || !check_ascii(buf_slice(&key), &is_idn))
		return false;
	if (!is_idn)
		return buf_add(ret, buf_slice(&key));
	text = buf_add_byte(&key, '\0') ? to_unicode(room) : NULL;
	return text != NULL && buf_add(ret, slice_of(text));
}

bool names_local_key(struct slice local, struct buf *ret)
{
	auto_free uint8_t *text = NULL;
	size_t len = 0;

	if (utf8_is_ascii(local))
		return add_lower(local, ret);
	if (!utf8_is_valid(local))
		return false;
	text = u8_tolower((const uint8_t *)local.at, local.len, NULL, UNINORM_NFC, NULL, &len);
	return text != NULL && buf_add(ret, (struct slice){ (const char *)text, len });
}
