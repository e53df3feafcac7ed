/* SPDX-License-Identifier: MIT */
#include "session/imap/search.h"

#include "base/limits.h"

/* ---- From keys to conditions ---- */

static bool is_text_kind(enum imap_key_kind kind)
{
	return (kind >= IMAP_KEY_BCC && kind <= IMAP_KEY_TEXT) || kind == IMAP_KEY_HEADER;
}

static bool refuse(struct imap *s, struct slice text, enum next *ret_next)
{
	*ret_next = imap_no(s, text);
	return false;
}

static bool condition_text(struct search *q, struct condition *c, enum next *ret_next)
{
	switch (text_key_init(&c->text, S("UTF-8"), c->key->text)) {
	case TEXT_KEY_OK:
		c->has_text = true;
		break;
	case TEXT_KEY_BAD_CHARSET:
		return refuse(q->s, S("[BADCHARSET (UTF-8)] That text is not UTF-8"), ret_next);
	case TEXT_KEY_TOO_LONG:
		return refuse(q->s, S("[LIMIT] That text is too long"), ret_next);
	}
	if (c->key->kind != IMAP_KEY_BODY && c->key->kind != IMAP_KEY_TEXT)
		return true;
	c->wish = &q->wishes[q->wish_count++];
	*c->wish = (struct text_wish){ .key = &c->text,
		.scope = c->key->kind == IMAP_KEY_BODY ? TEXT_SEARCH_BODY : TEXT_SEARCH_TEXT };
	return true;
}

/* What the key needs beside itself. */
static bool condition_fill(struct search *q, struct condition *c, enum next *ret_next)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = q->s;

	if (is_text_kind(c->key->kind))
		return condition_text(q, c, ret_next);
	if (c->key->kind == IMAP_KEY_KEYWORD) {
		if (folder_keywords_bits(
			    s->view.folder, &c->key->text, 1, false, &c->keywords, NULL, &e))
			return true;
		*ret_next = imap_failed(s, &e);
		return false;
	}
	if (c->key->kind != IMAP_KEY_SET && c->key->kind != IMAP_KEY_UID)
		return true;
	if (c->key->kind == IMAP_KEY_SET && !c->key->set.is_saved && imap_is_uid_only(s)) {
		*ret_next = imap_bad(s, S("[UIDREQUIRED] UIDONLY is enabled: search for UID"));
		return false;
	}
	switch (imap_set_uids(s, c->key->set, c->key->kind == IMAP_KEY_UID, &c->set)) {
	case IMAP_SET_OK:
		return true;
	case IMAP_SET_BAD:
		*ret_next = imap_bad(s, S("There is no message with that number"));
		return false;
	case IMAP_SET_SHORT:
		break;
	}
	return refuse(s, S("[LIMIT] That set is too long"), ret_next);
}

/*
 * Depth is bounded by LIMIT_IMAP_SEARCH_DEPTH. A condition has its place in the tree before anything can go wrong, so that
 * search_done() finds what it owns.
 */
static bool condition_make(
	struct search *q, const struct imap_key *key, struct condition **place, enum next *ret_next)
{
	struct condition *c = arena_take(&q->s->arena, sizeof *c);

	if (c == NULL)
		return refuse(q->s, S("[LIMIT] That search is too long"), ret_next);
	c->key = key;
	*place = c;
	if (!condition_fill(q, c, ret_next))
		return false;
	place = &c->children;
	for (const struct imap_key *k = key->children; k != NULL; k = k->next) {
		if (!condition_make(q, k, place, ret_next))
			return false;
		place = &(*place)->next;
	}
	return true;
}

static size_t count_wishes(const struct imap_key *key)
{
	size_t count = key->kind == IMAP_KEY_BODY || key->kind == IMAP_KEY_TEXT;

	for (const struct imap_key *k = key->children; k != NULL; k = k->next)
		count += count_wishes(k);
	return count;
}

bool search_begin(struct search *q, struct imap *s, const struct imap_key *key, enum next *ret_next)
{
	size_t wishes = count_wishes(key);

	*q = (struct search){ .s = s,
		.records = { .folder = s->view.folder, .store = s->client.host->mail->store },
		.now_s = clock_wall_ns(s->client.host->clock) / NS_PER_S,
		.arena = { .max = LIMIT_ARENA_BYTES },
		.words = { .max = LIMIT_HEADER_BYTES },
		.header = { .max = LIMIT_HEADER_BYTES } };
	*ret_next = NEXT_CLOSE;
	q->wishes = arena_take(&s->arena, (wishes + 1) * sizeof *q->wishes);
	if (q->wishes == NULL)
		return refuse(s, S("[LIMIT] That search is too long"), ret_next);
	return condition_make(q, key, &q->root, ret_next);
}

static void condition_done(struct condition *c)
{
	for (; c != NULL; c = c->next) {
		uids_done(&c->set);
		if (c->has_text)
			text_key_done(&c->text);
		condition_done(c->children);
	}
}

void search_done(struct search *q)
{
	condition_done(q->root);
	imap_records_done(&q->records);
	if (q->text != NULL)
		text_search_free(q->text);
	arena_done(&q->arena);
	buf_done(&q->header);
	buf_done(&q->words);
}

/* ---- Candidates ---- */

static bool is_set(const struct condition *c)
{
	return c->key->kind == IMAP_KEY_SET || c->key->kind == IMAP_KEY_UID;
}

bool search_is_decided(const struct search *q)
{
	const struct condition *root = q->root;

	if (root->key->kind == IMAP_KEY_ALL || is_set(root))
		return true;
	if (root->key->kind != IMAP_KEY_AND)
		return false;
	for (const struct condition *c = root->children; c != NULL; c = c->next)
		if (c->key->kind != IMAP_KEY_ALL && !is_set(c))
			return false;
	return true;
}

bool search_candidates(const struct search *q, struct uids *ret)
{
	const struct condition *root = q->root;

	if (is_set(root))
		return uids_copy(&root->set, ret);
	if (!uids_copy(&q->s->view.uids, ret))
		return false;
	if (root->key->kind != IMAP_KEY_AND)
		return true;
	for (const struct condition *c = root->children; c != NULL; c = c->next) {
		struct uids fewer = { 0 };

		if (!is_set(c))
			continue;
		if (!uids_common(ret, &c->set, &fewer))
			return false;
		uids_done(ret);
		*ret = fewer;
	}
	return true;
}
