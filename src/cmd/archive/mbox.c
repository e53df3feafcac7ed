/* SPDX-License-Identifier: MIT */
#include "cmd/archive/mbox.h"

#include "base/cursor.h"

#include <string.h>
#include <time.h>

enum {
	WORDS_MAX = 32, /* of a From_ line; a sender with blanks in it has few */
	YEAR_MAX = 9999,
};

int mbox_quote_depth(struct slice line)
{
	int depth = 0;

	while ((size_t)depth < line.len && depth < MBOX_QUOTES_MAX && line.at[depth] == '>')
		depth++;
	return slice_starts(slice_skip(line, (size_t)depth), S("From ")) ? depth : -1;
}

static const struct slice months[] = { S_INIT("Jan"), S_INIT("Feb"), S_INIT("Mar"), S_INIT("Apr"),
	S_INIT("May"), S_INIT("Jun"), S_INIT("Jul"), S_INIT("Aug"), S_INIT("Sep"), S_INIT("Oct"),
	S_INIT("Nov"), S_INIT("Dec") };
static const struct slice days[] = { S_INIT("Sun"), S_INIT("Mon"), S_INIT("Tue"), S_INIT("Wed"),
	S_INIT("Thu"), S_INIT("Fri"), S_INIT("Sat") };

/* Index of the word, or -1. */
static int find(const struct slice *words, size_t count, struct slice word)
{
	for (size_t i = 0; i < count; i++)
		if (slice_same_nocase(words[i], word))
			return (int)i;
	return -1;
}

static bool read_clock(struct slice word, struct tm *t)
{
	struct cursor c = cursor_over(word);

	t->tm_hour = (int)cursor_number(&c, 23);
	cursor_expect(&c, S(":"));
	t->tm_min = (int)cursor_number(&c, 59);
	if (cursor_try(&c, S(":")))
		t->tm_sec = (int)cursor_number(&c, 60);
	return cursor_finished(&c);
}

/* "+0100" */
static bool read_zone(struct slice word, int64_t *ret_s)
{
	uint64_t number;

	if (word.len != 5 || (word.at[0] != '+' && word.at[0] != '-') ||
		!slice_number(slice_skip(word, 1), 9999, &number))
		return false;
	*ret_s = (int64_t)(number / 100 * 3600 + number % 100 * 60) * (word.at[0] == '-' ? -1 : 1);
	return true;
}

/* asctime's "Thu Jan  1 00:00:00 1970", with a zone before or behind the year when somebody wrote one. */
static bool read_date(const struct slice *words, size_t count, int64_t *ret_s)
{
	struct tm t = { 0 };
	uint64_t day, year;
	int64_t zone_s = 0;

	if (count < 5 || find(days, COUNT(days), words[0]) < 0)
		return false;
	t.tm_mon = find(months, COUNT(months), words[1]);
	if (t.tm_mon < 0 || !slice_number(words[2], 31, &day) || day == 0 ||
		!read_clock(words[3], &t))
		return false;
	for (size_t i = 4; i < count && i < 7; i++) {
		if (read_zone(words[i], &zone_s) || !slice_number(words[i], YEAR_MAX, &year) ||
			words[i].len != 4)
			continue;
		if (i + 1 < count)
			(void)read_zone(words[i + 1], &zone_s);
		t.tm_mday = (int)day;
		t.tm_year = (int)year - 1900;
		*ret_s = (int64_t)timegm(&t) - zone_s;
		return true;
	}
	return false;
}

bool mbox_from_read(struct slice line, int64_t *ret_s)
{
	struct slice words[WORDS_MAX];
	size_t count = 0;

	line = slice_trim(slice_first(line, slice_find(line, '\n')));
	while (line.len > 0 && count < COUNT(words)) {
		words[count] = slice_first(line, slice_find(line, ' '));
		line = slice_skip(line, words[count].len + 1);
		count += words[count].len > 0 ? 1 : 0;
	}
	for (size_t i = 1; i < count; i++) /* behind "From" */
		if (read_date(words + i, count - i, ret_s))
			return true;
	return false;
}

bool mbox_from_write(struct buf *out, struct slice sender, int64_t unix_s)
{
	time_t seconds = (time_t)unix_s;
	struct tm t;

	if (gmtime_r(&seconds, &t) == NULL)
		return false;
	return buf_add_format(out, "From %.*s %.*s %.*s %2d %02d:%02d:%02d %04d\n", S_FMT(sender),
		S_FMT(days[t.tm_wday]), S_FMT(months[t.tm_mon]), t.tm_mday, t.tm_hour, t.tm_min,
		t.tm_sec, t.tm_year + 1900);
}
