/* SPDX-License-Identifier: MIT */
#include "session/imap/change.h"
#include "session/imap/place.h"
#include "session/imap/progress.h"
#include "session/imap/push.h"

#include "base/limits.h"
#include "mail/transfer.h"
#include "syntax/imap_command.h"

#include <inttypes.h>

static enum next copy_refused(struct imap *s, enum append_answer answer, const struct error *e)
{
	switch (answer) {
	case APPEND_OVER_QUOTA:
		return imap_no(s, S("[OVERQUOTA] There is no room for them"));
	case APPEND_TOO_BIG:
		return imap_no(s, S("[OVERQUOTA] They would not fit into an empty mailbox"));
	case APPEND_GONE:
		return imap_no(s, S("[TRYCREATE] That mailbox was deleted"));
	case APPEND_FULL:
		return imap_no(s, S("[LIMIT] That mailbox can take no more"));
	case APPEND_OK:
	case APPEND_FAILED:
		break;
	}
	return imap_failed(s, e);
}

/* COPYUID, RFC 4315 3: in the tagged answer; of a MOVE before anything is removed, RFC 6851 4.3. */
static void put_copyuid(struct imap *s, const struct transferred *done)
{
	imap_put_format(s, "[COPYUID %" PRIu32 " ", done->uid_validity);
	imap_put_uids(s, &done->from);
	imap_put(s, S(" "));
	imap_put_uids(s, &done->to);
	imap_put(s, S("] "));
}

static enum next copied(struct imap *s, const struct transferred *done, bool tells_uids)
{
	if (done->to.count == 0)
		return imap_ok(s, S("There was nothing to copy"));
	if (!tells_uids)
		return imap_ok(s, S("Copied"));
	if (!imap_tell_news(s))
		return NEXT_CLOSE;
	imap_put(s, s->tag);
	imap_put(s, S(" OK "));
	put_copyuid(s, done);
	imap_put(s, S("Copied\r\n"));
	return imap_push(s) ? NEXT_AGAIN : NEXT_CLOSE;
}

static enum next moved(struct imap *s, enum append_answer answer, const struct transferred *done,
	bool tells_uids, const struct error *e)
{
	if (done->to.count > 0 && tells_uids) {
		imap_put(s, S("* OK "));
		put_copyuid(s, done);
		imap_put(s, S("Moved\r\n"));
	}
	if (answer != APPEND_OK)
		return copy_refused(s, answer, e);
	if ((s->enabled & IMAP_ENABLED_QRESYNC) != 0 && done->to.count > 0)
		return imap_ok_format(s, "[HIGHESTMODSEQ %" PRIu64 "] Moved", done->modseq);
	return imap_ok(s, S("Moved"));
}

static enum next copy_to(
	struct imap *s, const struct imap_into *into, const struct uids *all, bool is_move)
{
	struct error e = { .fault = FAULT_NONE };
	struct transferred done = { 0 };
	enum append_answer answer;
	struct imap_progress progress;
	struct folder *to = into->folder;
	enum next next;

	imap_progress_begin(&progress, s, uids_size(all));
	const struct transfer transfer = { .mail = s->client.host->mail,
		.from = s->view.folder,
		.to = to,
		.target = &into->target,
		.is_move = is_move,
		/* RFC 4314 4: what one may not set there stays behind. */
		.flags_lost = ~imap_flags_allowed(into->rights, UINT32_MAX),
		.loses_keywords = (into->rights & IMAP_RIGHT_WRITE) == 0,
		.progress = imap_progress_step,
		.progress_context = &progress };
	s->tells_own = is_move;
	answer = transfer_run(&transfer, all, &done, &e);
	imap_notify_arrivals(
		s, folder_id(to), done.to.count > 0 ? done.to.at[0].first : 0, uids_size(&done.to));
	if (is_move)
		next = moved(s, answer, &done, imap_into_tells(into), &e);
	else
		next = answer == APPEND_OK ? copied(s, &done, imap_into_tells(into))
					   : copy_refused(s, answer, &e);
	transferred_done(&done);
	return next;
}

static enum next copy_run(struct imap *s, struct slice args, bool is_move)
{
	struct error e = { .fault = FAULT_NONE };
	enum next next = NEXT_CLOSE;
	enum mailbox_answer answer;
	struct imap_into into;
	struct imap_copy given;
	auto_uids all = { 0 };

	if (!imap_copy_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (!imap_set_take(s, given.set, &all, &next))
		return next;
	/* RFC 6851 4.4: a move deletes and expunges, too. */
	if (is_move && !imap_may(s, IMAP_RIGHT_TRASH | IMAP_RIGHT_EXPUNGE))
		return imap_no(s, S("[NOPERM] You may not remove messages from here"));
	answer = imap_into_open(s, given.mailbox, &into, &e);
	if (answer != MAILBOX_OK)
		return imap_mailbox_no(s, answer, S("TRYCREATE"), &e);
	next = copy_to(s, &into, &all, is_move);
	folder_close(into.folder);
	return next;
}

enum next imap_copy(struct imap *s, struct slice args)
{
	return copy_run(s, args, false);
}

enum next imap_move(struct imap *s, struct slice args)
{
	return copy_run(s, args, true);
}
