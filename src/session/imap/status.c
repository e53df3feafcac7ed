/* SPDX-License-Identifier: MIT */
#include "session/imap/mailbox.h"

#include "syntax/imap_list.h"

#include <inttypes.h>

/* The folder's head knows them all: no entry is read. */
static void put_items(struct imap *s, struct folder *f, unsigned items)
{
	struct folder_state state;
	char room[ID_TEXT_BYTES + 1];
	const char *space = "";

	folder_state_get(f, &state);
	const struct {
		unsigned item;
		const char *name;
		uint64_t value;
	} rows[] = {
		{ IMAP_STATUS_MESSAGES, "MESSAGES", state.count },
		{ IMAP_STATUS_RECENT, "RECENT",
			state.uid_next > state.uid_recent ? state.uid_next - state.uid_recent : 0 },
		{ IMAP_STATUS_UIDNEXT, "UIDNEXT", state.uid_next },
		{ IMAP_STATUS_UIDVALIDITY, "UIDVALIDITY", state.uid_validity },
		{ IMAP_STATUS_UNSEEN, "UNSEEN", state.unseen },
		{ IMAP_STATUS_DELETED, "DELETED", state.deleted },
		{ IMAP_STATUS_SIZE, "SIZE", state.bytes },
		{ IMAP_STATUS_HIGHESTMODSEQ, "HIGHESTMODSEQ", imap_modseq_told(state.modseq) },
		{ IMAP_STATUS_APPENDLIMIT, "APPENDLIMIT", s->client.host->message_bytes_max },
		{ IMAP_STATUS_DELETED_STORAGE, "DELETED-STORAGE", state.deleted_bytes },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if ((items & rows[i].item) != 0) {
			imap_put_format(s, "%s%s %" PRIu64, space, rows[i].name, rows[i].value);
			space = " ";
		}
	if ((items & IMAP_STATUS_MAILBOXID) != 0)
		imap_put_format(s, "%sMAILBOXID (%.*s)", space, S_FMT(id_text(folder_id(f), room)));
}

/* RFC 7162 3.1: whoever asks for it wants to be told of it. */
void imap_status_asked(struct imap *s, unsigned items)
{
	if ((items & IMAP_STATUS_HIGHESTMODSEQ) != 0)
		imap_condstore(s);
}

void imap_put_status(struct imap *s, struct slice name, struct folder *f, unsigned items)
{
	imap_put(s, S("* STATUS "));
	imap_put_name(s, name);
	imap_put(s, S(" ("));
	put_items(s, f, items);
	imap_put(s, S(")\r\n"));
}

enum next imap_status(struct imap *s, struct slice args)
{
	enum next next = NEXT_CLOSE;
	struct imap_status given;
	struct folder *folder;

	if (!imap_status_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	folder = imap_mailbox_open(s, given.mailbox, S("NONEXISTENT"), &next);
	if (folder == NULL)
		return next;
	imap_status_asked(s, given.items);
	imap_put_status(s, given.mailbox, folder, given.items);
	folder_close(folder);
	return imap_ok(s, S("That is all"));
}
