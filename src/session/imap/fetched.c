/* SPDX-License-Identifier: MIT */
#include "session/imap/imap.h"

#include "mail/timeline.h"

#include <stdlib.h>

/* Lazy in the store, so no sync; a note that a crash takes is harmless. */
void imap_note_fetched(struct imap *s)
{
	struct slice account = slice_of(s->client.account);
	struct timeline timeline;

	for (size_t i = 0; i < s->fetched_count; i++) {
		const struct imap_fetched *f = &s->fetched[i];

		timeline_begin(&timeline, f->message);
		timeline_note_at(&timeline, STAGE_FETCHED, f->when.mono_ns, f->when.wall_ns,
			f->bytes, account);
		timelines_add(s->client.host->mail->timelines, &timeline, S(""), NULL, 0);
		timeline_log(&timeline);
	}
	s->fetched_count = 0;
}

void imap_fetched(struct imap *s, const struct entry *entry)
{
	client_count(&s->client, COUNT_FETCHED);
	if (entry->uid < s->uid_fetched || (entry->flags & ENTRY_SEEN) != 0)
		return;
	s->uid_fetched = entry->uid + 1;
	if (s->fetched == NULL)
		s->fetched = calloc(IMAP_FETCHED, sizeof *s->fetched);
	if (s->fetched == NULL)
		return; /* a trace is not worth a failure */
	s->fetched[s->fetched_count++] = (struct imap_fetched){ .message = entry->message,
		.bytes = entry->bytes,
		.when = moment_now(s->client.host->clock) };
	if (s->fetched_count == IMAP_FETCHED)
		imap_note_fetched(s);
}
