/* SPDX-License-Identifier: MIT */
#include "session/imap/notify.h"

#include "syntax/imap_text.h"

static const struct notify_row *row_of(const struct notify *n, struct id folder)
{
	for (size_t i = 0; i < n->picture.count; i++)
		if (id_same(n->picture.at[i].folder, folder))
			return &n->picture.at[i];
	return NULL;
}

/* Is it about something that the client watches? *ret_name is then what it calls it; the server is "". */
static bool is_wanted(const struct notify *n, struct id folder, struct slice *ret_name)
{
	const struct notify_row *row = id_is_zero(folder) ? NULL : row_of(n, folder);

	*ret_name = row == NULL ? S("") : row->name;
	if (id_is_zero(folder))
		return n->wants_server;
	return row != NULL && (row->events & IMAP_EVENT_MAILBOX_METADATA_CHANGE) != 0;
}

static bool is_first_of_folder(const struct change_notes *notes, const struct change_entry *entry)
{
	for (const struct change_entry *it = notes->entries; it != entry; it = it->next)
		if (id_same(it->folder, entry->folder))
			return false;
	return true;
}

static void put_names(struct imap *s, const struct change_entry *from)
{
	for (const struct change_entry *it = from; it != NULL; it = it->next) {
		if (!id_same(it->folder, from->folder))
			continue;
		imap_put(s, S(" "));
		imap_wrote(
			s, imap_text_astring(&s->out, (struct slice){ it->name, it->len }, false));
	}
}

bool notify_put_entries(struct imap *s, const struct notify *n, const struct change_notes *notes)
{
	struct slice name;

	for (const struct change_entry *it = notes->entries; it != NULL; it = it->next) {
		if (!is_wanted(n, it->folder, &name) || !is_first_of_folder(notes, it))
			continue;
		imap_put(s, S("* METADATA "));
		if (name.len == 0)
			imap_put(s, S("\"\""));
		else
			imap_put_name(s, name);
		put_names(s, it);
		imap_put(s, S("\r\n"));
	}
	return !notes->has_lost;
}
