/* SPDX-License-Identifier: MIT */
#include "session/pop3.h"

#include "base/log.h"
#include "syntax/pop3_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAILDROP_PAGE_ROWS = 256 /* entries read at once; small mails stand in their entries */ };

/* ---- The list of messages: as it was at the login, RFC 1939 5 ---- */

static bool maildrop_add(struct maildrop *d, const struct entry *entry)
{
	if (d->row_count == d->row_room) {
		size_t room = d->row_room == 0 ? 64 : 2 * d->row_room;
		struct maildrop_row *rows = realloc(d->rows, room * sizeof *rows);

		if (rows == NULL)
			return false;
		d->rows = rows;
		d->row_room = room;
	}
	d->rows[d->row_count++] = (struct maildrop_row){ .uid = entry->uid, .bytes = entry->bytes };
	d->kept_count++;
	d->kept_bytes += entry->bytes;
	return true;
}

static bool maildrop_add_page(struct maildrop *d, const struct entry_page *page, struct error *e)
{
	for (size_t i = 0; i < page->count; i++)
		if (!maildrop_add(d, &page->at[i]))
			return fail(e, FAULT_LATER, "list a maildrop: out of memory");
	return true;
}

static bool maildrop_read(struct maildrop *d, struct error *e)
{
	ON_EXIT(entry_page_done) struct entry_page page = { 0 };
	uint32_t after = 0;

	while (!page.is_last && d->row_count < LIMIT_MAILDROP_ROWS) {
		if (!folder_list(d->folder, after, MAILDROP_PAGE_ROWS, &page, e) ||
			!maildrop_add_page(d, &page, e))
			return false;
		if (page.count > 0)
			after = page.at[page.count - 1].uid;
	}
	return true;
}

enum maildrop_answer maildrop_open(
	struct maildrop *d, struct folders *folders, struct id account, struct error *e)
{
	struct folder_state state;
	struct folder *folder;

	if (!folder_open(folders, account, &folder, e))
		return MAILDROP_FAILED;
	if (!folder_lock_maildrop(folder)) {
		folder_close(folder);
		return MAILDROP_BUSY;
	}
	*d = (struct maildrop){ .folder = folder };
	folder_state_get(folder, &state);
	d->uid_validity = state.uid_validity;
	if (maildrop_read(d, e))
		return MAILDROP_OPEN;
	maildrop_close(d);
	return MAILDROP_FAILED;
}

void maildrop_close(struct maildrop *d)
{
	if (d->folder == NULL)
		return;
	folder_unlock_maildrop(d->folder);
	folder_close(d->folder);
	free(d->rows);
	*d = (struct maildrop){ 0 };
}

/* RFC 1939 8: all that is marked goes, or nothing does. */
static bool maildrop_remove_marked(struct maildrop *d, size_t *ret_count, struct error *e)
{
	size_t count = 0, marked = d->row_count - d->kept_count;
	auto_free uint32_t *uids = malloc((marked + 1) * sizeof *uids);

	if (uids == NULL)
		return fail(e, FAULT_LATER, "remove from a maildrop: out of memory");
	for (size_t i = 0; i < d->row_count; i++)
		if (d->rows[i].is_deleted)
			uids[count++] = d->rows[i].uid;
	invariant(count == marked);
	*ret_count = count;
	return count == 0 || folder_remove(d->folder, uids, count, e);
}

/* ---- Commands ---- */

struct maildrop_row *pop3_row(struct pop3 *p, uint32_t number, enum next *ret_next)
{
	struct maildrop *d = &p->maildrop;

	if (number == 0 || number > d->row_count) {
		*ret_next = pop3_say(p, S("-ERR No such message"));
		return NULL;
	}
	if (d->rows[number - 1].is_deleted) {
		*ret_next = pop3_say(p, S("-ERR That message is marked as deleted"));
		return NULL;
	}
	return &d->rows[number - 1];
}

/* The row that a command names, or NULL after its reply was said. */
static struct maildrop_row *row_named(
	struct pop3 *p, struct slice args, uint32_t *ret_number, enum next *ret_next)
{
	if (pop3_line_number(args, ret_number))
		return pop3_row(p, *ret_number, ret_next);
	*ret_next = pop3_wrong(p, S("-ERR The argument is a message number"));
	return NULL;
}

enum next pop3_stat(struct pop3 *p, struct slice args)
{
	(void)args;
	return pop3_say_format(
		p, "+OK %zu %" PRIu64, p->maildrop.kept_count, p->maildrop.kept_bytes);
}

typedef int row_text_fn(const struct maildrop *d, size_t at, char *room, size_t size);

static int row_size_text(const struct maildrop *d, size_t at, char *room, size_t size)
{
	return snprintf(room, size, "%zu %" PRIu64, at + 1, d->rows[at].bytes);
}

/* RFC 1939 7: up to 70 letters that never name another message: the folder's life and the UID in it. */
static int row_uid_text(const struct maildrop *d, size_t at, char *room, size_t size)
{
	return snprintf(room, size, "%zu %08" PRIx32 "%08" PRIx32, at + 1, d->uid_validity,
		d->rows[at].uid);
}

/* LIST and UIDL: one row, or all of them. */
static enum next rows_say(struct pop3 *p, struct slice args, row_text_fn *text)
{
	const struct maildrop *d = &p->maildrop;
	enum next next = NEXT_AGAIN;
	char room[64];
	uint32_t number;

	if (args.len > 0) {
		if (row_named(p, args, &number, &next) == NULL)
			return next;
		(void)text(d, number - 1, room, sizeof room);
		return pop3_say_format(p, "+OK %s", room);
	}
	next = pop3_say_format(p, "+OK %zu messages", d->kept_count);
	for (size_t i = 0; i < d->row_count && next != NEXT_CLOSE; i++)
		if (!d->rows[i].is_deleted) {
			int len = text(d, i, room, sizeof room);

			next = pop3_say(p, (struct slice){ room, (size_t)len });
		}
	return next == NEXT_CLOSE ? next : pop3_say(p, S("."));
}

enum next pop3_list(struct pop3 *p, struct slice args)
{
	return rows_say(p, args, row_size_text);
}

enum next pop3_uidl(struct pop3 *p, struct slice args)
{
	return rows_say(p, args, row_uid_text);
}

enum next pop3_dele(struct pop3 *p, struct slice args)
{
	enum next next = NEXT_AGAIN;
	uint32_t number;
	struct maildrop_row *row = row_named(p, args, &number, &next);

	if (row == NULL)
		return next;
	row->is_deleted = true;
	p->maildrop.kept_count--;
	p->maildrop.kept_bytes -= row->bytes;
	return pop3_say(p, S("+OK Marked as deleted"));
}

enum next pop3_rset(struct pop3 *p, struct slice args)
{
	struct maildrop *d = &p->maildrop;

	(void)args;
	for (size_t i = 0; i < d->row_count; i++)
		if (d->rows[i].is_deleted) {
			d->rows[i].is_deleted = false;
			d->kept_count++;
			d->kept_bytes += d->rows[i].bytes;
		}
	return pop3_say_format(
		p, "+OK %zu messages, %" PRIu64 " octets", d->kept_count, d->kept_bytes);
}

/* RFC 1939 6, the UPDATE state. Only here anything is removed, and the client learns when it was not. */
static enum next quit_update(struct pop3 *p)
{
	struct error e = { .fault = FAULT_NONE };
	size_t count = 0;

	pop3_note_fetched(p);
	if (!maildrop_remove_marked(&p->maildrop, &count, &e)) {
		(void)pop3_failed(p, &e);
		return NEXT_CLOSE;
	}
	for (size_t i = 0; i < count; i++)
		client_count(&p->client, COUNT_REMOVED);
	if (count > 0)
		log_event(LOG_LEVEL_INFO, "pop3.removed",
			LOG_TEXT("account", slice_of(p->client.account)),
			LOG_COUNT("count", count));
	/* The maildrop is free before the client hears it: the next session may follow at once. */
	maildrop_close(&p->maildrop);
	return pop3_last_word(p, S("+OK Goodbye"));
}

enum next pop3_quit(struct pop3 *p, struct slice args)
{
	(void)args;
	if (p->phase == PHASE_TRANSACTION)
		return quit_update(p);
	return pop3_last_word(p, S("+OK Goodbye"));
}
