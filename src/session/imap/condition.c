/* SPDX-License-Identifier: MIT */
#include "session/imap/search.h"

#include "base/limits.h"

enum {
	ENVELOPE_BYTES_MAX =
		4 * LIMIT_HEADER_BYTES /* every byte of it escaped, with NILs between */
};

/* ---- From keys to conditions ---- */

static bool is_text_kind(enum imap_key_kind kind)
{
	return (kind >= IMAP_KEY_BCC && kind <= IMAP_KEY_TEXT) || kind == IMAP_KEY_HEADER;
}

static struct slice condition_text(struct search *q, struct condition *c)
{
	switch (text_key_init(&c->text, S("UTF-8"), c->key->text)) {
	case TEXT_KEY_OK:
		c->has_text = true;
		break;
	case TEXT_KEY_BAD_CHARSET:
		return S("[BADCHARSET (UTF-8)] That text is not UTF-8");
	case TEXT_KEY_TOO_LONG:
		return S("[LIMIT] That text is too long");
	}
	if (c->key->kind != IMAP_KEY_BODY && c->key->kind != IMAP_KEY_TEXT)
		return S("");
	c->wish = &q->wishes[q->wish_count++];
	*c->wish = (struct text_wish){ .key = &c->text,
		.scope = c->key->kind == IMAP_KEY_BODY ? TEXT_SEARCH_BODY : TEXT_SEARCH_TEXT };
	return S("");
}

static bool condition_keyword(struct search *q, struct condition *c, struct error *e)
{
	return folder_keywords_bits(
		q->view->folder, &c->key->text, 1, false, &c->keywords, NULL, e);
}

static bool condition_set(struct search *q, struct condition *c)
{
	auto_arena way = { .max = LIMIT_ARENA_BYTES };
	bool is_uid = c->key->kind == IMAP_KEY_UID;

	uids_done(&c->set);
	return imap_set_uids(q->s, &q->view->uids, c->key->set, is_uid, &way, &c->set);
}

static bool is_set(const struct condition *c)
{
	return c->key->kind == IMAP_KEY_SET || c->key->kind == IMAP_KEY_UID;
}

/* What the key needs beside itself. */
static struct slice condition_fill(struct search *q, struct condition *c)
{
	struct error e = { .fault = FAULT_NONE };

	if (is_text_kind(c->key->kind))
		return condition_text(q, c);
	if (c->key->kind == IMAP_KEY_KEYWORD && !condition_keyword(q, c, &e)) {
		imap_note_failure(q->s, &e);
		return S("[UNAVAILABLE] Temporary failure, try again later");
	}
	if (c->key->kind == IMAP_KEY_SET && !c->key->set.is_saved) {
		if (imap_is_uid_only(q->s))
			return S("[UIDREQUIRED] UIDONLY is enabled: search for UID");
		/* RFC 9051 5.5, RFC 7162 3.2.10.2: then also UID SEARCH moves no number. */
		q->s->may_expunge = false;
	}
	if (is_set(c) && !condition_set(q, c))
		return S("[LIMIT] That set is too long");
	return S("");
}

/*
 * Depth is bounded by LIMIT_IMAP_SEARCH_DEPTH. A condition has its place in the tree before anything can go wrong, so that
 * search_done() finds what it owns.
 */
static struct slice condition_make(
	struct search *q, const struct imap_key *key, struct condition **place)
{
	struct condition *c = arena_take(&q->tree, sizeof *c);

	struct slice why;

	if (c == NULL)
		return S("[LIMIT] That search is too long");
	c->key = key;
	*place = c;
	why = condition_fill(q, c);
	place = &c->children;
	for (const struct imap_key *k = key->children; k != NULL && why.len == 0; k = k->next) {
		why = condition_make(q, k, place);
		if (why.len == 0)
			place = &(*place)->next;
	}
	return why;
}

static size_t count_wishes(const struct imap_key *key)
{
	size_t count = key->kind == IMAP_KEY_BODY || key->kind == IMAP_KEY_TEXT;

	for (const struct imap_key *k = key->children; k != NULL; k = k->next)
		count += count_wishes(k);
	return count;
}

struct slice search_begin(
	struct search *q, struct imap *s, const struct view *view, const struct imap_key *key)
{
	size_t wishes = count_wishes(key);

	*q = (struct search){ .s = s,
		.view = view,
		.tree = { .max = LIMIT_ARENA_BYTES },
		.records = { .folder = view->folder, .store = s->client.host->mail->store },
		.now_s = clock_wall_ns(s->client.host->clock) / NS_PER_S,
		.arena = { .max = LIMIT_ARENA_BYTES },
		.words = { .max = LIMIT_HEADER_BYTES },
		.envelope = { .max = ENVELOPE_BYTES_MAX },
		.header = { .max = LIMIT_HEADER_BYTES } };
	q->wishes = arena_take(&q->tree, (wishes + 1) * sizeof *q->wishes);
	if (q->wishes == NULL)
		return S("[LIMIT] That search is too long");
	return condition_make(q, key, &q->root);
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

enum next search_refused(struct imap *s, struct slice why)
{
	return slice_starts(why, S("[UIDREQUIRED]")) ? imap_bad(s, why) : imap_no(s, why);
}

void search_rest(struct search *q)
{
	imap_records_done(&q->records);
	q->records =
		(struct imap_records){ .folder = q->records.folder, .store = q->records.store };
	text_search_free(q->text);
	q->text = NULL;
	arena_done(&q->arena);
	buf_done(&q->header);
	buf_done(&q->words);
	buf_done(&q->envelope);
}

void search_done(struct search *q)
{
	search_rest(q);
	condition_done(q->root);
	q->root = NULL;
	arena_done(&q->tree);
}

/* Message numbers and "$" stay what they were at the command: RFC 5267 4.3. */
static bool condition_renew(struct search *q, struct condition *c, struct error *e)
{
	for (; c != NULL; c = c->next) {
		if (c->key->kind == IMAP_KEY_KEYWORD && !condition_keyword(q, c, e))
			return false;
		if (c->key->kind == IMAP_KEY_UID && !c->key->set.is_saved && !condition_set(q, c))
			return fail(e, FAULT_LATER, "search again: out of memory");
		if (!condition_renew(q, c->children, e))
			return false;
	}
	return true;
}

bool search_renew(struct search *q, struct error *e)
{
	q->now_s = clock_wall_ns(q->s->client.host->clock) / NS_PER_S;
	return condition_renew(q, q->root, e);
}

/* ---- Candidates ---- */

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
	if (!uids_copy(&q->view->uids, ret))
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
