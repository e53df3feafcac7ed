/* SPDX-License-Identifier: MIT */
#include "thread_model.h"

#include <stdio.h>
#include <string.h>

enum { NODES_MAX = 64, NOBODY = -1, ROOT = -2 };

/* Lists of children are kept, and changed as the RFC says. */
struct node {
	const struct thread_message *message; /* NULL: a dummy */
	char id;
	int parent; /* NOBODY, ROOT, or a node */
	int children[NODES_MAX];
	size_t child_count;
};
struct model {
	struct node nodes[NODES_MAX];
	size_t count;
	int top[NODES_MAX];
	size_t top_count;
	char *text;
	size_t len, size;
};

static int node_new(struct model *m, char id)
{
	m->nodes[m->count] = (struct node){ .id = id, .parent = NOBODY };
	return (int)m->count++;
}

static int node_of_id(struct model *m, char id)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->nodes[i].id == id)
			return (int)i;
	return node_new(m, id);
}

static bool is_descendant(const struct model *m, int node, int of)
{
	for (; node >= 0; node = m->nodes[node].parent)
		if (node == of)
			return true;
	return false;
}

/* Step 1. */
static void add(struct model *m, const struct thread_message *message)
{
	int own = NOBODY, last = NOBODY;

	if (message->message_id.len > 0)
		own = node_of_id(m, message->message_id.at[1]);
	if (own == NOBODY || m->nodes[own].message != NULL)
		own = node_new(m, '\0');
	m->nodes[own].message = message;
	for (size_t at = 0; at < message->references.len; at += 6) {
		int node = node_of_id(m, message->references.at[at + 1]);

		if (last != NOBODY && m->nodes[node].parent == NOBODY &&
			!is_descendant(m, last, node))
			m->nodes[node].parent = last;
		last = node;
	}
	m->nodes[own].parent = NOBODY;
	if (last != NOBODY && !is_descendant(m, last, own))
		m->nodes[own].parent = last;
}

static void lists_fill(struct model *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct node *parent = &m->nodes[m->nodes[i].parent < 0 ? 0 : m->nodes[i].parent];

		if (m->nodes[i].parent == NOBODY)
			m->top[m->top_count++] = (int)i;
		else
			parent->children[parent->child_count++] = (int)i;
	}
}

/* Step 3: puts what becomes of the node into out[], and says how many. */
static size_t prune(struct model *m, int node, bool is_top, int *out)
{
	struct node *n = &m->nodes[node];
	int kept[NODES_MAX];
	size_t count = 0;

	for (size_t i = 0; i < n->child_count; i++)
		count += prune(m, n->children[i], false, kept + count);
	memcpy(n->children, kept, count * sizeof *kept);
	n->child_count = count;
	if (n->message == NULL && (count == 0 || !is_top || count == 1)) {
		memcpy(out, kept, count * sizeof *kept);
		return count;
	}
	out[0] = node;
	return 1;
}

static const struct thread_message *date_of(const struct model *m, int node)
{
	while (m->nodes[node].message == NULL)
		node = m->nodes[node].children[0];
	return m->nodes[node].message;
}

static bool is_before(const struct model *m, int a, int b)
{
	const struct thread_message *x = date_of(m, a), *y = date_of(m, b);

	return x->sent_s != y->sent_s ? x->sent_s < y->sent_s : x->number < y->number;
}

static void sort(const struct model *m, int *list, size_t count)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && is_before(m, list[k], list[k - 1]); k--) {
			int it = list[k];

			list[k] = list[k - 1];
			list[k - 1] = it;
		}
}

/* The youngest first. */
static void sort_below(struct model *m, int node)
{
	struct node *n = &m->nodes[node];

	for (size_t i = 0; i < n->child_count; i++)
		sort_below(m, n->children[i]);
	sort(m, n->children, n->child_count);
}

/* ---- Step 5 ---- */

struct subjects {
	struct slice text[NODES_MAX];
	int node[NODES_MAX];
	size_t count;
};

static int *lookup(struct subjects *s, struct slice text)
{
	for (size_t i = 0; i < s->count; i++)
		if (slice_same(s->text[i], text))
			return &s->node[i];
	return NULL;
}

static void take_child(struct model *m, int parent, int child)
{
	m->nodes[parent].children[m->nodes[parent].child_count++] = child;
}

static void merge_one(struct model *m, struct subjects *s, size_t at)
{
	int now = m->top[at];
	int *place = lookup(s, date_of(m, now)->subject);
	struct node *n = &m->nodes[now];

	if (date_of(m, now)->subject.len == 0 || *place == now)
		return;
	m->top[at] = NOBODY;
	if (m->nodes[*place].message == NULL && n->message == NULL) {
		for (size_t i = 0; i < n->child_count; i++)
			take_child(m, *place, n->children[i]);
	} else if (m->nodes[*place].message == NULL ||
		   (n->message->is_reply && !m->nodes[*place].message->is_reply)) {
		take_child(m, *place, now);
	} else {
		int dummy = node_new(m, '\0');

		take_child(m, dummy, now);
		take_child(m, dummy, *place);
		for (size_t i = 0; i < m->top_count; i++)
			if (m->top[i] == *place)
				m->top[i] = dummy;
		*place = dummy;
	}
}

static void gather(struct model *m)
{
	struct subjects s = { .count = 0 };

	for (size_t i = 0; i < m->top_count; i++) {
		int now = m->top[i];
		const struct thread_message *message = m->nodes[now].message, *before;
		struct slice subject = date_of(m, now)->subject;
		int *place = lookup(&s, subject);

		if (subject.len == 0)
			continue;
		if (place == NULL) {
			s.text[s.count] = subject;
			s.node[s.count++] = now;
			continue;
		}
		before = m->nodes[*place].message;
		if (before != NULL && (message == NULL || (before->is_reply && !message->is_reply)))
			*place = now;
	}
	for (size_t i = 0; i < m->top_count; i++)
		if (m->top[i] >= 0)
			merge_one(m, &s, i);
}

/* ---- The answer ---- */

static void put(struct model *m, const char *text)
{
	size_t len = strlen(text);

	if (m->len + len < m->size)
		memcpy(m->text + m->len, text, len + 1);
	m->len += len;
}

static void put_node(struct model *m, int node)
{
	const struct node *n = &m->nodes[node];
	char number[16];

	if (n->message != NULL) {
		(void)snprintf(number, sizeof number, "%u", n->message->number);
		put(m, number);
		if (n->child_count > 0)
			put(m, " ");
	}
	for (size_t i = 0; i < n->child_count; i++) {
		put(m, n->child_count > 1 ? "(" : "");
		put_node(m, n->children[i]);
		put(m, n->child_count > 1 ? ")" : "");
	}
}

void thread_model(const struct thread_message *messages, size_t count, char *text, size_t size)
{
	struct model m = { .text = text, .size = size };
	int top[NODES_MAX];
	size_t kept = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		add(&m, &messages[i]);
	lists_fill(&m);
	for (size_t i = 0; i < m.top_count; i++)
		kept += prune(&m, m.top[i], true, top + kept);
	memcpy(m.top, top, kept * sizeof *top);
	m.top_count = kept;
	for (size_t i = 0; i < kept; i++)
		sort_below(&m, m.top[i]);
	sort(&m, m.top, m.top_count);
	gather(&m);
	kept = 0;
	for (size_t i = 0; i < m.top_count; i++)
		if (m.top[i] >= 0)
			m.top[kept++] = m.top[i];
	m.top_count = kept;
	for (size_t i = 0; i < kept; i++)
		sort_below(&m, m.top[i]);
	sort(&m, m.top, kept);
	for (size_t i = 0; i < kept; i++) {
		put(&m, "(");
		put_node(&m, m.top[i]);
		put(&m, ")");
	}
}
