/* SPDX-License-Identifier: MIT */
/*
 * thread - THREAD: RFC 5256. What it needs of a message stands in its record: no body is opened.
 */
#include "message/thread.h"

#include "base/limits.h"
#include "message/charset.h"
#include "session/imap/sort.h"

#include <inttypes.h>
#include <sys/random.h>

struct threading {
	struct imap *s;
	struct thread *thread;
	struct buf words, folded;
	bool is_short;
	bool was_number; /* a message's number was said last */
};

static bool message_read(struct search *q, struct envelope_view *ret, struct error *e)
{
	return search_summary(q, e) && search_envelope(q, ret, e);
}

/* A message that cannot be read any more is left out. */
static bool on_found(void *context, struct search *q)
{
	struct threading *t = context;
	struct error e = { .fault = FAULT_NONE };
	struct envelope_view view;
	struct thread_message m = { .number = q->entry->uid };

	if (!message_read(q, &view, &e)) {
		imap_note_failure(t->s, &e);
		return true;
	}
	m.sent_s = sort_sent_s(q);
	m.message_id = q->summary.message_id;
	m.references = q->summary.references;
	t->is_short = !sort_subject(view.subject, &t->words, &t->folded, &m.is_reply);
	m.subject = buf_slice(&t->folded);
	t->is_short = t->is_short || !thread_add(t->thread, &m);
	return !t->is_short;
}

static void say(void *context, char mark, uint32_t number)
{
	struct threading *t = context;
	struct imap *s = t->s;

	if (t->was_number && mark != ')')
		imap_put(s, S(" "));
	t->was_number = mark == 0;
	if (mark != 0)
		imap_put(s, (struct slice){ &mark, 1 });
	else
		imap_put_format(
			s, "%" PRIu32, s->is_uid ? number : uids_seq(&s->view.uids, number));
}

static enum next thread_run(struct threading *t, struct search *q)
{
	struct error e = { .fault = FAULT_NONE };
	struct imap *s = t->s;

	if (!search_run(q, on_found, t, &e))
		return imap_failed(s, &e);
	if (t->is_short || !thread_finish(t->thread))
		return imap_no(s, S("[LIMIT] Too many messages to thread"));
	imap_put(s, S("* THREAD"));
	t->was_number = true; /* a space before the first */
	thread_say(t->thread, say, t);
	imap_put(s, S("\r\n"));
	return imap_ok(s, S("That is all"));
}

static enum next thread_begin(struct imap *s, const struct imap_search *given, struct search *q)
{
	bool by_subject = given->thread == IMAP_THREAD_ORDEREDSUBJECT;
	struct threading t = { .s = s,
		.words = { .max = LIMIT_HEADER_BYTES },
		.folded = { .max = (size_t)CHARSET_FOLD_GROWTH * LIMIT_HEADER_BYTES } };
	enum next next = NEXT_CLOSE;
	uint64_t secret = 0;

	if (getrandom(&secret, sizeof secret, 0) != (ssize_t)sizeof secret)
		return imap_no(s, S("[UNAVAILABLE] Temporary failure, try again later"));
	t.thread = thread_new(by_subject ? THREAD_BY_SUBJECT : THREAD_BY_REFERENCES, secret);
	next = t.thread == NULL ? imap_no(s, S("[LIMIT] Out of memory")) : thread_run(&t, q);
	thread_free(t.thread);
	buf_done(&t.words);
	buf_done(&t.folded);
	return next;
}

enum next imap_thread(struct imap *s, struct slice args)
{
	struct imap_search given;
	struct slice why;
	struct search q;
	enum next next;

	if (!imap_thread_parse(&s->parse, args, &given))
		return imap_misparsed(s);
	if (given.has_modseq)
		imap_condstore(s);
	why = search_begin(&q, s, &s->view, given.key);
	next = why.len > 0 ? search_refused(s, why) : thread_begin(s, &given, &q);
	search_done(&q);
	return next;
}
