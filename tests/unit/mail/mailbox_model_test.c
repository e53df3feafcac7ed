/* SPDX-License-Identifier: MIT */
/*
 * Random commands over a few mailboxes, and clients that know only what their views tell them. Whenever a client has
 * been told everything, its list must be the mailbox, message by message and flag by flag; also one that was away and
 * comes back with QRESYNC, also over restarts of the server. Counts and quota must be what the entries add up to.
 */
#include "imap_client.h"

#include "mail/check.h"

#include <stdio.h>
#include <string.h>

enum { BOXES = 4, CLIENTS = 8, OPS = 500, UIDS_MAX = 64 };

struct model {
	struct world *w;
	struct folder *boxes[BOXES];
	struct client clients[CLIENTS];
	unsigned random;
	unsigned sent;
};

static const struct {
	const char *address, *name;
} box_names[BOXES] = { { "alice@a.example", "INBOX" }, { "alice@a.example", "A" },
	{ "alice@a.example", "A/B" }, { "bob@a.example", "INBOX" } };

static unsigned below(struct model *m, unsigned n)
{
	m->random = m->random * 1103515245u + 12345u;
	return (m->random >> 16) % n;
}

static void show(const struct error *e)
{
	if (e->fault != FAULT_NONE)
		print_error("%s\n", e->text);
}

/* --- clients --- */

static void client_open(struct model *m, struct client *c, unsigned box)
{
	struct error e = { .fault = FAULT_NONE };
	struct folder *f = world_mailbox(m->w, box_names[box].address, box_names[box].name);
	bool is_good = view_open(&c->view, f, below(m, 2) == 0, &e);

	show(&e);
	check(is_good);
	c->box = box;
}

static void client_select(struct model *m, struct client *c, unsigned box)
{
	client_open(m, c, box);
	c->count = 0;
	client_fetch_new(c, uids_size(&c->view.uids));
}

/* --- commands --- */

static size_t pick(struct model *m, struct folder *f, uint32_t *ret)
{
	struct folder_state state;
	uint32_t uid = 0;
	size_t count = 0, wanted = 1 + below(m, below(m, 3) == 0 ? UIDS_MAX - 1 : 4);

	folder_state_get(f, &state);
	/* Some that are not there, too. */
	while (count < wanted && uid < state.uid_next) {
		uid += 1 + below(m, 1 + (unsigned)(2 * state.uid_next / wanted));
		ret[count++] = uid;
	}
	return count;
}

static uint32_t random_flags(struct model *m)
{
	static const uint32_t flags[] = { ENTRY_SEEN, ENTRY_SEEN, ENTRY_DELETED, ENTRY_DELETED,
		ENTRY_FLAGGED, ENTRY_ANSWERED, ENTRY_DRAFT, ENTRY_SEEN | ENTRY_DELETED, 0 };

	return flags[below(m, COUNT(flags))];
}

static uint64_t random_keywords(struct model *m, struct folder *f)
{
	struct error e = { .fault = FAULT_NONE };
	char text[16];
	struct slice name;
	uint64_t bits;
	size_t missing;

	if (below(m, 3) > 0)
		return 0;
	(void)snprintf(text, sizeof text, "$key%u", below(m, 12));
	name = slice_of(text);
	check(folder_keywords_bits(f, &name, 1, true, &bits, &missing, &e));
	check(missing == 0);
	return bits;
}

static void op_append(struct model *m, struct folder *f)
{
	struct error e = { .fault = FAULT_NONE };
	struct append *a = append_begin(&m->w->mail, f, NULL, &e);
	unsigned count = 1 + below(m, 3);
	struct appended appended;

	check(a != NULL);
	for (unsigned i = 0; i < count; i++) {
		struct append_message message = { .flags = random_flags(m),
			.keywords = random_keywords(m, f) };
		char text[32];

		(void)snprintf(text, sizeof text, "Subject: %06u\r\n\r\n", m->sent++);
		check(body_add(append_body(a), slice_of(text), &e));
		check(append_add(a, &message, NULL, &e));
	}
	check(append_commit(a, &appended, &e) == APPEND_OK);
	check(appended.uid_last - appended.uid_first + 1 == count);
}

/* What a client knows after a silent change of its own, when the session says no more than it must. */
static void client_changed(const struct client *c, struct told *told,
	const struct flags_change *change, const struct flags_result *result)
{
	bool is_silent = view_knows_flags(&c->view, result->modseq_before);

	if (!is_silent || change->how == FLAGS_REPLACE) {
		told->flags = result->flags;
		told->keywords = result->keywords;
	} else if (change->how == FLAGS_ADD) {
		told->flags |= change->flags;
		told->keywords |= change->keywords;
	} else {
		told->flags &= ~change->flags;
		told->keywords &= ~change->keywords;
	}
}

static void flags_change(
	struct model *m, struct client *c, const uint32_t *uids, size_t count, bool is_own)
{
	struct folder *f = c->view.folder;
	struct flags_result results[UIDS_MAX];
	struct flags_change change = { .how = (enum flags_how)below(m, 3),
		.flags = random_flags(m),
		.keywords = random_keywords(m, f),
		.may_be_lazy = below(m, 2) == 0 };
	struct error e = { .fault = FAULT_NONE };
	struct folder_state state;
	bool is_good;

	folder_state_get(f, &state);
	change.has_unchanged_since = below(m, 4) == 0;
	change.unchanged_since = state.modseq > 3 ? state.modseq - below(m, 4) : 0;
	is_good = folder_flags_set(f, uids, count, &change, results, &e);
	show(&e);
	check(is_good);
	for (size_t i = 0; i < count && is_own; i++) {
		struct told *told = client_find(c, uids[i]);

		if (results[i].outcome != FLAGS_CHANGED)
			continue;
		if (told != NULL)
			client_changed(c, told, &change, &results[i]);
		view_own_flags(&c->view, results[i].modseq);
	}
}

/* By others, by the client, or by both one after the other: the worst case of what a silent change may hide. */
static void op_flags(struct model *m, struct client *c)
{
	uint32_t uids[UIDS_MAX];
	size_t count = pick(m, c->view.folder, uids);
	unsigned who = below(m, 3);

	if (who != 0)
		flags_change(m, c, uids, count, false);
	if (who != 1)
		flags_change(m, c, uids, count, true);
}

static void op_expunge(struct model *m, struct folder *f)
{
	uint32_t wanted[UIDS_MAX];
	auto_uids only = { 0 };
	auto_uids gone = { 0 };
	struct error e = { .fault = FAULT_NONE };
	uint64_t modseq;
	bool is_good;

	check(uids_of(wanted, pick(m, f, wanted), &only));
	is_good = folder_expunge(f, below(m, 2) == 0 ? &only : NULL, &gone, &modseq, &e);
	show(&e);
	check(is_good);
}

static void op_remove(struct model *m, struct folder *f)
{
	uint32_t uids[UIDS_MAX];
	struct error e = { .fault = FAULT_NONE };
	bool is_good = folder_remove(f, uids, pick(m, f, uids), &e);

	show(&e);
	check(is_good);
}

static void op_transfer(struct model *m, struct folder *from, struct folder *to)
{
	struct transfer t = {
		.mail = &m->w->mail, .from = from, .to = to, .is_move = below(m, 2) == 0
	};
	struct transferred done = { 0 };
	uint32_t wanted[UIDS_MAX];
	auto_uids uids = { 0 };
	struct error e = { .fault = FAULT_NONE };
	enum append_answer answer;

	check(uids_of(wanted, pick(m, from, wanted), &uids));
	answer = transfer_run(&t, &uids, &done, &e);
	show(&e);
	check(answer == APPEND_OK && uids_size(&done.from) == uids_size(&done.to));
	transferred_done(&done);
}

static void op_deliver(struct model *m)
{
	static const char *const to[] = { "alice@a.example", "bob@a.example" };
	enum intake_answer answers[2];
	char text[32];

	(void)snprintf(text, sizeof text, "Subject: %06u\r\n\r\n", m->sent++);
	world_deliver_many(m->w, to, 1 + below(m, 2), slice_of(text), answers);
	check(answers[0] == INTAKE_OK);
}

/* --- the whole --- */

/* Heads say what the entries add up to, and every message can be read. */
static void box_verify(struct model *m, struct folder *f, struct quota_usage *sum)
{
	auto_buf out = { .max = 1 << 16 };
	struct folder_state state, counted = { 0 };
	struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };

	folder_state_get(f, &state);
	check(folder_list(f, 0, LIMIT_SCAN_ROWS, &page, &e) && page.is_last);
	for (size_t i = 0; i < page.count; i++) {
		const struct entry *entry = &page.at[i];

		counted.count++;
		counted.bytes += entry->bytes;
		counted.unseen += (entry->flags & ENTRY_SEEN) == 0;
		counted.deleted += (entry->flags & ENTRY_DELETED) != 0;
		counted.deleted_bytes += (entry->flags & ENTRY_DELETED) != 0 ? entry->bytes : 0;
		check(entry->modseq <= state.modseq && entry->uid < state.uid_next);
		if (below(m, 10) == 0)
			world_read(m->w, f, entry->uid, &out);
	}
	check(state.count == counted.count && state.bytes == counted.bytes);
	check(state.unseen == counted.unseen && state.deleted == counted.deleted);
	check(state.deleted_bytes == counted.deleted_bytes);
	sum->bytes += counted.bytes;
	sum->messages += counted.count;
	entry_page_done(&page);
}

static void verify(struct model *m)
{
	struct quota_usage alice = { 0 }, bob = { 0 }, usage;
	struct error e = { .fault = FAULT_NONE };

	for (unsigned i = 0; i < BOXES; i++)
		box_verify(m, m->boxes[i], i < 3 ? &alice : &bob);
	check(quota_account(&m->w->mail, folder_account(m->boxes[0]), &usage, &e));
	check(usage.bytes == alice.bytes && usage.messages == alice.messages);
	check(quota_account(&m->w->mail, folder_account(m->boxes[3]), &usage, &e));
	check(usage.bytes == bob.bytes && usage.messages == bob.messages);
}

static void first_unseen_verify(struct client *c)
{
	struct error e = { .fault = FAULT_NONE };
	uint32_t uid, expected = 0;

	client_catch_up(c);
	for (uint32_t i = 0; i < c->count && expected == 0; i++)
		expected = (c->list[i].flags & ENTRY_SEEN) == 0 ? c->list[i].uid : 0;
	check(view_first_unseen(&c->view, &uid, &e));
	check(uid == expected);
}

static void boxes_open(struct model *m)
{
	for (unsigned i = 0; i < BOXES; i++)
		m->boxes[i] = world_mailbox(m->w, box_names[i].address, box_names[i].name);
}

static void boxes_close(struct model *m)
{
	for (unsigned i = 0; i < BOXES; i++)
		folder_close(m->boxes[i]);
}

/* Everybody goes, the server restarts, everybody comes back with what they knew. */
static void restart(struct model *m)
{
	uint64_t modseqs[CLIENTS];

	for (unsigned i = 0; i < CLIENTS; i++) {
		while (client_refresh(&m->clients[i], below(m, 2) == 0))
			;
		modseqs[i] = m->clients[i].view.modseq;
		/* What is gone and was not told is asked for again. */
		if (m->clients[i].view.gone.count > 0)
			client_catch_up(&m->clients[i]);
		view_close(&m->clients[i].view);
	}
	boxes_close(m);
	if (m->w->which->engine != &store_mem)
		world_reopen(m->w);
	boxes_open(m);
	for (unsigned i = 0; i < CLIENTS; i++) {
		if (below(m, 2) == 0)
			op_expunge(m, m->boxes[m->clients[i].box]);
		client_open(m, &m->clients[i], m->clients[i].box);
		client_return(&m->clients[i], modseqs[i]);
	}
}

static void op_any(struct model *m)
{
	struct client *c = &m->clients[below(m, CLIENTS)];
	struct folder *f = m->boxes[below(m, BOXES)];

	switch (below(m, 16)) {
	case 0:
	case 1:
		op_append(m, f);
		break;
	case 2:
	case 3:
		op_deliver(m);
		break;
	case 4:
	case 5:
	case 6:
		op_flags(m, c);
		break;
	case 7:
		op_expunge(m, f);
		break;
	case 8:
		if (below(m, 3) == 0)
			op_remove(m, f);
		break;
	case 9:
	case 10:
		op_transfer(m, f, m->boxes[below(m, BOXES)]);
		break;
	case 11:
		view_close(&c->view);
		client_select(m, c, below(m, BOXES));
		break;
	case 12:
		first_unseen_verify(c);
		break;
	case 13:
		client_catch_up(c);
		break;
	default:
		(void)client_refresh(c, below(m, 2) == 0);
		break;
	}
}

static void check_says(void *context, struct slice what)
{
	(void)context;
	print_error("%.*s\n", S_FMT(what));
}

static void test_model(struct world *w)
{
	static struct model m;
	struct error e = { .fault = FAULT_NONE };
	struct mail_check_result result;
	struct account account;

	m = (struct model){ .w = w, .random = 4711 };
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	world_account(w, "bob@a.example");
	account = world_account_get(w, "alice@a.example");
	check(mailbox_create(&w->mail, account.id, S("A/B"), 0, NULL, &e) == MAILBOX_OK);
	boxes_open(&m);
	for (unsigned i = 0; i < CLIENTS; i++)
		client_select(&m, &m.clients[i], i % BOXES);
	for (unsigned i = 0; i < OPS; i++) {
		op_any(&m);
		if (i % 50 == 49)
			verify(&m);
		if (i % 125 == 124)
			restart(&m);
	}
	for (unsigned i = 0; i < CLIENTS; i++) {
		client_catch_up(&m.clients[i]);
		view_close(&m.clients[i].view);
	}
	verify(&m);
	boxes_close(&m);
	if (w->which->engine == &store_mem)
		return;
	mail_close(&w->mail);
	{
		struct store_options options = { .path = w->path };
		struct store *store;

		check(store_open(w->which->engine, &options, &store, &e));
		check(mail_check(store, false, check_says, NULL, &result, &e));
		check(result.findings == 0);
		store_close(store);
	}
	world_open_again(w);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "model", test_model, false },
	};

	return world_run("mailbox_model", tests, COUNT(tests));
}
