/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fetch - one FETCH: what fetch.c (the command), fetch_item.c (what is short) and fetch_section.c (bytes of messages) share.
 *
 * A message is prepared before the first word about it is said: whatever can fail is read, so that a message that is gone or
 * damaged is left out and the command ends with NO. What fails later (the middle of a big body) ends the session.
 */
#include "session/imap/imap.h"
#include "session/imap/record.h"
#include "syntax/imap_fetch.h"

struct fetching {
	struct imap *s;
	const struct imap_fetch_items *what;
	unsigned items; /* what->items, and what is added to them */
	bool needs_summary, needs_parts, needs_bytes;
	bool marks_seen; /* some section is no peek */
	struct imap_records records;
	uint32_t last; /* the last UID of the page */
	struct bodies_ahead ahead;

	/* Of the message at hand: */
	const struct entry *entry;
	bool was_marked; /* \Seen is new: FLAGS go along */
	bool has_said;   /* some item: the next one needs a space */
	struct structure_summary summary;
	struct structure structure;
	struct arena arena; /* of the structure */
	struct body_reader reader;
	struct buf header; /* bytes of a header to look into */
	struct buf fields; /* what HEADER.FIELDS takes of it */
};

enum fetch_ready {
	FETCH_READY,
	FETCH_GONE,        /* it was removed meanwhile, or cannot be read: e says why */
	FETCH_UNKNOWN_CTE, /* BINARY of a part whose encoding nobody knows: RFC 3516 4.3 */
};

/* fetch_item.c */
void fetch_put_items(struct fetching *f);
/* Between two items. */
void fetch_space(struct fetching *f);

/* fetch_section.c */
/* Reads what the sections need first. */
MUST_CHECK enum fetch_ready fetch_prepare_sections(struct fetching *f, struct error *e);
/* False: the session ends, and e may say why. */
MUST_CHECK bool fetch_put_sections(struct fetching *f, struct error *e);
/* Where a section lies in the message; false: the message has no such part. */
bool fetch_range_of(const struct fetching *f, const struct imap_section *section,
	struct section_range *ret, enum transfer *ret_transfer);
/* What <offset.bytes> leaves of so many bytes. */
void fetch_cut(const struct imap_section *section, uint64_t *ret_offset, uint64_t *bytes);
/* HEADER.FIELDS of the header that stands there: into f->fields. */
MUST_CHECK bool fetch_read_fields(struct fetching *f, const struct imap_section *section,
	struct section_range range, struct error *e);
/* fetch_bytes.c */
/* The next piece from f->reader.at up to `end`, or an empty one there; a message that is shorter than its record says is
 * damaged. */
MUST_CHECK bool fetch_range_next(
	struct fetching *f, uint64_t end, struct slice *ret, struct error *e);
/* A range of the message to the client, as it stands there. */
MUST_CHECK bool fetch_send_range(struct fetching *f, struct section_range range, struct error *e);
/* The first LIMIT_HEADER_BYTES of a range into `out`, which is emptied first. */
MUST_CHECK bool fetch_read_range(
	struct fetching *f, struct section_range range, struct buf *out, struct error *e);
/* BINARY: how long it is decoded, and whether a NUL is in it. */
struct fetch_decoded {
	uint64_t bytes;
	bool has_nul;
};
MUST_CHECK bool fetch_measure(struct fetching *f, struct section_range range,
	enum transfer transfer, struct fetch_decoded *ret, struct error *e);
/* Sends `bytes` of the decoded text from `offset` on. */
MUST_CHECK bool fetch_send_decoded(struct fetching *f, struct section_range range,
	enum transfer transfer, uint64_t offset, uint64_t bytes, struct error *e);

/* fetch.c */
void fetching_done(struct fetching *f);
/* What NOTIFY asks of new messages (RFC 5465 5.2): nothing is marked \Seen, and what is gone already is left out. */
void imap_fetch_new(struct imap *s, const struct imap_fetch_items *what, const struct uids *uids);
enum next imap_fetch(struct imap *s, struct slice args);
