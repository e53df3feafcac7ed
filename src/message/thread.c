/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "message/message_id.h"
#include "message/thread_parts.h"

#include <stdlib.h>

enum { FIRST_NODES = 64 };

struct thread *thread_new(enum thread_how how, uint64_t secret)
{
	struct thread *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->how = how;
	text_table_init(&t->ids, secret, THREAD_TEXT_BYTES_MAX, THREAD_NODES_MAX);
	text_table_init(&t->subjects, secret, THREAD_TEXT_BYTES_MAX, THREAD_NODES_MAX);
	t->nodes = calloc(FIRST_NODES, sizeof *t->nodes);
	t->count = 1;
	t->room = FIRST_NODES;
	if (t->nodes != NULL)
		return t;
	thread_free(t);
	return NULL;
}

void thread_free(struct thread *t)
{
	if (t == NULL)
		return;
	text_table_done(&t->ids);
	text_table_done(&t->subjects);
	free(t->nodes);
	free(t);
}

uint32_t thread_node_add(struct thread *t)
{
	if (t->count == t->room) {
		size_t room = 2 * t->room;
		struct thread_node *nodes;

		/* Twice as many: step 5 of REFERENCES makes dummies of its own, fewer than messages. */
		if (room > 2 * (size_t)THREAD_NODES_MAX)
			return 0;
		nodes = realloc(t->nodes, room * sizeof *nodes);
		if (nodes == NULL)
			return 0;
		t->nodes = nodes;
		t->room = room;
	}
	t->nodes[t->count] = (struct thread_node){ 0 };
	return (uint32_t)t->count++;
}

/* ---- Step 1 of REFERENCES ---- */

/* The node with this id; a dummy when it is new. 0: no room. */
static uint32_t node_of_id(struct thread *t, struct slice id)
{
	struct text_row *row = text_table_row(&t->ids, id);

	if (row == NULL)
		return 0;
	if (row->value == 0)
		row->value = thread_node_add(t);
	return row->value;
}

/* The message's own node. Of two with one id, the second has none; so has a message without an id. */
static uint32_t node_of_message(struct thread *t, const struct thread_message *m)
{
	uint32_t node = 0;

	if (m->message_id.len > 0) {
		node = node_of_id(t, m->message_id);
		if (node == 0 || t->nodes[node].number == 0)
			return node;
	}
	return thread_node_add(t);
}

/* (A): each reference is the parent of the next, unless that has one already or it would be a loop. */
static bool link_references(struct thread *t, struct slice references, uint32_t *ret_last)
{
	auto_buf id = { .max = MESSAGE_ID_BYTES_MAX };
	uint32_t last = 0;

	for (size_t at = 0; message_id_next(references, &at, &id);) {
		uint32_t node = node_of_id(t, buf_slice(&id));

		if (node == 0)
			return false;
		if (last != 0 && t->nodes[node].parent == 0 && !thread_is_under(t, last, node))
			thread_link(t, last, node);
		last = node;
	}
	*ret_last = last;
	return true;
}

/* (B): what the message itself says of its parent stands above what others say. */
static void link_message(struct thread *t, uint32_t parent, uint32_t node)
{
	if (t->nodes[node].parent != 0)
		thread_cut(t, node);
	if (parent != 0 && !thread_is_under(t, parent, node))
		thread_link(t, parent, node);
}

bool thread_add(struct thread *t, const struct thread_message *m)
{
	struct text_row *subject = text_table_row(&t->subjects, m->subject);
	bool by_references = t->how == THREAD_BY_REFERENCES;
	uint32_t node, parent = 0;

	if (t->count > THREAD_NODES_MAX || subject == NULL)
		return false;
	node = by_references ? node_of_message(t, m) : thread_node_add(t);
	if (node == 0)
		return false;
	t->nodes[node].number = t->nodes[node].order = m->number;
	t->nodes[node].sent_s = m->sent_s;
	t->nodes[node].is_reply = m->is_reply;
	t->nodes[node].subject = (uint32_t)(subject - t->subjects.rows);
	if (!by_references)
		return true;
	if (!link_references(t, m->references, &parent))
		return false;
	link_message(t, parent, node);
	return true;
}

bool thread_finish(struct thread *t)
{
	return t->how == THREAD_BY_REFERENCES ? thread_gather_references(t)
					      : thread_gather_subjects(t);
}

/* ---- The answer: RFC 5256 4 ---- */

/* Its first child, after which the way goes on; one child alone needs no parentheses. */
static uint32_t say_down(const struct thread *t, uint32_t node, thread_say_fn *say, void *context)
{
	uint32_t child = t->nodes[node].child;

	if (t->nodes[node].number != 0)
		say(context, 0, t->nodes[node].number);
	if (child != 0 && t->nodes[child].next != 0)
		say(context, '(', 0);
	return child;
}

/* Up to where a sibling follows, and to it; 0: the thread is over. */
static uint32_t say_up(const struct thread *t, uint32_t node, thread_say_fn *say, void *context)
{
	while (t->nodes[node].parent != 0) {
		uint32_t parent = t->nodes[node].parent;
		bool is_only = t->nodes[parent].child == node && t->nodes[node].next == 0;

		if (!is_only)
			say(context, ')', 0);
		if (t->nodes[node].next != 0) {
			say(context, '(', 0);
			return t->nodes[node].next;
		}
		node = parent;
	}
	return 0;
}

void thread_say(const struct thread *t, thread_say_fn *say, void *context)
{
	for (uint32_t top = t->top; top != 0; top = t->nodes[top].next) {
		uint32_t node = top;

		say(context, '(', 0);
		while (node != 0) {
			uint32_t child = say_down(t, node, say, context);

			node = child != 0 ? child : say_up(t, node, say, context);
		}
		say(context, ')', 0);
	}
}
