/* SPDX-License-Identifier: MIT */
#include "lab/workload/letter.h"

#include "base/clock.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SHA256_BYTES = 32, SHA256_TEXT_BYTES = 64, BODY_LINE_BYTES = 76 };

/* splitmix64: small, seedable, good enough to be incompressible. */
static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Lines of base64 letters with CRLF, `bytes` octets in all, the last line ending with CRLF too. */
static void body_fill(char *at, size_t bytes, uint64_t state)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0, column = 0; i < bytes; i++) {
		size_t left = bytes - i;
		/* A full line ends here; the rest must not be a lone octet, which holds no CRLF. */
		bool must_end = left == 2 || (column >= BODY_LINE_BYTES && left != 3);

		if (must_end) {
			at[i++] = '\r';
			at[i] = '\n';
			column = 0;
			continue;
		}
		if (have == 0) {
			bits = random_next(&state);
			have = 10;
		}
		at[i] = letters[bits & 63];
		bits >>= 6;
		have--;
		column++;
	}
}

static bool hash_text(struct slice body, char ret[SHA256_TEXT_BYTES + 1])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int count = 0;

	if (EVP_Digest(body.at, body.len, digest, &count, EVP_sha256(), NULL) != 1 ||
		count != SHA256_BYTES)
		return false;
	for (unsigned i = 0; i < count; i++)
		(void)snprintf(ret + (size_t)2 * i, 3, "%02x", digest[i]);
	return true;
}

static void date_text(uint64_t wall_ns, char *room, size_t size)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm t;

	(void)gmtime_r(&seconds, &t);
	(void)snprintf(room, size, "%s, %02d %s %d %02d:%02d:%02d +0000", days[t.tm_wday],
		t.tm_mday, months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* The header, with the blank line behind it. Its length does not depend on the hash. */
static bool header_write(const struct letter *l, const char *hash, struct buf *to)
{
	char date[48];

	date_text(l->wall_ns, date, sizeof date);
	return buf_add_format(to,
		"From: <%s>\r\nTo: <%s>\r\nDate: %s\r\nMessage-ID: <%s.%010" PRIu32
		"@lab.invalid>\r\nSubject: Mailvisor lab %010" PRIu32 "\r\n"
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n"
		"X-Lab-Run: %s\r\nX-Lab-Sequence: %010" PRIu32 "\r\nX-Lab-Size: %010" PRIu32
		"\r\nX-Lab-Due: %020" PRIu64 "\r\nX-Lab-SHA256: %s\r\n\r\n",
		l->from, l->to, date, l->run, l->sequence, l->sequence, l->run, l->sequence,
		l->size_bytes, l->due_ns, hash);
}

bool letter_write(const struct letter *letter, struct buf *to, struct error *e)
{
	static const char no_hash[SHA256_TEXT_BYTES + 1] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	char hash[SHA256_TEXT_BYTES + 1];
	auto_buf header = { .max = LETTER_BYTES_MIN };
	size_t start = to->len;

	if (letter->size_bytes > LETTER_BYTES_MAX || !header_write(letter, no_hash, &header) ||
		letter->size_bytes < header.len + 4)
		return fail(e, FAULT_NEVER,
			"write a mail of %" PRIu32 " octets: %d to %d are possible",
			letter->size_bytes, LETTER_BYTES_MIN, LETTER_BYTES_MAX);
	char *at = buf_reserve(to, letter->size_bytes);
	if (at == NULL)
		return fail(e, FAULT_LATER, "write a mail of %" PRIu32 " octets: no memory",
			letter->size_bytes);
	struct slice body = { at + header.len, letter->size_bytes - header.len };
	body_fill(at + header.len, body.len, letter->seed ^ ((uint64_t)letter->sequence << 32));
	if (!hash_text(body, hash))
		return fail(e, FAULT_LATER, "hash a mail: OpenSSL refused");
	buf_clear(&header);
	invariant(header_write(letter, hash, &header));
	memcpy(at, header.at, header.len);
	buf_grew(to, letter->size_bytes);
	invariant(to->len - start == letter->size_bytes);
	return true;
}

bool letter_stuff(struct slice text, struct buf *to)
{
	while (text.len > 0) {
		size_t end = slice_find(text, '\n');
		size_t len = end < text.len ? end + 1 : text.len;

		if (text.at[0] == '.' && !buf_add_byte(to, '.'))
			return false;
		if (!buf_add(to, slice_first(text, len)))
			return false;
		text = slice_skip(text, len);
	}
	return buf_add(to, S(".\r\n"));
}

/* Splits at the first empty line; false when there is none. */
static bool split(struct slice text, struct slice *ret_header, struct slice *ret_body)
{
	const char *blank = memmem(text.at, text.len, "\r\n\r\n", 4);

	if (blank == NULL)
		return false;
	*ret_header = (struct slice){ text.at, (size_t)(blank - text.at) + 2 };
	*ret_body = slice_skip(text, ret_header->len + 2);
	return true;
}

static struct slice field_of(struct slice header, struct slice name)
{
	while (header.len > 0) {
		struct slice line = slice_first(header, slice_find(header, '\n'));

		if (slice_starts_nocase(line, name))
			return slice_trim(slice_skip(line, name.len));
		header = slice_skip(header, line.len + 1);
	}
	return S("");
}

static bool number_of(struct slice header, struct slice name, uint64_t max, uint64_t *ret)
{
	return slice_number(field_of(header, name), max, ret);
}

void letter_check(struct slice text, struct letter_found *ret)
{
	struct slice header, body;
	uint64_t sequence = 0, size = 0;
	char hash[SHA256_TEXT_BYTES + 1];

	*ret = (struct letter_found){ .is_ours = false };
	if (!split(text, &header, &body) ||
		!slice_text(field_of(header, S("X-Lab-Run:")), ret->run, sizeof ret->run) ||
		ret->run[0] == '\0' ||
		!number_of(header, S("X-Lab-Sequence:"), UINT32_MAX, &sequence) ||
		!number_of(header, S("X-Lab-Size:"), UINT32_MAX, &size) ||
		!number_of(header, S("X-Lab-Due:"), UINT64_MAX, &ret->due_ns))
		return;
	ret->is_ours = true;
	ret->sequence = (uint32_t)sequence;
	ret->size_bytes = (uint32_t)size;
	/* A server may put fields on top, never shorten: the whole is at least what we sent. */
	ret->is_whole = text.len >= size && hash_text(body, hash) &&
			slice_same(slice_of(hash), field_of(header, S("X-Lab-SHA256:")));
}
