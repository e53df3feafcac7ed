/* SPDX-License-Identifier: MIT */
#include "session/imap/change.h"
#include "session/imap/place.h"

#include "syntax/imap_command.h"

#include <inttypes.h>

/* EXPUNGE, and UID EXPUNGE of RFC 4315. What went is told before the tagged answer, as whatever others removed. */
enum next imap_expunge(struct imap *s, struct slice args)
{
	struct error e = { .fault = FAULT_NONE };
	auto_uids only = { 0 }, gone = { 0 };
	enum next next = NEXT_CLOSE;
	struct imap_set set;
	uint64_t modseq;

	if (s->is_uid ? !imap_uid_set_parse(&s->parse, args, &set)
		      : !imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	if (!imap_may(s, IMAP_RIGHT_EXPUNGE))
		return imap_no(s, S("[NOPERM] You may not expunge here"));
	if (s->is_uid && !imap_set_take(s, set, &only, &next))
		return next;
	s->tells_own = true;
	if (!folder_expunge(s->view.folder, s->is_uid ? &only : NULL, &gone, &modseq, &e))
		return imap_failed(s, &e);
	if ((s->enabled & IMAP_ENABLED_QRESYNC) != 0 && gone.count > 0)
		return imap_ok_format(s, "[HIGHESTMODSEQ %" PRIu64 "] Expunged", modseq);
	return imap_ok(s, S("Expunged"));
}
