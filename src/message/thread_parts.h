/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * thread_parts - what thread.c, thread_links.c and thread_gather.c share.
 *
 * A node is a message, or a dummy: an id that is named and was not found, or what holds together messages of one subject.
 * nodes[0] is nobody: a node whose parent is 0 is at the top.
 */
#include "message/text_table.h"
#include "message/thread.h"

struct thread_node {
	int64_t sent_s;  /* of a dummy: of its first child, once known */
	uint32_t order;  /* decides between equal dates: the number; of a dummy its first child's */
	uint32_t number; /* 0: a dummy */
	uint32_t subject;             /* row of the subjects' table; of a dummy its first child's */
	uint32_t parent, child, next; /* child: the first; next: its next sibling */
	uint32_t left, right, above;  /* thread_links.c's */
	bool is_reply;
	bool is_out; /* a dummy that is no longer there */
};
struct thread {
	enum thread_how how;
	struct thread_node *nodes;
	size_t count, room; /* with nodes[0] */
	uint32_t top;       /* the first of the top level, when finished */
	struct text_table ids,
		subjects; /* value of an id: its node; of a subject: see thread_gather.c */
};

/* 0: over the limit, or out of memory. */
MUST_CHECK uint32_t thread_node_add(struct thread *t);

/* thread_links.c: the forest of parents while it is built. */
/* Does the way up from `node` come to `ancestor`, which has no parent? */
bool thread_is_under(struct thread *t, uint32_t node, uint32_t ancestor);
/* Makes `parent` the parent of `node`, which has none and is not above `parent`. */
void thread_link(struct thread *t, uint32_t parent, uint32_t node);
void thread_cut(struct thread *t, uint32_t node);

/* thread_gather.c: steps 2 to 6 of REFERENCES, and all of ORDEREDSUBJECT. False: out of memory. */
MUST_CHECK bool thread_gather_references(struct thread *t);
MUST_CHECK bool thread_gather_subjects(struct thread *t);
