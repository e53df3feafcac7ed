/* SPDX-License-Identifier: MIT */
/*
 * Sixteen threads deliver to the same and to different mailboxes, while others read and remove: every mail that was
 * accepted is there exactly once, or was seen and removed exactly once; UIDs only grow; heads agree with entries.
 */
#include "world.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { SENDERS = 16, MAILS = 40, BOXES = 4, KNOWN_MAX = SENDERS * MAILS };

struct box {
	char address[32];
	/* of the reader: */
	struct world *world;
	unsigned seen[KNOWN_MAX]; /* how often the mail of that number was there */
	uint32_t uid_last;
	bool is_over;
};

struct sender {
	struct world *world;
	struct box *boxes;
	unsigned number;
	bool failed;
};

/* Every third mail goes to two mailboxes, and so shares its blob. */
static void *send_all(void *context)
{
	struct sender *s = context;

	for (unsigned i = 0; i < MAILS; i++) {
		unsigned number = s->number * MAILS + i;
		const char *to[2] = { s->boxes[number % BOXES].address,
			s->boxes[(number + 1) % BOXES].address };
		enum intake_answer answers[2] = { INTAKE_OK, INTAKE_OK };
		char body[64];

		(void)snprintf(body, sizeof body, "Subject: %06u\r\n\r\nbody\r\n", number);
		world_deliver_many(s->world, to, number % 3 == 0 ? 2 : 1, slice_of(body), answers);
		s->failed = s->failed || answers[0] != INTAKE_OK || answers[1] != INTAKE_OK;
	}
	return NULL;
}

static unsigned number_of(struct slice message)
{
	size_t at = 0;
	uint64_t number = KNOWN_MAX;

	while (at < message.len && !slice_starts(slice_skip(message, at), S("Subject: ")))
		at++;
	if (!slice_number(slice_first(slice_skip(message, at + 9), 6), KNOWN_MAX - 1, &number))
		return 0;
	return (unsigned)number;
}

/* Notes all that is new, and removes every second of it. */
static void read_some(struct box *b, struct folder *f)
{
	struct error e = { .fault = FAULT_NONE };
	struct entry_page page = { 0 };
	auto_buf out = { .max = 1 << 16 };
	uint32_t gone[LIMIT_SCAN_ROWS];
	size_t gone_count = 0;

	check(folder_list(f, b->uid_last, LIMIT_SCAN_ROWS, &page, &e));
	for (size_t i = 0; i < page.count; i++) {
		check(page.at[i].uid > b->uid_last);
		b->uid_last = page.at[i].uid;
		world_read(b->world, f, page.at[i].uid, &out);
		b->seen[number_of(buf_slice(&out))]++;
		if (i % 2 == 0)
			gone[gone_count++] = page.at[i].uid;
	}
	check(folder_remove(f, gone, gone_count, &e));
	entry_page_done(&page);
}

static void *read_all(void *context)
{
	struct box *b = context;
	struct error e = { .fault = FAULT_NONE };
	auto_arena a = { .max = 1 << 16 };
	struct account account;
	struct folder *f;
	bool is_found;

	check(account_get(
		b->world->mail.directory, slice_of(b->address), &a, &account, &is_found, &e));
	check(is_found && folder_open(b->world->mail.folders, account.id, &f, &e));
	while (!__atomic_load_n(&b->is_over, __ATOMIC_ACQUIRE))
		read_some(b, f);
	read_some(b, f);
	folder_close(f);
	return NULL;
}

static void check_box(struct world *w, const struct box *b, unsigned index)
{
	struct folder *f = world_folder(w, b->address);
	struct folder_state state;
	struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	uint64_t bytes = 0, count = 0;

	for (unsigned n = 0; n < KNOWN_MAX; n++) {
		bool is_ours = n % BOXES == index || (n % 3 == 0 && (n + 1) % BOXES == index);

		check_row(b->seen[n] == (is_ours ? 1 : 0), n);
	}
	check(folder_list(f, 0, LIMIT_SCAN_ROWS, &page, &e));
	for (size_t i = 0; i < page.count; i++)
		bytes += page.at[i].bytes;
	count = page.count;
	entry_page_done(&page);
	folder_state_get(f, &state);
	check(state.count == count && state.bytes == bytes);
	folder_close(f);
}

static void test_crowd(struct world *w)
{
	static struct box boxes[BOXES];
	struct sender senders[SENDERS];
	pthread_t sender_threads[SENDERS], reader_threads[BOXES];

	memset(boxes, 0, sizeof boxes);
	world_domain(w, "a.example");
	for (unsigned i = 0; i < BOXES; i++) {
		(void)snprintf(boxes[i].address, sizeof boxes[i].address, "box%u@a.example", i);
		boxes[i].world = w;
		world_account(w, boxes[i].address);
		check(pthread_create(&reader_threads[i], NULL, read_all, &boxes[i]) == 0);
	}
	for (unsigned i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .world = w, .boxes = boxes, .number = i };
		check(pthread_create(&sender_threads[i], NULL, send_all, &senders[i]) == 0);
	}
	for (unsigned i = 0; i < SENDERS; i++) {
		check(pthread_join(sender_threads[i], NULL) == 0);
		check_row(!senders[i].failed, i);
	}
	for (unsigned i = 0; i < BOXES; i++) {
		__atomic_store_n(&boxes[i].is_over, true, __ATOMIC_RELEASE);
		check(pthread_join(reader_threads[i], NULL) == 0);
		check_box(w, &boxes[i], i);
	}
}

/* Four threads over one quota: as many as fit are taken, not one more. */
static void *send_until_full(void *context)
{
	struct sender *s = context;

	for (unsigned i = 0; i < MAILS; i++) {
		if (world_deliver(s->world, "alice@a.example", S("x\r\n")) == INTAKE_OK)
			s->number++;
	}
	return NULL;
}

static void test_quota_crowd(struct world *w)
{
	enum { THREADS = 4, ROOM = 25 };
	struct sender senders[THREADS];
	pthread_t threads[THREADS];
	struct error e = { .fault = FAULT_NONE };
	struct account account;
	struct quota_usage usage;
	unsigned accepted = 0;

	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	account = world_account_get(w, "alice@a.example");
	account.quota_messages = ROOM;
	check(account_set(w->mail.directory, &account, &e) == CHANGE_DONE);
	for (unsigned i = 0; i < THREADS; i++) {
		senders[i] = (struct sender){ .world = w };
		check(pthread_create(&threads[i], NULL, send_until_full, &senders[i]) == 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		check(pthread_join(threads[i], NULL) == 0);
		accepted += senders[i].number;
	}
	check(accepted == ROOM);
	check(quota_account(&w->mail, account.id, &usage, &e));
	check(usage.messages == ROOM);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "a crowd", test_crowd, false },
		{ "a crowd at the quota", test_quota_crowd, false },
	};

	return world_run("concurrency", tests, COUNT(tests));
}
