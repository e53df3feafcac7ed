/* SPDX-License-Identifier: MIT */
/*
 * metadata - GETMETADATA and SETMETADATA, RFC 5464; METADATA of LIST, RFC 9590.
 *
 * RFC 5464 3: with rights, a mailbox's entries are for who may look it up and do something with its messages. /shared ones are
 * written by who may write there (w), as they are others' too.
 * The server has /private entries of each account; its /shared ones are what it says of itself, and nobody sets them here.
 */
#include "session/imap/metadata.h"

#include "base/limits.h"
#include "session/imap/mailbox.h"
#include "session/imap/place.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_text.h"

#include <inttypes.h>
#include <string.h>

enum {
	USES_BYTES = 80, /* all eight of them */
	MESSAGE_RIGHTS = IMAP_RIGHT_READ | IMAP_RIGHT_SEEN | IMAP_RIGHT_WRITE | IMAP_RIGHT_INSERT |
			 IMAP_RIGHT_POST,
};

/* ---- Of what ---- */

static struct metadata_of of_server(const struct imap *s)
{
	return (struct metadata_of){ .owner = s->client.account_id,
		.reader = s->client.account_id };
}

static enum mailbox_answer denied(struct slice name, struct error *e)
{
	(void)fail(e, FAULT_NEVER, "you may not do that with mailbox '%.*s'", S_FMT(name));
	return MAILBOX_DENIED;
}

/* The mailbox; *ret_rights is what this session has there. */
static enum mailbox_answer of_mailbox(struct imap *s, struct slice name, struct metadata_of *ret,
	unsigned *ret_rights, struct error *e)
{
	struct place place;
	struct mailbox box;
	enum mailbox_answer answer = place_need(s, name, IMAP_RIGHT_LOOKUP, &place, e);

	if (answer == MAILBOX_OK)
		answer = mailbox_find(
			s->client.host->mail, place.account, place.name, &s->arena, &box, e);
	if (answer != MAILBOX_OK)
		return answer;
	if (id_is_zero(box.id)) {
		(void)fail(e, FAULT_NEVER, "mailbox '%.*s' does not exist", S_FMT(name));
		return MAILBOX_MISSING;
	}
	if ((place.rights & MESSAGE_RIGHTS) == 0)
		return denied(name, e);
	*ret_rights = place.rights;
	*ret = (struct metadata_of){
		.owner = place.account, .folder = box.id, .reader = s->client.account_id
	};
	return MAILBOX_OK;
}

/* ---- Reading ---- */

/* One answer of a mailbox: begun with its first entry. */
struct getting {
	struct imap *s;
	struct slice mailbox;
	const struct imap_metadata_ask *ask;
	bool has_begun;
	uint64_t longest; /* of those that MAXSIZE left out */
};

static void put_value(struct imap *s, struct slice value)
{
	if (memchr(value.at, '\0', value.len) == NULL) {
		imap_put_string(s, value);
		return;
	}
	imap_wrote(s, imap_text_literal(&s->out, value.len, true));
	imap_put(s, value);
}

static void put_entry(struct getting *g, struct slice name, struct slice value)
{
	struct imap *s = g->s;

	if (value.at != NULL && g->ask->has_max_bytes && value.len > g->ask->max_bytes) {
		g->longest = value.len > g->longest ? value.len : g->longest;
		return;
	}
	if (!g->has_begun) {
		imap_put(s, S("* METADATA "));
		if (g->mailbox.len == 0)
			imap_put(s, S("\"\""));
		else
			imap_put_name(s, g->mailbox);
	}
	imap_put(s, g->has_begun ? S(" ") : S(" ("));
	g->has_begun = true;
	imap_wrote(s, imap_text_astring(&s->out, name, false));
	imap_put(s, S(" "));
	if (value.at == NULL)
		imap_put(s, S("NIL"));
	else
		put_value(s, value);
}

static bool depth_has(const struct imap_metadata_ask *ask, struct slice asked, struct slice name)
{
	struct slice rest = slice_skip(name, asked.len);

	if (rest.len == 0 || ask->depth == IMAP_DEPTH_INFINITY)
		return true;
	return ask->depth == 1 && slice_find(slice_skip(rest, 1), '/') == rest.len - 1;
}

/* RFC 5464 6.2.1: whom to ask about this server. */
static bool get_of_server(struct getting *g, struct slice asked)
{
	struct imap *s = g->s;
	const struct slice admin = S("/shared/admin");
	struct slice address = slice_of(s->client.account);
	struct slice domain = slice_skip(address, slice_find_last(address, '@'));
	struct buf text = { .max = 32 + LIMIT_ADDRESS_BYTES };
	bool is_asked =
		slice_same(asked, admin) || (g->ask->depth > 0 && slice_same(asked, S("/shared")));

	if (is_asked && buf_add(&text, S("mailto:postmaster")) && buf_add(&text, domain))
		put_entry(g, admin, buf_slice(&text));
	else if (g->ask->depth == 0)
		put_entry(g, asked, (struct slice){ NULL, 0 });
	buf_done(&text);
	return true;
}

/* ---- /private/specialuse: RFC 6154 4, what the mailbox is for; of one's own ---- */

static const struct slice use_entry = S_INIT("/private/specialuse");

static bool has_use_entry(const struct metadata_of *of)
{
	return !id_is_zero(of->folder) && id_same(of->owner, of->reader);
}

static bool put_uses(struct getting *g, unsigned uses)
{
	char room[USES_BYTES];
	struct buf text = BUF_OVER(room);

	if (uses != 0 && !imap_uses_write(&text, uses))
		return false;
	put_entry(g, use_entry, uses == 0 ? (struct slice){ NULL, 0 } : buf_slice(&text));
	return true;
}

static bool get_uses(
	struct getting *g, const struct metadata_of *of, bool is_exact, struct error *e)
{
	struct mail *mail = g->s->client.host->mail;
	struct mailbox box;
	enum mailbox_answer answer =
		mailbox_name(mail, of->owner, of->folder, &g->s->arena, &box, e);

	if (answer == MAILBOX_FAILED)
		return false;
	if (answer != MAILBOX_OK) { /* it went meanwhile */
		error_clear(e);
		box.uses = 0;
	}
	return (box.uses == 0 && !is_exact) || put_uses(g, box.uses);
}

static enum next set_uses(
	struct imap *s, const struct imap_setmetadata *given, const struct metadata_of *of)
{
	const struct imap_metadata_value *v = &given->values[0];
	struct error e = { .fault = FAULT_NONE };
	enum mailbox_answer answer;
	unsigned uses = 0;

	/* All or nothing, RFC 5464 4.3: it is not in the store with the others. */
	if (given->value_count > 1)
		return imap_no(s, S("[CANNOT] /private/specialuse is set by itself"));
	if (!has_use_entry(of))
		return imap_no(s, S("[USEATTR] Only the owner says what a mailbox is for"));
	if (!v->is_nil && !imap_uses_parse(v->value, &uses))
		return imap_no(s, S("[USEATTR] There is no such special use"));
	answer = mailbox_set_uses(s->client.host->mail, of->owner, given->mailbox, uses, &e);
	if (answer == MAILBOX_CANNOT)
		return imap_no(s, S("[USEATTR] That use is taken, or cannot be of this mailbox"));
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	return imap_ok(s, S("Set"));
}

static bool sets_uses(const struct imap_setmetadata *given)
{
	for (size_t i = 0; i < given->value_count; i++)
		if (given->mailbox.len > 0 && slice_same(given->values[i].entry, use_entry))
			return true;
	return false;
}

/* ---- All entries ---- */

/* An entry that is not there has no value; RFC 5464 3: NIL. Only what was asked for by its whole name is told so. */
static bool get_one(
	struct getting *g, const struct metadata_of *of, struct slice asked, struct error *e)
{
	auto_arena a = { .max = LIMIT_METADATA_ACCOUNT_BYTES + LIMIT_ARENA_BYTES };
	bool has_below = g->ask->depth > 0;
	struct metadata_entry *at;
	size_t count;

	if (id_is_zero(of->folder) && slice_starts(asked, S("/shared")))
		return get_of_server(g, asked);
	if (has_use_entry(of) && slice_same(asked, use_entry))
		return get_uses(g, of, true, e);
	if (has_use_entry(of) && has_below && slice_same(asked, S("/private")) &&
		!get_uses(g, of, false, e))
		return false;
	if (!metadata_read(g->s->client.host->mail, of, asked, has_below, &a, &at, &count, e))
		return false;
	for (size_t i = 0; i < count; i++)
		if (depth_has(g->ask, asked, at[i].name))
			put_entry(g, at[i].name, at[i].value);
	if (count == 0 && !has_below)
		put_entry(g, asked, (struct slice){ NULL, 0 });
	return true;
}

bool imap_put_metadata(struct imap *s, const struct metadata_of *of, struct slice mailbox,
	const struct imap_metadata_ask *ask, uint64_t *longest, struct error *e)
{
	struct getting g = { .s = s, .mailbox = mailbox, .ask = ask, .longest = *longest };
	bool is_good = true;

	for (size_t i = 0; is_good && i < ask->entry_count; i++)
		is_good = get_one(&g, of, ask->entries[i], e);
	if (g.has_begun)
		imap_put(s, S(")\r\n"));
	*longest = g.longest;
	return is_good;
}

bool imap_metadata_may(unsigned rights)
{
	return (rights & IMAP_RIGHT_LOOKUP) != 0 && (rights & MESSAGE_RIGHTS) != 0;
}

enum next imap_metadata_done(struct imap *s, uint64_t longest)
{
	if (longest > 0)
		return imap_ok_format(
			s, "[METADATA LONGENTRIES %" PRIu64 "] Some were too long", longest);
	return imap_ok(s, S("That is all"));
}

enum next imap_getmetadata(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct metadata_of of = of_server(s);
	enum mailbox_answer answer = MAILBOX_OK;
	struct imap_getmetadata given;
	uint64_t longest = 0;
	unsigned rights;

	if (!imap_getmetadata_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (given.mailbox.len > 0)
		answer = of_mailbox(s, given.mailbox, &of, &rights, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	if (!imap_put_metadata(s, &of, given.mailbox, &given.ask, &longest, &e))
		return imap_failed(s, &e);
	return imap_metadata_done(s, longest);
}

/* ---- Writing ---- */

static bool sets_shared(const struct imap_setmetadata *given)
{
	for (size_t i = 0; i < given->value_count; i++)
		if (slice_starts(given->values[i].entry, S("/shared")))
			return true;
	return false;
}

static bool sets_root(const struct imap_setmetadata *given)
{
	for (size_t i = 0; i < given->value_count; i++)
		if (slice_find(slice_skip(given->values[i].entry, 1), '/') ==
			given->values[i].entry.len - 1)
			return true;
	return false;
}

static enum next write_answer(struct imap *s, enum metadata_answer answer, const struct error *e)
{
	switch (answer) {
	case METADATA_OK:
		return imap_ok(s, S("Set"));
	case METADATA_MISSING:
		return imap_no(s, S("[NONEXISTENT] The mailbox was deleted"));
	case METADATA_TOO_MANY:
		return imap_no(s, S("[METADATA TOOMANY] There is no room for more"));
	case METADATA_TOO_LONG:
		return imap_no_format(s, "[METADATA MAXSIZE %d] That value is too long",
			LIMIT_METADATA_VALUE_BYTES);
	case METADATA_FAILED:
		break;
	}
	return imap_failed(s, e);
}

static enum next set_run(
	struct imap *s, const struct imap_setmetadata *given, const struct metadata_of *of)
{
	struct error e = { .fault = FAULT_NONE };
	struct metadata_entry *entries =
		arena_take(&s->arena, given->value_count * sizeof *entries + 1);

	if (entries == NULL)
		return imap_no(s, S("[UNAVAILABLE] Out of memory"));
	for (size_t i = 0; i < given->value_count; i++) {
		const struct imap_metadata_value *v = &given->values[i];

		entries[i] = (struct metadata_entry){ .name = v->entry,
			.value = v->is_nil ? (struct slice){ NULL, 0 } : v->value };
		if (!v->is_nil && v->value.at == NULL)
			entries[i].value = S("");
	}
	return write_answer(s,
		metadata_write(s->client.host->mail, of, entries, given->value_count, s, &e), &e);
}

enum next imap_setmetadata(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	struct metadata_of of = of_server(s);
	enum mailbox_answer answer = MAILBOX_OK;
	struct imap_setmetadata given;
	unsigned rights = 0; /* the server's /shared ones are nobody's here */

	if (!imap_setmetadata_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (sets_root(&given))
		return imap_bad(s, S("/private and /shared alone are no entries"));
	if (given.mailbox.len > 0)
		answer = of_mailbox(s, given.mailbox, &of, &rights, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("NONEXISTENT"), &e);
	if (sets_shared(&given) && (rights & IMAP_RIGHT_WRITE) == 0)
		return imap_no(s, S("[NOPERM] You may not set what is shared there"));
	return sets_uses(&given) ? set_uses(s, &given, &of) : set_run(s, &given, &of);
}
