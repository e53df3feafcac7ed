/* SPDX-License-Identifier: MIT */
/* The patterns of imap_name.h: LIST's % and *, RFC 3501 6.3.8. */
#include "base/limits.h"
#include "syntax/imap_name.h"

#include <string.h>

/*
 * All places of the pattern at which the match may stand, moved on together with each byte of the name: no
 * backtracking. A place p means: pattern bytes before p are used up.
 */
struct places {
	struct slice pattern;
	bool is_on[LIMIT_MAILBOX_NAME_BYTES + 1];
	size_t lowest, highest; /* nothing is on outside; lowest > highest: nothing is on */
};

static bool is_wild(char byte)
{
	return byte == '*' || byte == '%';
}

/* A wildcard may stand for nothing: the place behind it is on too. */
static void skip_wild(struct places *p)
{
	for (size_t i = p->lowest; i <= p->highest && i < p->pattern.len; i++) {
		if (!p->is_on[i] || !is_wild(p->pattern.at[i]))
			continue;
		p->is_on[i + 1] = true;
		if (i + 1 > p->highest)
			p->highest = i + 1;
	}
}

static bool stays(char wild, char byte)
{
	return wild == '*' || (wild == '%' && byte != IMAP_DELIMITER);
}

static bool same(char a, char b, bool is_nocase)
{
	return is_nocase ? ascii_lower(a) == ascii_lower(b) : a == b;
}

/* From the last to the first, so that what one place sets is not looked at again. */
static void step(struct places *p, char byte, bool is_nocase)
{
	size_t lowest = p->highest + 2, highest = 0;

	for (size_t i = p->highest + 1; i-- > p->lowest;) {
		bool was_on = p->is_on[i];

		p->is_on[i] = false;
		if (!was_on || i == p->pattern.len)
			continue;
		if (is_wild(p->pattern.at[i]))
			p->is_on[i] = stays(p->pattern.at[i], byte);
		else if (same(p->pattern.at[i], byte, is_nocase))
			p->is_on[i + 1] = true;
	}
	for (size_t i = p->lowest; i <= p->highest + 1 && i <= p->pattern.len; i++) {
		if (!p->is_on[i])
			continue;
		lowest = i < lowest ? i : lowest;
		highest = i;
	}
	p->lowest = lowest;
	p->highest = highest;
	skip_wild(p);
}

static bool is_alive(const struct places *p)
{
	return p->lowest <= p->highest;
}

static bool start(struct places *p, struct slice pattern)
{
	if (pattern.len > LIMIT_MAILBOX_NAME_BYTES)
		return false;
	memset(p, 0, sizeof *p);
	p->pattern = pattern;
	p->is_on[0] = true;
	skip_wild(p);
	return true;
}

/* INBOX is caseless, and only as the first level. */
static size_t caseless_bytes(struct slice name)
{
	bool is_inbox =
		slice_starts(name, S("INBOX")) && (name.len == 5 || name.at[5] == IMAP_DELIMITER);

	return is_inbox ? 5 : 0;
}

static void feed(struct places *p, struct slice name)
{
	size_t caseless = caseless_bytes(name);

	for (size_t i = 0; i < name.len && is_alive(p); i++)
		step(p, name.at[i], i < caseless);
}

bool imap_pattern_match(struct slice pattern, struct slice name)
{
	struct places p;

	if (!start(&p, pattern))
		return false;
	feed(&p, name);
	return is_alive(&p) && p.is_on[pattern.len];
}

bool imap_pattern_match_below(struct slice pattern, struct slice name)
{
	struct places p;

	if (!start(&p, pattern))
		return false;
	feed(&p, name);
	if (is_alive(&p))
		step(&p, IMAP_DELIMITER, false);
	/* Something of the pattern must be left for what is below. */
	return is_alive(&p) && p.lowest < pattern.len;
}

bool imap_pattern_join(
	struct imap_parse *p, struct slice reference, struct slice pattern, struct slice *ret)
{
	size_t len = reference.len + pattern.len;
	bool is_alone = reference.len == 0 || slice_starts(pattern, S("/"));
	char *room;

	if (is_alone) {
		*ret = pattern;
		return true;
	}
	if (len > LIMIT_MAILBOX_NAME_BYTES) {
		p->why = "the reference and the pattern together are too long";
		return false;
	}
	room = arena_take(p->arena, len);
	if (room == NULL) {
		p->why = "the command needs too much memory";
		return false;
	}
	memcpy(room, reference.at, reference.len);
	if (pattern.len > 0)
		memcpy(room + reference.len, pattern.at, pattern.len);
	*ret = (struct slice){ room, len };
	return true;
}
