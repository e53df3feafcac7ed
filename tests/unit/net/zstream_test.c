/* SPDX-License-Identifier: MIT */
/* DEFLATE in pieces of every size, with rests in between; bombs and rubbish. */
#include "net/zstream.h"

#include "base/buf.h"
#include "net_check.h"

enum { TEXT_BYTES = 300 << 10 };

/* What a stream made, in one piece. */
static bool collect(void *context, struct slice deflated)
{
	return buf_add(context, deflated);
}

static bool refuse(void *context, struct slice deflated)
{
	(void)context;
	(void)deflated;
	return false;
}

static struct slice deflated(struct zstream *z, struct buf *out, struct slice s, bool is_flush)
{
	buf_clear(out);
	check(zstream_deflate(z, s, is_flush, collect, out));
	check(zstream_has_output(z) == !is_flush);
	return buf_slice(out);
}

/* All that inflates now, in rooms of this size. False: broken. */
static bool inflate_all(struct zstream *z, size_t room_bytes, struct buf *out)
{
	char room[4096];
	size_t count;

	for (;;) { /* ends with the input */
		switch (zstream_inflate(z, room, room_bytes, &count)) {
		case ZSTREAM_OK:
			check(count > 0 && count <= room_bytes);
			check(buf_add(out, (struct slice){ room, count }));
			break;
		case ZSTREAM_EMPTY:
			check(!zstream_has_input(z));
			return true;
		case ZSTREAM_BROKEN:
			return false;
		}
	}
}

static void feed_room(struct zstream *z, struct slice s)
{
	size_t bytes;
	char *room = zstream_room(z, &bytes);

	check(room != NULL && s.len <= bytes);
	memcpy(room, s.at, s.len);
	zstream_came(z, s.len);
}

/* Words that repeat, with numbers that do not. */
static void text_make(struct buf *out)
{
	uint32_t random = 1;

	while (out->len < TEXT_BYTES) {
		random = random * 1103515245 + 12345;
		check(buf_add_format(out, "* %u FETCH (UID %u FLAGS (\\Seen) %08x)\r\n",
			random >> 20, random >> 8, random));
	}
}

/* The peer's dictionary lives through our rests; so do the bits between blocks that do not end with a byte. */
static const struct {
	size_t piece, room;
	bool rests;
} rows[] = {
	{ 1, 4096, true },
	{ 1, 1, false },
	{ 7, 3, true },
	{ 1000, 4096, true },
	{ 16384, 100, true },
	{ 16384, 4096, false },
};

static void test_pieces(void **state)
{
	auto_buf text = { .max = 2 * TEXT_BYTES }, squeezed = { .max = 2 * TEXT_BYTES };

	(void)state;
	text_make(&text);
	for (size_t row = 0; row < COUNT(rows); row++) {
		struct zstream *far = zstream_new(), *near = zstream_new();
		auto_buf back = { .max = 2 * TEXT_BYTES };
		struct slice all, left;

		check(far != NULL && near != NULL);
		all = left = deflated(far, &squeezed, buf_slice(&text), true);
		check(all.len < text.len / 2);
		while (left.len > 0) {
			feed_room(near, slice_first(left, rows[row].piece));
			left = slice_skip(left, slice_first(left, rows[row].piece).len);
			check_row(inflate_all(near, rows[row].room, &back), row);
			if (rows[row].rests)
				zstream_rest(near);
		}
		check_row(slice_same(buf_slice(&back), buf_slice(&text)), row);
		zstream_free(far);
		zstream_free(near);
	}
}

/* Both sides rest after each message: the sender forgets its dictionary, which the reader does not notice. */
static void test_rest(void **state)
{
	struct zstream *far = zstream_new(), *near = zstream_new();
	auto_buf squeezed = { .max = 1 << 16 }, back = { .max = 1 << 16 };
	struct slice line = S("a1 UID FETCH 1:* (FLAGS ENVELOPE)\r\n");
	size_t idle = zstream_bytes(near);

	(void)state;
	for (size_t i = 0; i < 50; i++) {
		buf_clear(&back);
		feed_room(near, deflated(far, &squeezed, line, true));
		check(inflate_all(near, 64, &back) && slice_same(buf_slice(&back), line));
		check(zstream_bytes(near) > 30000);
		zstream_rest(near);
		/* As many bytes as came in all, and not a state. */
		check_row(zstream_bytes(near) == idle + (i + 1) * line.len, i);
		if (i % 2 == 0) {
			zstream_rest(far);
			check(zstream_bytes(far) == idle);
		}
	}
	zstream_free(far);
	zstream_free(near);
}

/* 64 MB of one byte come in 64 KB: they are made as they are wanted, in no memory. */
static void test_bomb(void **state)
{
	enum { ROUNDS = 1024, ROUND_BYTES = 64 << 10 };
	static char zeros[ROUND_BYTES];
	struct zstream *far = zstream_new(), *near = zstream_new();
	auto_buf squeezed = { .max = 1 << 20 };
	uint64_t total = 0;
	char room[4096];
	size_t count, most = 0;

	(void)state;
	for (size_t i = 0; i < ROUNDS; i++) {
		struct slice s = { zeros, sizeof zeros };

		check(zstream_deflate(far, s, i + 1 == ROUNDS, collect, &squeezed));
	}
	check(squeezed.len < 300000);
	for (struct slice left = buf_slice(&squeezed); left.len > 0;
		left = slice_skip(left, 8192)) {
		feed_room(near, slice_first(left, 8192));
		while (zstream_inflate(near, room, sizeof room, &count) == ZSTREAM_OK) {
			total += count;
			most = zstream_bytes(near) > most ? zstream_bytes(near) : most;
		}
	}
	check(total == (uint64_t)ROUNDS * ROUND_BYTES);
	check(most < 80000);
	zstream_free(far);
	zstream_free(near);
}

static void test_broken(void **state)
{
	static const struct {
		struct slice bytes, text;
	} bad[] = {
		{ S_INIT("a1 NOOP\r\n"), S_INIT("") },
		{ S_INIT("\x07"), S_INIT("") },                  /* no such kind of block */
		{ S_INIT("\x00\x01\x00\x00\x00x"), S_INIT("") }, /* a length that denies itself */
		{ S_INIT("\x01\x01\x00\xfe\xffxmore"), S_INIT("x") }, /* behind the last block */
		{ S_INIT("\x78\x9c\x03\x00\x00\x00"), S_INIT("") },   /* with a header of zlib */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct zstream *z = zstream_new();
		auto_buf back = { .max = 100 };

		check(zstream_feed(z, bad[i].bytes));
		check_row(!inflate_all(z, 10, &back), i);
		check_row(slice_same(buf_slice(&back), bad[i].text), i);
		check_row(!inflate_all(z, 10, &back), i); /* and it stays so */
		zstream_free(z);
	}
}

/* A stream may end; then nothing more is expected. */
static void test_over(void **state)
{
	struct zstream *z = zstream_new();
	auto_buf back = { .max = 100 };

	(void)state;
	check(zstream_feed(z, S("\x01\x01\x00\xfe\xffx")));
	check(inflate_all(z, 10, &back) && slice_same(buf_slice(&back), S("x")));
	zstream_rest(z);
	check(zstream_feed(z, S("\x00")));
	check(!inflate_all(z, 10, &back));
	zstream_free(z);
}

static void test_sink(void **state)
{
	struct zstream *z = zstream_new();

	(void)state;
	check(!zstream_deflate(z, S("x"), true, refuse, NULL));
	zstream_free(z);
	zstream_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_bomb),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_over),
		cmocka_unit_test(test_sink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
