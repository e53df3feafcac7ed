/* SPDX-License-Identifier: MIT */
#include "syntax/imap_key.h"

#include "base/limits.h"
#include "syntax/imap_date.h"
#include "syntax/utf8.h"

/* What follows the name of a key. */
enum argument {
	ARG_NONE,
	ARG_TEXT,
	ARG_HEADER,
	ARG_KEYWORD,
	ARG_DAY,
	ARG_SIZE,
	ARG_SECONDS,
	ARG_UIDS,
	ARG_MODSEQ,
	ARG_ID,
};

static const struct key_row {
	struct slice word;
	enum imap_key_kind kind;
	enum argument argument;
	unsigned flag; /* of IMAP_KEY_FLAG */
	bool is_not;   /* the word means NOT of the kind */
} rows[] = {
	{ S_INIT("ALL"), IMAP_KEY_ALL, ARG_NONE, 0, false },
	{ S_INIT("ANSWERED"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_ANSWERED, false },
	{ S_INIT("UNANSWERED"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_ANSWERED, true },
	{ S_INIT("DELETED"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_DELETED, false },
	{ S_INIT("UNDELETED"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_DELETED, true },
	{ S_INIT("DRAFT"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_DRAFT, false },
	{ S_INIT("UNDRAFT"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_DRAFT, true },
	{ S_INIT("FLAGGED"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_FLAGGED, false },
	{ S_INIT("UNFLAGGED"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_FLAGGED, true },
	{ S_INIT("SEEN"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_SEEN, false },
	{ S_INIT("UNSEEN"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_SEEN, true },
	{ S_INIT("RECENT"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_RECENT, false },
	{ S_INIT("OLD"), IMAP_KEY_FLAG, ARG_NONE, IMAP_FLAG_RECENT, true },
	{ S_INIT("KEYWORD"), IMAP_KEY_KEYWORD, ARG_KEYWORD, 0, false },
	{ S_INIT("UNKEYWORD"), IMAP_KEY_KEYWORD, ARG_KEYWORD, 0, true },
	{ S_INIT("BCC"), IMAP_KEY_BCC, ARG_TEXT, 0, false },
	{ S_INIT("CC"), IMAP_KEY_CC, ARG_TEXT, 0, false },
	{ S_INIT("FROM"), IMAP_KEY_FROM, ARG_TEXT, 0, false },
	{ S_INIT("SUBJECT"), IMAP_KEY_SUBJECT, ARG_TEXT, 0, false },
	{ S_INIT("TO"), IMAP_KEY_TO, ARG_TEXT, 0, false },
	{ S_INIT("BODY"), IMAP_KEY_BODY, ARG_TEXT, 0, false },
	{ S_INIT("TEXT"), IMAP_KEY_TEXT, ARG_TEXT, 0, false },
	{ S_INIT("HEADER"), IMAP_KEY_HEADER, ARG_HEADER, 0, false },
	{ S_INIT("BEFORE"), IMAP_KEY_BEFORE, ARG_DAY, 0, false },
	{ S_INIT("ON"), IMAP_KEY_ON, ARG_DAY, 0, false },
	{ S_INIT("SINCE"), IMAP_KEY_SINCE, ARG_DAY, 0, false },
	{ S_INIT("SENTBEFORE"), IMAP_KEY_SENTBEFORE, ARG_DAY, 0, false },
	{ S_INIT("SENTON"), IMAP_KEY_SENTON, ARG_DAY, 0, false },
	{ S_INIT("SENTSINCE"), IMAP_KEY_SENTSINCE, ARG_DAY, 0, false },
	{ S_INIT("SAVEDBEFORE"), IMAP_KEY_SAVEDBEFORE, ARG_DAY, 0, false },
	{ S_INIT("SAVEDON"), IMAP_KEY_SAVEDON, ARG_DAY, 0, false },
	{ S_INIT("SAVEDSINCE"), IMAP_KEY_SAVEDSINCE, ARG_DAY, 0, false },
	{ S_INIT("SAVEDATESUPPORTED"), IMAP_KEY_SAVEDATESUPPORTED, ARG_NONE, 0, false },
	{ S_INIT("LARGER"), IMAP_KEY_LARGER, ARG_SIZE, 0, false },
	{ S_INIT("SMALLER"), IMAP_KEY_SMALLER, ARG_SIZE, 0, false },
	{ S_INIT("OLDER"), IMAP_KEY_OLDER, ARG_SECONDS, 0, false },
	{ S_INIT("YOUNGER"), IMAP_KEY_YOUNGER, ARG_SECONDS, 0, false },
	{ S_INIT("UID"), IMAP_KEY_UID, ARG_UIDS, 0, false },
	{ S_INIT("MODSEQ"), IMAP_KEY_MODSEQ, ARG_MODSEQ, 0, false },
	{ S_INIT("EMAILID"), IMAP_KEY_EMAILID, ARG_ID, 0, false },
	{ S_INIT("THREADID"), IMAP_KEY_THREADID, ARG_ID, 0, false },
};

struct keys {
	struct imap_reader *r;
	size_t count;
	bool has_modseq;
};

static struct imap_key *read_key(struct keys *k, unsigned depth);

static struct imap_key *key_new(struct keys *k, enum imap_key_kind kind)
{
	struct imap_key *key;

	if (++k->count > LIMIT_IMAP_SEARCH_KEYS)
		imap_miss(k->r, "the search has too many keys");
	key = imap_take(k->r, sizeof *key);
	if (key != NULL)
		key->kind = kind;
	return key;
}

/* Around one key. */
static struct imap_key *negated(struct keys *k, struct imap_key *key)
{
	struct imap_key *outer = key_new(k, IMAP_KEY_NOT);

	if (outer != NULL)
		outer->children = key;
	return outer;
}

static struct slice read_text(struct imap_reader *r)
{
	struct slice text = imap_astring(r);

	if (!utf8_is_valid(text))
		imap_miss(r, "the text to search for is not UTF-8");
	return text;
}

static int64_t read_day(struct imap_reader *r)
{
	bool is_quoted = imap_try(r, '"');
	struct slice text = imap_atom(r, "a date is expected: 1-Feb-1994");
	int64_t day = 0;

	if (!imap_day_parse(text, &day))
		imap_miss(r, "a date is written 1-Feb-1994");
	if (is_quoted)
		imap_expect(r, '"', "a date is written \"1-Feb-1994\"");
	return day;
}

/* RFC 7162 3.1.5: MODSEQ ["/flags/\\Seen" (priv|shared|all)] n */
static uint64_t read_modseq(struct imap_reader *r)
{
	struct slice entry;

	if (!imap_at(r, '"'))
		return imap_modseq(r);
	entry = imap_string(r);
	if (!slice_starts_nocase(entry, S("/flags/")) || entry.len == 7)
		imap_miss(r, "the entry of MODSEQ is \"/flags/...\"");
	imap_space(r);
	if (!imap_try_word(r, S("priv")) && !imap_try_word(r, S("shared")) &&
		!imap_try_word(r, S("all")))
		imap_miss(r, "the entry of MODSEQ is followed by priv, shared or all");
	imap_space(r);
	return imap_modseq(r);
}

/* RFC 8474 7: 1 to 255 of letters, digits, '_', '-'. */
static struct slice read_id(struct imap_reader *r)
{
	struct slice id = imap_astring(r);

	for (size_t i = 0; i < id.len; i++) {
		if (!ascii_is_alpha(id.at[i]) && !ascii_is_digit(id.at[i]) && id.at[i] != '_' &&
			id.at[i] != '-')
			imap_miss(r, "an object id is letters, digits, _ and -");
	}
	if (id.len < 1 || id.len > 255)
		imap_miss(r, "an object id has 1 to 255 letters");
	return id;
}

static void read_argument(struct keys *k, enum argument argument, struct imap_key *key)
{
	struct imap_reader *r = k->r;

	if (argument != ARG_NONE)
		imap_space(r);
	switch (argument) {
	case ARG_NONE:
		break;
	case ARG_HEADER:
		key->field = read_text(r);
		imap_space(r);
		key->text = read_text(r);
		break;
	case ARG_TEXT:
		key->text = read_text(r);
		break;
	case ARG_KEYWORD:
		key->text = imap_atom(r, "a keyword is expected");
		break;
	case ARG_DAY:
		key->day = read_day(r);
		break;
	case ARG_SIZE:
		key->number = imap_number(r, 0, INT64_MAX, "a size is a number of 63 bits");
		break;
	case ARG_SECONDS:
		key->number = imap_number(r, 1, UINT32_MAX, "an interval is seconds, at least 1");
		break;
	case ARG_UIDS:
		key->set = imap_set_read(r);
		break;
	case ARG_MODSEQ:
		key->number = read_modseq(r);
		k->has_modseq = true;
		break;
	case ARG_ID:
		key->text = read_id(r);
		break;
	}
}

static struct imap_key *read_row(struct keys *k, const struct key_row *row)
{
	struct imap_key *key = key_new(k, row->kind);

	if (key == NULL)
		return NULL;
	key->number = row->flag;
	read_argument(k, row->argument, key);
	return row->is_not ? negated(k, key) : key;
}

/* RFC 9051 6.4.4: NEW is (RECENT UNSEEN). */
static struct imap_key *key_new_messages(struct keys *k)
{
	struct imap_key *both = key_new(k, IMAP_KEY_AND);
	struct imap_key *recent = key_new(k, IMAP_KEY_FLAG);
	struct imap_key *seen = key_new(k, IMAP_KEY_FLAG);

	if (both == NULL || recent == NULL || seen == NULL)
		return NULL;
	recent->number = IMAP_FLAG_RECENT;
	seen->number = IMAP_FLAG_SEEN;
	both->children = recent;
	recent->next = negated(k, seen);
	return both;
}

/* "OR a OR b c" without depth: its second key may be the next OR of the chain. */
static struct imap_key *read_or(struct keys *k, unsigned depth)
{
	struct imap_key *either = key_new(k, IMAP_KEY_OR);
	struct imap_key **end = either == NULL ? NULL : &either->children;

	while (!k->r->c.broken) {
		imap_space(k->r);
		*end = read_key(k, depth);
		if (*end == NULL)
			break;
		end = &(*end)->next;
		imap_space(k->r);
		if (imap_try_word(k->r, S("OR")))
			continue;
		*end = read_key(k, depth);
		break;
	}
	return either;
}

/* Keys side by side: one stands for itself, more become AND. */
static struct imap_key *read_list(struct keys *k, unsigned depth)
{
	struct imap_key *first = read_key(k, depth);
	struct imap_key *all, **end;

	if (first == NULL || !imap_at(k->r, ' '))
		return first;
	all = key_new(k, IMAP_KEY_AND);
	if (all == NULL)
		return NULL;
	all->children = first;
	for (end = &first->next; imap_try(k->r, ' '); end = &(*end)->next) {
		*end = read_key(k, depth);
		if (*end == NULL)
			return NULL;
	}
	return all;
}

static struct imap_key *read_word(struct keys *k)
{
	struct slice word = imap_atom(k->r, "a search key is expected");

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (slice_same_nocase(rows[i].word, word))
			return read_row(k, &rows[i]);
	}
	if (slice_same_nocase(word, S("NEW")))
		return key_new_messages(k);
	imap_miss(k->r, "there is no such search key");
	return NULL;
}

/* NULL only when the reader is broken. */
static struct imap_key *read_key(struct keys *k, unsigned depth)
{
	struct imap_key *key;

	if (depth == 0)
		imap_miss(k->r, "the search keys are nested too deeply");
	if (k->r->c.broken)
		return NULL;
	if (imap_try(k->r, '(')) {
		key = read_list(k, depth - 1);
		imap_expect(k->r, ')', "a list of search keys does not end");
	} else if (imap_try_word(k->r, S("NOT"))) {
		imap_space(k->r);
		key = read_key(k, depth - 1);
		key = key == NULL ? NULL : negated(k, key);
	} else if (imap_try_word(k->r, S("OR"))) {
		key = read_or(k, depth - 1);
	} else if (ascii_is_digit((char)cursor_peek(&k->r->c)) || imap_at(k->r, '*') ||
		   imap_at(k->r, '$')) {
		key = key_new(k, IMAP_KEY_SET);
		if (key != NULL)
			key->set = imap_set_read(k->r);
	} else {
		key = read_word(k);
	}
	return k->r->c.broken ? NULL : key;
}

const struct imap_key *imap_keys_read(struct imap_reader *r, bool *ret_has_modseq)
{
	struct keys k = { .r = r };
	const struct imap_key *key = read_list(&k, LIMIT_IMAP_SEARCH_DEPTH);

	*ret_has_modseq = k.has_modseq;
	return key;
}
