/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const struct world_store world_stores[] = {
	{ "memory", &store_mem, 0 },
	{ "memory with faults", &store_mem, 20 },
	{ "rocksdb", &store_rocksdb, 0 },
	{ "rocksdb with faults", &store_rocksdb, 20 },
};
const size_t world_store_count = COUNT(world_stores);

static uint64_t world_mono_ns(void *self)
{
	(void)self;
	return clock_mono_ns(&clock_real);
}

static uint64_t world_wall_ns(void *self)
{
	const struct world *w = self;

	return w->wall_ns != 0 ? w->wall_ns : clock_wall_ns(&clock_real);
}

static void open_parts(struct world *w)
{
	struct store_options options = { .path = w->path,
		.may_create = true,
		.fault_percent = w->which->fault_percent,
		.fault_seed = 7 };
	struct mail_options mail_options = { .clock = &w->clock,
		.secret = S("0123456789abcdef0123456789abcdef"),
		.address_separator = '+',
		.timeline_keep_hours = w->keep_hours,
		.password_threads = 1 };
	struct error e = { .fault = FAULT_NONE };
	struct store *store;

	if (!store_open(w->which->engine, &options, &store, &e) ||
		!mail_open(store, &mail_options, &w->mail, &e))
		print_error("%s\n", e.text);
	check(e.fault == FAULT_NONE);
}

void world_open(struct world *w, const struct world_store *which)
{
	*w = (struct world){ .which = which, .keep_hours = 24, .arena = { .max = 16 << 20 } };
	w->clock = (struct clock){ world_mono_ns, world_wall_ns, w };
	(void)snprintf(w->path, sizeof w->path, "/tmp/mail-test-XXXXXX");
	check(mkdtemp(w->path) != NULL);
	open_parts(w);
}

void world_reopen(struct world *w)
{
	check(w->which->engine != &store_mem);
	mail_close(&w->mail);
	open_parts(w);
}

void world_open_again(struct world *w)
{
	open_parts(w);
}

/* The store's directory is flat but for one level. */
static void remove_directory(const char *path, int depth)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	while (dir != NULL && (d = readdir(dir)) != NULL) { /* NOLINT(concurrency-mt-unsafe) */
		char name[512];

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		(void)snprintf(name, sizeof name, "%s/%s", path, d->d_name);
		if (unlink(name) != 0 && depth > 0)
			remove_directory(name, depth - 1);
	}
	if (dir != NULL)
		(void)closedir(dir);
	(void)rmdir(path);
}

void world_close(struct world *w)
{
	if (w->mail.store != NULL)
		mail_close(&w->mail);
	arena_done(&w->arena);
	remove_directory(w->path, 3);
}

static void show(const struct error *e)
{
	if (e->fault != FAULT_NONE)
		print_error("%s\n", e->text);
}

void world_domain(struct world *w, const char *name)
{
	struct domain domain = { .name = slice_of(name) };
	struct error e = { .fault = FAULT_NONE };
	enum change change = domain_add(w->mail.directory, &domain, &e);

	show(&e);
	check(change == CHANGE_DONE);
}

void world_account(struct world *w, const char *address)
{
	struct account account = { .address = slice_of(address) };
	struct error e = { .fault = FAULT_NONE };
	enum change change = account_add(w->mail.directory, &account, &e);

	show(&e);
	check(change == CHANGE_DONE);
}

void world_alias(struct world *w, const char *address, const char *const *targets, size_t count)
{
	struct slice room[LIMIT_ALIAS_TARGETS];
	struct alias alias = {
		.address = slice_of(address), .targets = room, .target_count = count
	};
	struct error e = { .fault = FAULT_NONE };
	enum change change;

	for (size_t i = 0; i < count; i++)
		room[i] = slice_of(targets[i]);
	change = alias_add(w->mail.directory, &alias, &e);
	show(&e);
	check(change == CHANGE_DONE);
}

struct account world_account_get(struct world *w, const char *address)
{
	struct error e = { .fault = FAULT_NONE };
	struct account account;
	bool is_found;

	check(account_get(
		w->mail.directory, slice_of(address), &w->arena, &account, &is_found, &e));
	check(is_found);
	return account;
}

struct folder *world_folder(struct world *w, const char *address)
{
	struct account account = world_account_get(w, address);
	struct error e = { .fault = FAULT_NONE };
	struct folder *f;
	bool is_open = folder_open(w->mail.folders, account.id, &f, &e);

	show(&e);
	check(is_open);
	return f;
}

void world_deliver_many(struct world *w, const char *const *to, size_t count, struct slice bytes,
	enum intake_answer *answers)
{
	auto_arena a = { .max = 16 << 20 };
	struct envelope_rcpt *envelope_rcpts = arena_take(&a, count * sizeof *envelope_rcpts);
	struct intake_rcpt *rcpts = arena_take(&a, count * sizeof *rcpts);
	struct envelope envelope = { .id = id_new(&w->clock),
		.reverse_path = S("sender@far.example"),
		.rcpts = envelope_rcpts,
		.rcpt_count = count,
		.wall_ns = clock_wall_ns(&w->clock) };
	struct error e = { .fault = FAULT_NONE };
	struct timeline timeline;
	struct intake intake;

	timeline_begin(&timeline, envelope.id);
	timeline_note(&timeline, &w->clock, STAGE_MAIL, 0, envelope.reverse_path);
	for (size_t i = 0; i < count; i++) {
		enum resolve resolve;

		envelope_rcpts[i].address = slice_of(to[i]);
		rcpts[i].rcpt = &envelope_rcpts[i];
		check(directory_resolve(
			w->mail.directory, slice_of(to[i]), &a, &resolve, &rcpts[i].targets, &e));
		if (resolve == RESOLVE_REMOTE) {
			rcpts[i].targets.at = arena_take(&a, sizeof *rcpts[i].targets.at);
			rcpts[i].targets.at[0].address = slice_of(to[i]);
			rcpts[i].targets.count = 1;
		} else {
			check_row(resolve == RESOLVE_OK, i);
		}
	}
	intake_begin(&intake, &w->mail, &envelope);
	check(intake_add(&intake, bytes, &e));
	intake_commit(&intake, rcpts, count, &timeline);
	for (size_t i = 0; i < count; i++) {
		show(&rcpts[i].error);
		if (answers != NULL)
			answers[i] = rcpts[i].answer;
	}
}

enum intake_answer world_deliver(struct world *w, const char *to, struct slice bytes)
{
	enum intake_answer answer;

	world_deliver_many(w, &to, 1, bytes, &answer);
	return answer;
}

size_t world_uids(struct folder *f, uint32_t *uids, size_t room)
{
	struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	size_t count = 0;

	do {
		check(folder_list(f, count > 0 ? uids[count - 1] : 0, LIMIT_SCAN_ROWS, &page, &e));
		for (size_t i = 0; i < page.count; i++) {
			check(count < room);
			uids[count++] = page.at[i].uid;
		}
	} while (!page.is_last);
	entry_page_done(&page);
	return count;
}

void world_read(struct world *w, struct folder *f, uint32_t uid, struct buf *out)
{
	struct entry_page page = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct body_reader reader;
	struct slice piece;
	bool is_found;

	buf_clear(out);
	check(folder_find(f, uid, &page, &is_found, &e));
	check(is_found);
	body_open(&reader, w->mail.store, &page.at[0]);
	do {
		check(body_next(&reader, &piece, &e));
		check(buf_add(out, piece));
	} while (piece.len > 0);
	check(out->len == page.at[0].bytes);
	body_close(&reader);
	entry_page_done(&page);
}

/* One test over one store. */
struct world_case {
	const struct world_test *test;
	const struct world_store *store;
};

static void run_case(void **state)
{
	const struct world_case *c = *state;
	struct world w;

	world_open(&w, c->store);
	c->test->run(&w);
	world_close(&w);
}

int world_run(const char *group, const struct world_test *tests, size_t count)
{
	enum { CASES_MAX = 128, NAME_BYTES = 80 };
	static struct world_case cases[CASES_MAX];
	static char names[CASES_MAX][NAME_BYTES];
	static struct CMUnitTest units[CASES_MAX];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < world_store_count; k++) {
			if (tests[i].needs_disk && world_stores[k].engine == &store_mem)
				continue;
			invariant(n < CASES_MAX);
			cases[n] = (struct world_case){ &tests[i], &world_stores[k] };
			(void)snprintf(names[n], NAME_BYTES, "%s over %s", tests[i].name,
				world_stores[k].name);
			units[n] = (struct CMUnitTest){
				.name = names[n], .test_func = run_case, .initial_state = &cases[n]
			};
			n++;
		}
	}
	return _cmocka_run_group_tests(group, units, n, NULL, NULL);
}
