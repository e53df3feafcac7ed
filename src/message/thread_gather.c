/* SPDX-License-Identifier: MIT */
#include "message/thread_parts.h"

#include <stdlib.h>

static bool is_dummy(const struct thread_node *n)
{
	return n->number == 0;
}

/* ---- Order: by date, then as in the mailbox (RFC 5256 2.2) ---- */

static int node_order(const void *first, const void *second, void *context)
{
	const struct thread_node *nodes = context;
	const struct thread_node *a = &nodes[*(const uint32_t *)first];
	const struct thread_node *b = &nodes[*(const uint32_t *)second];

	if (a->sent_s != b->sent_s)
		return a->sent_s < b->sent_s ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

static bool is_earlier(const struct thread_node *a, const struct thread_node *b)
{
	return a->sent_s != b->sent_s ? a->sent_s < b->sent_s : a->order < b->order;
}

/* Every dummy at the top stands where its first child stands, and has its subject. */
static void date_dummies(struct thread *t)
{
	struct thread_node *n = t->nodes;

	for (size_t i = 1; i < t->count; i++)
		if (is_dummy(&n[i]))
			n[i].order = 0;
	for (size_t i = 1; i < t->count; i++) {
		struct thread_node *parent = &n[n[i].parent];

		if (n[i].is_out || n[i].parent == 0 || !is_dummy(parent) ||
			(parent->order != 0 && !is_earlier(&n[i], parent)))
			continue;
		parent->sent_s = n[i].sent_s;
		parent->order = n[i].order;
		parent->subject = n[i].subject;
	}
}

/* The nodes that are still there, in order; only those at the top, or all. NULL: out of memory. */
static uint32_t *sorted(const struct thread *t, bool only_top, size_t *ret_count)
{
	uint32_t *list = malloc(t->count * sizeof *list);
	size_t count = 0;

	if (list == NULL)
		return NULL;
	for (uint32_t i = 1; i < t->count; i++)
		if (!t->nodes[i].is_out && (!only_top || t->nodes[i].parent == 0))
			list[count++] = i;
	if (count > 1)
		qsort_r(list, count, sizeof *list, node_order, t->nodes);
	*ret_count = count;
	return list;
}

/* Makes the lists of children, in the order of this list. */
static void lists_make(struct thread *t, const uint32_t *list, size_t count)
{
	struct thread_node *n = t->nodes;

	t->top = 0;
	for (size_t i = 0; i < t->count; i++)
		n[i].child = n[i].next = 0;
	while (count > 0) {
		uint32_t node = list[--count];
		uint32_t *head = n[node].parent == 0 ? &t->top : &n[n[node].parent].child;

		n[node].next = *head;
		*head = node;
	}
}

/* Steps 4 and 6 for the whole tree at once. */
static bool sort_all(struct thread *t)
{
	auto_free uint32_t *list = NULL;
	size_t count;

	date_dummies(t);
	list = sorted(t, false, &count);
	if (list == NULL)
		return false;
	lists_make(t, list, count);
	return true;
}

/* ---- Step 3: dummies go, but those at the top that hold several together ---- */

/* Parents before their children. NULL: out of memory. */
static uint32_t *from_the_top(struct thread *t)
{
	uint32_t *list = malloc(t->count * sizeof *list);
	size_t count = 0;

	if (list == NULL)
		return NULL;
	for (uint32_t i = 0; i < t->count; i++)
		list[i] = i;
	lists_make(t, list + 1, t->count - 1);
	for (uint32_t i = t->top; i != 0; i = t->nodes[i].next)
		list[count++] = i;
	for (size_t at = 0; at < count; at++)
		for (uint32_t i = t->nodes[list[at]].child; i != 0; i = t->nodes[i].next)
			list[count++] = i;
	invariant(count == t->count - 1);
	return list;
}

/* What hangs under a dummy that is not at the top hangs under the dummy's parent. */
static bool promote(struct thread *t)
{
	auto_free uint32_t *list = from_the_top(t);
	struct thread_node *n = t->nodes;

	if (list == NULL)
		return false;
	for (size_t i = 0; i < t->count - 1; i++) {
		struct thread_node *node = &n[list[i]], *parent = &n[node->parent];

		if (node->parent != 0 && is_dummy(parent) && parent->parent != 0)
			node->parent = parent->parent;
		node->is_out = is_dummy(node) && node->parent != 0;
	}
	return true;
}

static bool prune(struct thread *t)
{
	struct thread_node *n = t->nodes;

	if (!promote(t))
		return false;
	/* `left` counts the messages under a dummy at the top: the links are not needed any more. */
	for (size_t i = 1; i < t->count; i++)
		n[i].left = 0;
	for (size_t i = 1; i < t->count; i++)
		if (!n[i].is_out)
			n[n[i].parent].left++;
	for (size_t i = 1; i < t->count; i++) {
		uint32_t parent = n[i].parent;

		if (!n[i].is_out && parent != 0 && is_dummy(&n[parent]) && n[parent].left == 1)
			n[i].parent = 0;
	}
	for (size_t i = 1; i < t->count; i++)
		if (is_dummy(&n[i]) && n[i].left < 2)
			n[i].is_out = true;
	return true;
}

/* ---- Step 5: threads of one subject belong together ---- */

static uint32_t *subject_place(struct thread *t, uint32_t node)
{
	return &t->subjects.rows[t->nodes[node].subject].value;
}

static bool has_subject(const struct thread *t, uint32_t node)
{
	return t->subjects.rows[t->nodes[node].subject].text.len > 0;
}

/* (B) */
static void subject_fill(struct thread *t, uint32_t node)
{
	const struct thread_node *now = &t->nodes[node], *before;
	uint32_t *place = subject_place(t, node);

	if (*place == 0) {
		*place = node;
		return;
	}
	before = &t->nodes[*place];
	if (!is_dummy(before) && (is_dummy(now) || (before->is_reply && !now->is_reply)))
		*place = node;
}

/* (C) for two that are both messages: a dummy holds them together. */
static bool join_under_dummy(struct thread *t, uint32_t node, uint32_t other)
{
	uint32_t dummy = thread_node_add(t);

	if (dummy == 0)
		return false;
	t->nodes[dummy].subject = t->nodes[node].subject;
	t->nodes[node].parent = t->nodes[other].parent = dummy;
	*subject_place(t, dummy) = dummy;
	return true;
}

/* (C); of two dummies one goes, and `right` says where its children went. */
static bool subject_join(struct thread *t, uint32_t node)
{
	uint32_t other = *subject_place(t, node);
	struct thread_node *n = t->nodes;

	if (other == node || n[node].parent != 0)
		return true;
	if (is_dummy(&n[node]) && is_dummy(&n[other])) {
		n[node].is_out = true;
		n[node].right = other;
	} else if (is_dummy(&n[other]) || (n[node].is_reply && !n[other].is_reply)) {
		n[node].parent = other;
	} else {
		return join_under_dummy(t, node, other);
	}
	return true;
}

static bool gather_subjects(struct thread *t)
{
	auto_free uint32_t *tops = NULL;
	size_t count;

	tops = sorted(t, true, &count);
	if (tops == NULL)
		return false;
	for (size_t i = 1; i < t->count; i++)
		t->nodes[i].right = 0;
	for (size_t i = 0; i < count; i++)
		if (has_subject(t, tops[i]))
			subject_fill(t, tops[i]);
	for (size_t i = 0; i < count; i++)
		if (has_subject(t, tops[i]) && !subject_join(t, tops[i]))
			return false;
	for (size_t i = 1; i < t->count; i++) {
		uint32_t moved = t->nodes[t->nodes[i].parent].right;

		if (moved != 0)
			t->nodes[i].parent = moved;
	}
	return true;
}

bool thread_gather_references(struct thread *t)
{
	if (!prune(t))
		return false;
	date_dummies(t);
	return gather_subjects(t) && sort_all(t);
}

/* ---- ORDEREDSUBJECT: the first of each subject is the parent of the others ---- */

bool thread_gather_subjects(struct thread *t)
{
	auto_free uint32_t *list = NULL;
	size_t count;

	list = sorted(t, true, &count);
	if (list == NULL)
		return false;
	for (size_t i = 0; i < count; i++) {
		uint32_t *first = subject_place(t, list[i]);

		if (*first == 0)
			*first = list[i];
		else
			t->nodes[list[i]].parent = *first;
	}
	lists_make(t, list, count);
	return true;
}
