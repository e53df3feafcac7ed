/* SPDX-License-Identifier: MIT */
#include "mail/acceptance.h"

#include "message/header.h"
#include "message/trace.h"

#include <stdlib.h>

enum {
	PREFIX_BYTES =
		4096 /* Return-Path and Delivered-To of the longest addresses are under 2 KiB */
};

static int landing_order(const void *a, const void *b)
{
	const struct landing *x = a, *y = b;

	return memcmp(&x->target->account, &y->target->account, sizeof(struct id));
}

struct landing *acceptance_landing(const struct acceptance *a, struct id account)
{
	struct target target = { .account = account };
	struct landing wanted = { .target = &target };

	return bsearch(&wanted, a->landings, a->landing_count, sizeof wanted, landing_order);
}

static bool short_of_memory(struct error *e)
{
	return fail(e, FAULT_LATER, "accept a message: out of memory");
}

static void remote_add(
	struct acceptance *a, const struct target *t, const struct envelope_rcpt *rcpt)
{
	struct spool_rcpt *r = &a->remotes[a->remote_count];

	for (size_t i = 0; i < a->remote_count; i++) {
		if (slice_same_nocase(a->remotes[i].address, t->address))
			return;
	}
	*r = (struct spool_rcpt){ .address = t->address, .fate = SPOOL_WAITING };
	if (rcpt != NULL) {
		r->orcpt = rcpt->orcpt;
		r->notify = rcpt->notify;
	}
	a->remote_count++;
}

/* All targets of all recipients, each mailbox and each remote address once. */
static bool collect(struct acceptance *a, struct error *e)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < a->rcpt_count; i++)
		count += a->rcpts[i].targets.count;
	a->landings = arena_take(&a->arena, (count + 1) * sizeof *a->landings);
	a->remotes = arena_take(&a->arena, (count + 1) * sizeof *a->remotes);
	if (a->landings == NULL || a->remotes == NULL)
		return short_of_memory(e);
	count = 0;
	for (size_t i = 0; i < a->rcpt_count; i++) {
		for (size_t k = 0; k < a->rcpts[i].targets.count; k++) {
			const struct target *t = &a->rcpts[i].targets.at[k];

			if (t->is_local)
				a->landings[count++].target = t;
			else
				remote_add(a, t, a->rcpts[i].rcpt);
		}
	}
	if (count > 0)
		qsort(a->landings, count, sizeof *a->landings, landing_order);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || landing_order(&a->landings[kept - 1], &a->landings[i]) != 0)
			a->landings[kept++] = a->landings[i];
	}
	a->landing_count = kept;
	if (kept + a->remote_count > LIMIT_EXPANDED_RCPT_COUNT)
		return fail(e, FAULT_NEVER, "accept a message: more than %d recipients",
			LIMIT_EXPANDED_RCPT_COUNT);
	return true;
}

static bool landing_open(struct acceptance *a, struct landing *l, struct error *e)
{
	char room[PREFIX_BYTES];
	struct buf prefix = BUF_OVER(room);

	if (!buf_add(&prefix, a->return_path) || !buf_add(&prefix, S("Delivered-To: ")) ||
		!buf_add(&prefix, l->target->address) || !buf_add(&prefix, S("\r\n")))
		return fail(e, FAULT_NEVER, "accept a message: an address is too long");
	l->prefix = arena_copy(&a->arena, buf_slice(&prefix));
	if (l->prefix.at == NULL)
		return short_of_memory(e);
	l->bytes = l->prefix.len + a->intake->body.bytes;
	if (!quota_ready_for(a->mail, l->target, e))
		return false;
	return folder_open(a->mail->folders, l->target->account, &l->folder, e);
}

/* The remote recipients in items that fit into a value. */
static bool items_make(struct acceptance *a, struct error *e)
{
	const struct envelope *envelope = a->intake->envelope;
	size_t at = 0;

	a->items = arena_take(&a->arena, (a->remote_count + 1) * sizeof *a->items);
	if (a->items == NULL)
		return short_of_memory(e);
	while (at < a->remote_count) {
		size_t count = spool_item_fit(a->remotes + at, a->remote_count - at);

		a->items[a->item_count] =
			(struct spool_item){ .id = spool_id_new(a->mail->clock, a->item_count),
				.reverse_path = envelope->reverse_path,
				.envid = envelope->envid,
				.ret = envelope->ret,
				.body_type = envelope->body,
				.is_utf8 = envelope->is_utf8,
				.rcpts = a->remotes + at,
				.rcpt_count = count,
				.queued_s = a->received_ns / NS_PER_S,
				.due_s = a->received_ns / NS_PER_S };
		a->item_count++;
		at += count;
	}
	if (a->item_count > 0 && !spool_has_room(a->mail->spool, a->item_count))
		return fail(e, FAULT_LATER, "accept a message: %d already wait for other hosts",
			LIMIT_SPOOL_ITEMS);
	return true;
}

/* What the session did not say is in the header, when the body has not left memory. */
static struct slice message_id_find(const struct intake *i)
{
	struct slice bytes = buf_slice(&i->body.tail);
	struct slice value = S("");
	const char *end;

	if (i->message_id.len > 0 || i->body.chunk_count > 0 || bytes.len == 0)
		return i->message_id;
	end = memmem(bytes.at, bytes.len, "\r\n\r\n", 4);
	if (end != NULL)
		bytes.len = (size_t)(end - bytes.at) + 2;
	(void)header_find(bytes, S("Message-ID"), &value);
	return value;
}

bool acceptance_begin(struct acceptance *a, struct error *e)
{
	char room[PREFIX_BYTES];
	struct buf path = BUF_OVER(room);

	if (!trace_return_path(a->intake->envelope->reverse_path, &path))
		return fail(e, FAULT_NEVER, "accept a message: its reverse-path is too long");
	a->return_path = arena_copy(&a->arena, buf_slice(&path));
	if (a->return_path.at == NULL)
		return short_of_memory(e);
	a->received_ns = clock_wall_ns(a->mail->clock);
	a->message_id = message_id_find(a->intake);
	if (!collect(a, e) || !items_make(a, e))
		return false;
	for (size_t i = 0; i < a->landing_count; i++) {
		if (!landing_open(a, &a->landings[i], e))
			return false;
	}
	return true;
}

void acceptance_done(struct acceptance *a)
{
	for (size_t i = 0; i < a->landing_count; i++) {
		if (a->landings[i].folder != NULL)
			folder_close(a->landings[i].folder);
	}
	arena_done(&a->arena);
}
