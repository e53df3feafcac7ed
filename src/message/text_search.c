/* SPDX-License-Identifier: MIT */
#include "message/text_search.h"

#include "base/limits.h"
#include "message/charset.h"
#include "message/encoded_word.h"
#include "message/header.h"

#include <stdlib.h>
#include <string.h>

enum {
	/* Folded text is looked through when so much has come together; small enough for the second cache. */
	WINDOW_BYTES = 32 << 10,
	/* of a body, decoded at a time: bounds the memory that decoding takes */
	PIECE_BYTES = 8 << 10,
	DECODED_BYTES_MAX = 8 * PIECE_BYTES,
	TEXT_BYTES_MAX = 32 * PIECE_BYTES, /* no character set makes more UTF-8 of a byte */
};

enum text_key_answer text_key_init(struct text_key *k, struct slice charset, struct slice text)
{
	auto_buf utf8 = { .max = 8 * TEXT_SEARCH_KEY_BYTES_MAX };

	k->folded = (struct buf){ .max = TEXT_SEARCH_KEY_BYTES_MAX };
	if (!charset_is_known(charset))
		return TEXT_KEY_BAD_CHARSET;
	if (!charset_to_utf8(charset, text, &utf8) || !charset_fold(buf_slice(&utf8), &k->folded))
		return TEXT_KEY_TOO_LONG;
	return TEXT_KEY_OK;
}

void text_key_done(struct text_key *k)
{
	buf_done(&k->folded);
}

static bool holds(struct slice folded, const struct text_key *k)
{
	struct slice key = buf_slice(&k->folded);

	return key.len == 0 ||
	       (folded.len >= key.len && memmem(folded.at, folded.len, key.at, key.len) != NULL);
}

bool text_key_in_text(const struct text_key *k, struct slice utf8)
{
	auto_buf folded = { .max = (size_t)LIMIT_HEADER_BYTES * CHARSET_FOLD_GROWTH };

	return charset_fold(utf8, &folded) && holds(buf_slice(&folded), k);
}

bool text_key_in_value(const struct text_key *k, struct slice value)
{
	auto_buf text = { .max = 4 * (size_t)LIMIT_HEADER_BYTES };

	return encoded_word_decode(value, &text) && text_key_in_text(k, buf_slice(&text));
}

bool text_key_in_header(const struct text_key *k, struct slice header, struct slice name)
{
	struct header_field field;

	for (size_t at = 0; header_next(header, &at, &field);) {
		if (slice_same_nocase(field.name, name) &&
			(k->folded.len == 0 || text_key_in_value(k, field.value)))
			return true;
	}
	return false;
}

struct text_search {
	const struct structure *structure;
	struct text_wish *wishes;
	size_t wish_count, left_count, overlap;
	uint64_t at; /* octets of the message fed so far */
	/* The region we wait for or are in: the header or the body of a part. */
	size_t part;
	bool is_body, is_inside, is_over;
	enum text_search_scope scope; /* one bit: what this region counts as */
	struct transfer_decoder decoder;
	struct charset_reader *charset;
	struct buf header, decoded, text, window;
};

static void start(struct text_search *t)
{
	t->at = t->part = 0;
	t->is_body = t->is_inside = t->is_over = false;
	t->left_count = 0;
	t->overlap = 0;
	for (size_t i = 0; i < t->wish_count; i++) {
		struct text_wish *wish = &t->wishes[i];
		size_t len = wish->key->folded.len;

		wish->is_found = len == 0;
		t->left_count += wish->is_found ? 0 : 1;
		if (len > t->overlap + 1)
			t->overlap = len - 1;
	}
}

struct text_search *text_search_new(
	const struct structure *s, struct text_wish *wishes, size_t wish_count)
{
	struct text_search *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->structure = s;
	t->wishes = wishes;
	t->wish_count = wish_count;
	t->header.max = LIMIT_HEADER_BYTES;
	t->decoded.max = DECODED_BYTES_MAX;
	t->text.max = TEXT_BYTES_MAX;
	t->window.max = 2 * WINDOW_BYTES + (size_t)TEXT_BYTES_MAX * CHARSET_FOLD_GROWTH;
	start(t);
	return t;
}

void text_search_again(struct text_search *t, const struct structure *s)
{
	charset_close(t->charset);
	t->charset = NULL;
	t->structure = s;
	buf_clear(&t->header);
	buf_clear(&t->window);
	start(t);
}

void text_search_free(struct text_search *t)
{
	if (t == NULL)
		return;
	charset_close(t->charset);
	buf_done(&t->header);
	buf_done(&t->decoded);
	buf_done(&t->text);
	buf_done(&t->window);
	free(t);
}

/* Looks for what is still wished for, and keeps only as much as a hit over the edge needs. */
static void look(struct text_search *t)
{
	for (size_t i = 0; i < t->wish_count; i++) {
		struct text_wish *wish = &t->wishes[i];

		if (wish->is_found || ((unsigned)wish->scope & (unsigned)t->scope) == 0 ||
			!holds(buf_slice(&t->window), wish->key))
			continue;
		wish->is_found = true;
		t->left_count--;
	}
	if (t->window.len > t->overlap)
		buf_shift(&t->window, t->window.len - t->overlap);
}

static void add_text(struct text_search *t, struct slice utf8)
{
	/* Over the maximum, or out of memory, this much text is passed over: a search has no way to fail. */
	if (!charset_fold(utf8, &t->window))
		buf_clear(&t->window);
	if (t->window.len >= WINDOW_BYTES)
		look(t);
}

/* ASCII goes into the window at once where the character set has it as it is; how many bytes did. */
static size_t add_ascii(struct text_search *t, struct slice bytes)
{
	char *to = charset_is_plain(t->charset) ? buf_reserve(&t->window, bytes.len) : NULL;
	size_t len = to == NULL ? 0 : charset_fold_ascii(bytes, to);

	buf_grew(&t->window, len);
	if (t->window.len >= WINDOW_BYTES)
		look(t);
	return len;
}

static size_t other_run(struct slice s)
{
	size_t len = 0;

	while (len < s.len && (unsigned char)s.at[len] >= 0x80)
		len++;
	return len;
}

/* Decoded bytes of a body. */
static void add_bytes(struct text_search *t, struct slice bytes)
{
	while (bytes.len > 0) {
		size_t ascii = add_ascii(t, bytes), len;

		bytes = slice_skip(bytes, ascii);
		/* A character that was cut, or iconv: it has to see all that follows. */
		len = charset_is_plain(t->charset) ? other_run(bytes) : bytes.len;
		if (ascii == 0 && len == 0)
			return; /* no memory */
		buf_clear(&t->text);
		if (len > 0 && charset_feed(t->charset, slice_first(bytes, len), &t->text))
			add_text(t, buf_slice(&t->text));
		bytes = slice_skip(bytes, len);
	}
}

static void add_body(struct text_search *t, struct slice piece)
{
	while (piece.len > 0 && t->left_count > 0 && t->charset != NULL) {
		struct slice part = slice_first(piece, PIECE_BYTES);

		piece = slice_skip(piece, part.len);
		buf_clear(&t->decoded);
		if (t->decoder.transfer == TRANSFER_IDENTITY)
			add_bytes(t, part);
		else if (transfer_feed(&t->decoder, part, &t->decoded))
			add_bytes(t, buf_slice(&t->decoded));
	}
}

static void end_body(struct text_search *t)
{
	buf_clear(&t->decoded);
	buf_clear(&t->text);
	if (t->charset != NULL && transfer_end(&t->decoder, &t->decoded) &&
		charset_feed(t->charset, buf_slice(&t->decoded), &t->text) &&
		charset_end(t->charset, &t->text))
		add_text(t, buf_slice(&t->text));
	charset_close(t->charset);
	t->charset = NULL;
}

/* Field by field: a hit does not go from one into the next. */
static void end_header(struct text_search *t)
{
	auto_buf text = { .max = 4 * (size_t)LIMIT_HEADER_BYTES };
	struct header_field field;

	for (size_t at = 0; header_next(buf_slice(&t->header), &at, &field);) {
		buf_clear(&text);
		if (!buf_add(&text, field.name) || !buf_add(&text, S(": ")) ||
			!encoded_word_decode(field.value, &text) || !buf_add_byte(&text, '\n'))
			continue;
		add_text(t, buf_slice(&text));
	}
	buf_clear(&t->header);
}

static bool is_wanted(const struct text_search *t, enum text_search_scope scope)
{
	for (size_t i = 0; i < t->wish_count; i++) {
		if (!t->wishes[i].is_found && ((unsigned)t->wishes[i].scope & (unsigned)scope) != 0)
			return true;
	}
	return false;
}

/* The next region in sight; false when the message has no more. */
static bool next_region(struct text_search *t)
{
	if (!t->is_body) {
		t->is_body = true;
	} else {
		t->is_body = false;
		t->part++;
	}
	return t->part < t->structure->part_count;
}

static struct slice region_bounds(const struct text_search *t, uint64_t *ret_from, uint64_t *ret_to)
{
	const struct part *p = &t->structure->parts[t->part];
	bool has_text = p->kind == PART_TEXT;

	*ret_from = t->is_body ? p->body_at : p->header_at;
	*ret_to = !t->is_body ? p->body_at : has_text ? p->end_at : p->body_at;
	return p->charset;
}

static void begin_region(struct text_search *t)
{
	const struct part *p = &t->structure->parts[t->part];

	t->scope = t->part == 0 && !t->is_body ? TEXT_SEARCH_HEADER : TEXT_SEARCH_BODY;
	t->is_inside = true;
	buf_clear(&t->window);
	buf_clear(&t->header);
	if (!t->is_body || !is_wanted(t, t->scope))
		return;
	transfer_begin(&t->decoder, p->transfer);
	t->charset = charset_open(p->charset);
}

static void end_region(struct text_search *t)
{
	if (is_wanted(t, t->scope)) {
		if (t->is_body)
			end_body(t);
		else
			end_header(t);
		look(t);
	}
	charset_close(t->charset);
	t->charset = NULL;
	t->is_inside = false;
}

static void feed_region(struct text_search *t, struct slice piece)
{
	if (!is_wanted(t, t->scope))
		return;
	if (t->is_body)
		add_body(t, piece);
	else if (!buf_add(&t->header, slice_first(piece, t->header.max - t->header.len)))
		buf_clear(&t->header);
}

bool text_search_feed(struct text_search *t, struct slice piece)
{
	while (piece.len > 0 && t->left_count > 0 && !t->is_over) {
		uint64_t from, to;
		size_t used;

		(void)region_bounds(t, &from, &to);
		if (t->at < from) {
			used = from - t->at < piece.len ? (size_t)(from - t->at) : piece.len;
		} else {
			if (!t->is_inside)
				begin_region(t);
			/* A region may begin behind us when a boundary's line end belongs to both. */
			used = to <= t->at              ? 0
			       : to - t->at < piece.len ? (size_t)(to - t->at)
							: piece.len;
			feed_region(t, slice_first(piece, used));
			if (t->at + used >= to) {
				end_region(t);
				t->is_over = !next_region(t);
			}
		}
		t->at += used;
		piece = slice_skip(piece, used);
	}
	return t->left_count > 0 && !t->is_over;
}

void text_search_end(struct text_search *t)
{
	if (t->is_inside)
		end_region(t);
	t->is_over = true;
}
