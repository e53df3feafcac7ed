/* SPDX-License-Identifier: MIT */
#include "session/imap/progress.h"

#include <inttypes.h>

void imap_progress_begin(struct imap_progress *p, struct imap *s, uint64_t goal)
{
	const struct session_host *h = s->client.host;

	*p = (struct imap_progress){
		.s = s,
		.goal = goal,
		.next_ns = clock_mono_ns(h->clock) + h->progress_wait_ms * NS_PER_MS,
	};
}

/* 4: NIL for a tag with "]", which would end the code for a client that does not look at quotes. */
static void put_tag(struct imap *s)
{
	if (slice_find(s->tag, ']') < s->tag.len)
		imap_put(s, S("NIL"));
	else
		imap_put_string(s, s->tag);
}

/* RFC 9585 4: done only grows, and stays under the goal. */
static bool progress_say(struct imap_progress *p)
{
	struct imap *s = p->s;

	imap_put(s, S("* OK [INPROGRESS ("));
	put_tag(s);
	imap_put_format(s, " %" PRIu64 " %" PRIu64 ")] %" PRIu64 " of %" PRIu64 " done\r\n",
		p->done, p->goal, p->done, p->goal);
	if (!imap_push(s) || !conn_flush(s->client.conn))
		s->is_broken = true;
	return !s->is_broken;
}

bool imap_progress_tell(struct imap_progress *p, uint64_t done)
{
	const struct session_host *h = p->s->client.host;
	uint64_t now_ns;

	if (done <= p->done || done >= p->goal)
		return true;
	p->done = done;
	now_ns = clock_mono_ns(h->clock);
	if (now_ns < p->next_ns)
		return true;
	p->next_ns = now_ns + h->progress_wait_ms * NS_PER_MS;
	return progress_say(p);
}

void imap_progress_step(void *context, uint64_t done)
{
	(void)imap_progress_tell(context, done);
}
