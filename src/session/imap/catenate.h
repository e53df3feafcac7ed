/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * catenate - a message, or a part of one, that an IMAP URL names: what CATENATE (RFC 4469) joins, byte for byte as FETCH BODY[…]
 * would say it.
 *
 * The URL is relative to this server and account, and to the selected mailbox when it names none. \Seen stays as it is.
 */
#include "mail/body.h"
#include "session/imap/fetch.h"

struct catenated {
	struct folder *folder; /* owned */
	struct entry_page page;
	struct imap_section section;
	struct imap_fetch_items what;
	struct fetching f;
	struct section_range range;
	bool is_fields; /* the bytes are in f.fields */
	uint64_t bytes;
};
enum catenate_answer {
	CATENATE_OK,
	CATENATE_BAD_URL, /* *ret_why says what is wrong with it: for people */
	CATENATE_FAILED,  /* e says why */
};
/* In every case catenate_close() follows. c->bytes is how long it is. */
MUST_CHECK enum catenate_answer catenate_open(struct catenated *c, struct imap *s, struct slice url,
	struct slice *ret_why, struct error *e);
MUST_CHECK bool catenate_copy(struct catenated *c, struct body_writer *to, struct error *e);
void catenate_close(struct catenated *c);
