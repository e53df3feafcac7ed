/* SPDX-License-Identifier: MIT */
/*
 * thread_links - the forest of step 1 as a link-cut tree (Sleator and Tarjan 1983): who is at the top of this node's tree,
 * in log n steps on average, also in a chain of 100,000 answers that is linked and cut again and again.
 *
 * Ways from the top down are kept as splay trees ordered by depth: `left` is nearer to the top. `above` is the parent in
 * the splay tree, or, at its root, the node above the whole way.
 */
#include "message/thread_parts.h"

static bool is_splay_root(const struct thread_node *n, uint32_t x)
{
	uint32_t above = n[x].above;

	return above == 0 || (n[above].left != x && n[above].right != x);
}

/* x takes the place of the node above it in their splay tree. */
static void rotate(struct thread_node *n, uint32_t x)
{
	uint32_t y = n[x].above, z = n[y].above;
	bool is_left = n[y].left == x, is_inner = !is_splay_root(n, y);
	uint32_t moved = is_left ? n[x].right : n[x].left;

	if (is_left) {
		n[y].left = moved;
		n[x].right = y;
	} else {
		n[y].right = moved;
		n[x].left = y;
	}
	if (moved != 0)
		n[moved].above = y;
	n[y].above = x;
	n[x].above = z;
	if (is_inner && n[z].left == y)
		n[z].left = x;
	else if (is_inner)
		n[z].right = x;
}

static void splay(struct thread_node *n, uint32_t x)
{
	while (!is_splay_root(n, x)) {
		uint32_t y = n[x].above;

		if (!is_splay_root(n, y)) {
			uint32_t z = n[y].above;
			bool is_straight = (n[y].left == x) == (n[z].left == y);

			rotate(n, is_straight ? y : x);
		}
		rotate(n, x);
	}
}

/* The way from the top to x becomes one splay tree with x as its root. */
static void access_node(struct thread_node *n, uint32_t x)
{
	uint32_t below = 0;

	for (uint32_t y = x; y != 0; y = n[y].above) {
		splay(n, y);
		n[y].right = below;
		below = y;
	}
	splay(n, x);
}

bool thread_is_under(struct thread *t, uint32_t node, uint32_t ancestor)
{
	struct thread_node *n = t->nodes;
	uint32_t top = node;

	if (node == ancestor)
		return true;
	access_node(n, node);
	while (n[top].left != 0)
		top = n[top].left;
	splay(n, top);
	return top == ancestor;
}

void thread_link(struct thread *t, uint32_t parent, uint32_t node)
{
	struct thread_node *n = t->nodes;

	access_node(n, node);
	invariant(n[node].parent == 0 && n[node].left == 0);
	n[node].above = parent;
	n[node].parent = parent;
}

void thread_cut(struct thread *t, uint32_t node)
{
	struct thread_node *n = t->nodes;

	access_node(n, node);
	invariant(n[node].parent != 0 && n[node].left != 0);
	n[n[node].left].above = 0;
	n[node].left = 0;
	n[node].parent = 0;
}
