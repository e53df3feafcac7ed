/* SPDX-License-Identifier: MIT */
/* attributes - what there is to say of a mailbox besides its messages, as lines of text that archives keep; see archive.h. */
#include "admin/archive.h"

#include "base/limits.h"
#include "mail/acl.h"
#include "mail/metadata.h"
#include "syntax/imap_flag.h"
#include "syntax/percent.h"

#include <stdlib.h>

enum {
	/* 100 entries of 16 KB each, three times that when nothing is UTF-8, and rights */
	LIMIT_ATTRIBUTES_BYTES = 8 << 20,
	LIMIT_ATTRIBUTE_LINE_BYTES = 3 * LIMIT_METADATA_VALUE_BYTES + 1024,
};

struct telling {
	struct mail *mail;
	struct target target; /* the owner */
	struct arena arena;
	json_t *lines;
	char line[LIMIT_ATTRIBUTE_LINE_BYTES];
};

static void telling_free(struct telling **g)
{
	if (*g == NULL)
		return;
	arena_done(&(*g)->arena);
	json_decref((*g)->lines);
	free(*g);
}

static bool add_line(struct telling *g, const struct buf *line, struct error *e)
{
	return json_array_append_new(g->lines, json_stringn(line->at, line->len)) == 0 ||
	       fail(e, FAULT_LATER, "tell the attributes of a mailbox: out of memory");
}

/* ---- Telling ---- */

static bool tell_uses(struct telling *g, unsigned uses, struct error *e)
{
	for (unsigned bit = 1; bit != 0 && bit <= uses; bit <<= 1) {
		struct buf line = BUF_OVER(g->line);

		if ((uses & bit) == 0)
			continue;
		if (!buf_add(&line, S("use ")) || !imap_uses_write(&line, bit) ||
			!add_line(g, &line, e))
			return fail(e, FAULT_LATER, "tell a special use: out of memory");
	}
	return true;
}

static bool tell_acl(struct telling *g, const struct acl *acl, struct error *e)
{
	for (size_t i = 0; i < acl->count; i++) {
		const struct acl_entry *entry = &acl->at[i];
		struct slice who = entry->is_anyone ? S("anyone") : entry->address;
		struct buf line = BUF_OVER(g->line);

		invariant(buf_add(&line, S("acl ")) &&
			  imap_rights_write(&line, entry->rights, false) &&
			  buf_add_byte(&line, ' '));
		invariant((!entry->is_negative || buf_add_byte(&line, '-')) &&
			  percent_write(who, &line));
		if (!add_line(g, &line, e))
			return false;
	}
	return true;
}

static bool tell_metadata(
	struct telling *g, const char *word, struct id folder, struct slice root, struct error *e)
{
	const struct metadata_of of = {
		.owner = g->target.account, .folder = folder, .reader = g->target.account
	};
	struct metadata_entry *at;
	size_t count;

	if (!metadata_read(g->mail, &of, root, true, &g->arena, &at, &count, e))
		return false;
	for (size_t i = 0; i < count; i++) {
		struct buf line = BUF_OVER(g->line);

		invariant(buf_add_format(&line, "%s %.*s ", word, S_FMT(at[i].name)) &&
			  percent_write(at[i].value, &line));
		if (!add_line(g, &line, e))
			return false;
	}
	return true;
}

static enum mailbox_answer tell_all(struct telling *g, struct slice name, struct error *e)
{
	const struct id none = { { 0 } };
	struct id account = g->target.account;
	struct mailbox box;
	struct acl acl;
	enum mailbox_answer answer = mailbox_find(g->mail, account, name, &g->arena, &box, e);

	if (answer == MAILBOX_OK && id_is_zero(box.id))
		return MAILBOX_MISSING;
	if (answer == MAILBOX_OK)
		answer = acl_get(g->mail, account, name, &g->arena, &acl, e);
	if (answer != MAILBOX_OK)
		return answer;
	if (tell_uses(g, box.uses, e) && tell_acl(g, &acl, e) &&
		tell_metadata(g, "metadata", box.id, S("/private"), e) &&
		tell_metadata(g, "metadata", box.id, S("/shared"), e) &&
		(!slice_same(name, S("INBOX")) ||
			tell_metadata(g, "server-metadata", none, S("/private"), e)))
		return MAILBOX_OK;
	return MAILBOX_FAILED;
}

/* NULL: *a says what is wrong. */
static struct telling *telling_new(struct request *r, struct slice *ret_name, struct answer *a)
{
	struct telling *g = calloc(1, sizeof *g);

	if (g == NULL) {
		answer_problem(a, ANSWER_LATER, "out of memory", r->name);
		return NULL;
	}
	g->mail = r->options->mail;
	g->arena.max = LIMIT_ATTRIBUTES_BYTES;
	g->lines = json_array();
	if (archive_account(r, &r->arena, &g->target, a) &&
		archive_mailbox(r, &r->arena, ret_name, a))
		return g;
	telling_free(&g);
	return NULL;
}

void route_attributes_show(struct request *r, struct answer *a)
{
	struct error e = { .fault = FAULT_NONE };
	struct slice name = S("");
	ON_EXIT(telling_free) struct telling *g = telling_new(r, &name, a);

	if (g == NULL)
		return;
	switch (tell_all(g, name, &e)) {
	case MAILBOX_OK:
		answer_json(a, ANSWER_OK, json_pack("{s:O}", "attributes", g->lines));
		return;
	case MAILBOX_FAILED:
		answer_failure(a, &e);
		return;
	case MAILBOX_EXISTS:
	case MAILBOX_MISSING:
	case MAILBOX_CANNOT:
	case MAILBOX_IN_USE:
	case MAILBOX_LIMIT:
	case MAILBOX_DENIED:
		break;
	}
	answer_problem(a, ANSWER_NOT_FOUND, "no such mailbox", name);
}
