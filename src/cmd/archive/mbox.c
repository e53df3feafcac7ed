/* SPDX-License-Identifier: MIT */
#include "cmd/archive/mbox.h"

#include "base/cursor.h"
#include "cmd/archive/zone.h"

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

/* asctime's "Thu Jan  1 00:00:00 1970", with a zone before or behind the year when somebody wrote one. */
static bool read_date(const struct slice *words, size_t count, struct mbox_date *ret)
{
	struct tm t = { 0 };
	uint64_t day, year;
	int32_t zone_min = 0;

	if (count < 5 || find(days, COUNT(days), words[0]) < 0)
		return false;
	t.tm_mon = find(months, COUNT(months), words[1]);
	if (t.tm_mon < 0 || !slice_number(words[2], 31, &day) || day == 0 ||
		!read_clock(words[3], &t))
		return false;
	for (size_t i = 4; i < count && i < 7; i++) {
		if (zone_read(words[i], &zone_min) || !slice_number(words[i], YEAR_MAX, &year) ||
			words[i].len != 4)
			continue;
		/* Else the one before the year stays, or none. */
		if (i + 1 < count)
			(void)zone_read(words[i + 1], &zone_min);
		t.tm_mday = (int)day;
		t.tm_year = (int)year - 1900;
		*ret = (struct mbox_date){ (int64_t)timegm(&t) - 60 * (int64_t)zone_min, zone_min };
		return true;
	}
	return false;
}

bool mbox_from_read(struct slice line, struct mbox_date *ret)
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
		if (read_date(words + i, count - i, ret))
			return true;
	return false;
}

bool mbox_from_write(struct buf *out, struct slice sender, struct mbox_date date)
{
	time_t seconds = (time_t)(date.unix_s + 60 * (int64_t)date.zone_min);
	char zone[ZONE_BYTES];
	struct tm t;

	if (gmtime_r(&seconds, &t) == NULL)
		return false;
	return buf_add_format(out, "From %.*s %.*s %.*s %2d %02d:%02d:%02d %04d%s%s\n",
		S_FMT(sender), S_FMT(days[t.tm_wday]), S_FMT(months[t.tm_mon]), t.tm_mday,
		t.tm_hour, t.tm_min, t.tm_sec, t.tm_year + 1900, date.zone_min != 0 ? " " : "",
		date.zone_min != 0 ? zone_write(date.zone_min, zone) : "");
}
