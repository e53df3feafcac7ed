/* SPDX-License-Identifier: MIT */
#include "session/imap/catenate.h"

#include "base/limits.h"
#include "session/imap/place.h"
#include "syntax/imap_url.h"

static enum catenate_answer bad_url(struct slice why, struct slice *ret_why)
{
	*ret_why = why;
	return CATENATE_BAD_URL;
}

/* The base URL is the selected mailbox, RFC 4469 3. */
static enum catenate_answer folder_take(struct catenated *c, struct imap *s,
	const struct imap_url *url, struct slice *ret_why, struct error *e)
{
	struct mail *mail = s->client.host->mail;
	struct folder_state state;
	enum mailbox_answer answer;
	struct place place;

	if (url->mailbox.len == 0 && s->state != IMAP_SELECTED)
		return bad_url(S("It names no mailbox, and none is selected"), ret_why);
	if (url->mailbox.len == 0) {
		if (!folder_open_id(mail->folders, folder_account(s->view.folder),
			    folder_id(s->view.folder), &c->folder, e))
			return CATENATE_FAILED;
	} else {
		answer = place_need(s, url->mailbox, IMAP_RIGHT_READ, &place, e);
		if (answer == MAILBOX_OK)
			answer = place_open(s, &place, &c->folder, e);
		if (answer == MAILBOX_FAILED)
			return CATENATE_FAILED;
		if (answer != MAILBOX_OK) {
			error_clear(e);
			return bad_url(S("There is no such mailbox"), ret_why);
		}
	}
	folder_state_get(c->folder, &state);
	if (url->uid_validity != 0 && url->uid_validity != state.uid_validity)
		return bad_url(S("UIDVALIDITY has changed"), ret_why);
	return CATENATE_OK;
}

/* Everything that fetch's files want to know of the message. */
static bool message_open(struct catenated *c, struct imap *s, struct error *e)
{
	const struct entry *entry = &c->page.at[0];
	struct store *store = s->client.host->mail->store;

	c->what = (struct imap_fetch_items){ .sections = &c->section, .section_count = 1 };
	c->f = (struct fetching){ .s = s,
		.what = &c->what,
		.entry = entry,
		.last = entry->uid,
		.arena = { .max = LIMIT_ARENA_BYTES },
		.records = { .folder = c->folder, .store = store } };
	body_open(&c->f.reader, store, entry);
	if (c->section.part_count == 0 && c->section.text == IMAP_TEXT_ALL)
		return true;
	if (!imap_records_structure(
		    &c->f.records, entry, entry->uid, &c->f.arena, &c->f.structure, e))
		return false;
	c->f.summary = c->f.structure.summary;
	return true;
}

/* RFC 4469 3: no conversion, so BINARY does not come into it. */
static enum catenate_answer range_take(struct catenated *c, struct slice *ret_why, struct error *e)
{
	const struct imap_section *section = &c->section;
	enum transfer transfer;
	uint64_t offset;

	if (!fetch_range_of(&c->f, section, &c->range, &transfer))
		return bad_url(S("The message has no such part"), ret_why);
	c->is_fields = section->text == IMAP_TEXT_HEADER_FIELDS ||
		       section->text == IMAP_TEXT_HEADER_FIELDS_NOT;
	if (c->is_fields && !fetch_read_fields(&c->f, section, c->range, e))
		return CATENATE_FAILED;
	if (c->is_fields)
		c->range = (struct section_range){ 0, c->f.fields.len };
	c->bytes = c->range.len;
	fetch_cut(section, &offset, &c->bytes);
	c->range = (struct section_range){ c->range.at + offset, c->bytes };
	return CATENATE_OK;
}

enum catenate_answer catenate_open(struct catenated *c, struct imap *s, struct slice text,
	struct slice *ret_why, struct error *e)
{
	enum catenate_answer answer;
	struct imap_url url;
	bool is_there;

	*c = (struct catenated){ .folder = NULL };
	if (!imap_url_parse(&s->parse, text, &url))
		return bad_url(slice_of(s->parse.why), ret_why);
	c->section = url.section;
	answer = folder_take(c, s, &url, ret_why, e);
	if (answer != CATENATE_OK)
		return answer;
	if (!folder_find(c->folder, url.uid, &c->page, &is_there, e))
		return CATENATE_FAILED;
	if (!is_there)
		return bad_url(S("There is no message with that UID"), ret_why);
	return message_open(c, s, e) ? range_take(c, ret_why, e) : CATENATE_FAILED;
}

bool catenate_copy(struct catenated *c, struct body_writer *to, struct error *e)
{
	uint64_t end = c->range.at + c->range.len;
	struct slice piece;

	if (c->is_fields)
		return body_add(to,
			slice_first(slice_skip(buf_slice(&c->f.fields), (size_t)c->range.at),
				(size_t)c->range.len),
			e);
	c->f.reader.at = c->range.at;
	do {
		if (!fetch_range_next(&c->f, end, &piece, e) || !body_add(to, piece, e))
			return false;
	} while (piece.len > 0);
	return true;
}

void catenate_close(struct catenated *c)
{
	fetching_done(&c->f);
	entry_page_done(&c->page);
	if (c->folder != NULL)
		folder_close(c->folder);
}
