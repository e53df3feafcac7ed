/* SPDX-License-Identifier: MIT */
#include "session/imap/fetch.h"

#include "message/envelope_text.h"
#include "message/structure_text.h"
#include "syntax/imap_date.h"
#include "syntax/imap_text.h"

#include <inttypes.h>

static void put_time(struct imap *s, uint64_t wall_ns, int32_t zone_min)
{
	struct imap_time time = { .seconds = (int64_t)(wall_ns / NS_PER_S),
		.zone_minutes = zone_min };

	imap_wrote(s, imap_time_write(&s->out, time));
}

/* Its envelope stands in the record, but for a message with hundreds of recipients. */
static void put_envelope(struct fetching *f)
{
	struct imap *s = f->s;

	imap_put(s, S("ENVELOPE "));
	if (f->summary.has_envelope)
		imap_put(s, f->summary.envelope);
	else if (!envelope_text_add(buf_slice(&f->header), &s->out))
		s->is_broken = true;
}

static void put_structure(struct fetching *f, bool has_extension)
{
	struct imap *s = f->s;

	imap_put(s, has_extension ? S("BODYSTRUCTURE ") : S("BODY "));
	/* An answer of full length has its room: what was said before it leaves first. */
	if (imap_push(s))
		imap_wrote(s, structure_text_add(&f->structure, has_extension, &s->out));
}

static void put_id(struct imap *s, const char *name, struct id id)
{
	char room[ID_TEXT_BYTES + 1];

	imap_put_format(s, "%s (%.*s)", name, S_FMT(id_text(id, room)));
}

static void put_one(struct fetching *f, unsigned item)
{
	const struct entry *entry = f->entry;
	struct imap *s = f->s;

	switch ((enum imap_fetch_item)item) {
	case IMAP_FETCH_UID:
		return imap_put_format(s, "UID %" PRIu32, entry->uid);
	case IMAP_FETCH_FLAGS:
		return imap_put_flags(s, entry);
	case IMAP_FETCH_INTERNALDATE:
		imap_put(s, S("INTERNALDATE "));
		return put_time(s, entry->received_ns, entry->zone_min);
	case IMAP_FETCH_SIZE:
		return imap_put_format(s, "RFC822.SIZE %" PRIu64, entry->bytes);
	case IMAP_FETCH_ENVELOPE:
		return put_envelope(f);
	case IMAP_FETCH_BODY:
	case IMAP_FETCH_BODYSTRUCTURE:
		return put_structure(f, item == IMAP_FETCH_BODYSTRUCTURE);
	case IMAP_FETCH_MODSEQ:
		return imap_put_format(s, "MODSEQ (%" PRIu64 ")", entry->modseq);
	case IMAP_FETCH_EMAILID:
		return put_id(s, "EMAILID", entry->message);
	case IMAP_FETCH_THREADID: /* RFC 8474 5.2: we keep no threads */
		return imap_put(s, S("THREADID NIL"));
	case IMAP_FETCH_SAVEDATE:
		imap_put(s, S("SAVEDATE "));
		return entry->saved_ns == 0 ? imap_put(s, S("NIL"))
					    : put_time(s, entry->saved_ns, 0);
	case IMAP_FETCH_PREVIEW:
		imap_put(s, S("PREVIEW "));
		return imap_put_string(s, f->summary.preview);
	case IMAP_FETCH_PREVIEW_LAZY: /* it is no work: it stands in the record */
		break;
	}
}

void fetch_space(struct fetching *f)
{
	if (f->has_said)
		imap_put(f->s, S(" "));
	f->has_said = true;
}

/* RFC 7162 3.2.4: what FETCH itself changed is told as any other change is. */
static unsigned marked_items(const struct imap *s)
{
	const unsigned of_condstore =
		IMAP_FETCH_MODSEQ | (imap_is_uid_only(s) ? 0 : IMAP_FETCH_UID);
	bool has_condstore = (s->enabled & IMAP_ENABLED_CONDSTORE) != 0;

	return IMAP_FETCH_FLAGS | (has_condstore ? of_condstore : 0);
}

void fetch_put_items(struct fetching *f)
{
	unsigned items = f->items & ~(unsigned)IMAP_FETCH_PREVIEW_LAZY;

	if (f->was_marked)
		items |= marked_items(f->s);
	for (unsigned item = 1; item <= items; item <<= 1)
		if ((items & item) != 0) {
			fetch_space(f);
			put_one(f, item);
		}
}
