/* SPDX-License-Identifier: MIT */
#include "world.h"

#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t find(struct world *w, struct slice what, struct trace **ret)
{
	struct error e = { .fault = FAULT_NONE };
	size_t count;

	check(timelines_find(w->mail.timelines, what, 10, &w->arena, ret, &count, &e));
	return count;
}

static bool has_stage(const struct trace *t, enum stage stage)
{
	for (size_t i = 0; i < t->stage_count; i++) {
		if (t->stages[i].stage == stage)
			return true;
	}
	return false;
}

static void deliver(struct world *w)
{
	world_domain(w, "a.example");
	world_account(w, "alice@a.example");
	check(world_deliver(w, "Alice+x@a.example",
		      S("Subject: x\r\nMessage-ID: <one@far.example>\r\n\r\nbody\r\n")) ==
		INTAKE_OK);
}

static void test_find(struct world *w)
{
	static const char *const names[] = { "one@far.example", "<one@far.example>",
		"alice@a.example", "ALICE+x@A.example", "sender@far.example" };
	char room[ID_TEXT_BYTES + 1];
	struct trace *traces;

	deliver(w);
	for (size_t i = 0; i < COUNT(names); i++) {
		check_row(find(w, slice_of(names[i]), &traces) == 1, i);
		check_row(has_stage(&traces[0], STAGE_MAIL), i);
		check_row(has_stage(&traces[0], STAGE_COMMITTED), i);
		check_row(has_stage(&traces[0], STAGE_NOTIFIED), i);
	}
	check(find(w, id_text(traces[0].id, room), &traces) == 1);
	timelines_note(w->mail.timelines, traces[0].id, STAGE_FETCHED, 12, S("by alice"));
	check(find(w, id_text(traces[0].id, room), &traces) == 1);
	check(traces[0].stages[traces[0].stage_count - 1].stage == STAGE_FETCHED);
	check(slice_same(traces[0].stages[traces[0].stage_count - 1].note, S("by alice")));
	check(find(w, S("two@far.example"), &traces) == 0);
}

static void test_refused(struct world *w)
{
	struct slice addresses[] = { S("who@a.example") };
	struct timeline t;
	struct trace *traces;

	timeline_begin(&t, id_new(&w->clock));
	timeline_note(&t, &w->clock, STAGE_MAIL, 0, S("x@far.example"));
	timeline_note(&t, &w->clock, STAGE_REFUSED, 0, S("550 5.1.1"));
	timelines_add(w->mail.timelines, &t, S(""), addresses, 1);
	check(find(w, S("who@a.example"), &traces) == 1);
	check(has_stage(&traces[0], STAGE_REFUSED));
}

/* What is lazy stands in packs: more of them than one, found by each of its names, and beside what stands alone. */
static void test_packs(struct world *w)
{
	enum { MAILS = 700, EACH = 3 };
	char note[100], name[32], room[ID_TEXT_BYTES + 1];
	struct timeline t;
	struct trace *traces;
	struct id ids[MAILS];

	for (unsigned i = 0; i < MAILS; i++) {
		struct slice who = { name,
			(size_t)snprintf(name, sizeof name, "u%u@a.example", i) };

		ids[i] = id_new(&w->clock);
		timeline_begin(&t, ids[i]);
		timeline_note(&t, &w->clock, STAGE_REFUSED, i, S("550 5.1.1"));
		timelines_add(w->mail.timelines, &t, S("<m@a.example>"), &who, 1);
	}
	(void)memset(note, 'n', sizeof note);
	for (unsigned i = 0; i < MAILS * EACH; i++)
		timelines_note(w->mail.timelines, ids[i % MAILS], STAGE_FETCHED, i,
			(struct slice){ note, sizeof note });
	for (unsigned i = 0; i < MAILS; i += 50) {
		(void)snprintf(name, sizeof name, "u%u@a.example", i);
		check_row(find(w, slice_of(name), &traces) == 1, i);
		check_row(id_same(traces[0].id, ids[i]), i);
		check_row(find(w, id_text(ids[i], room), &traces) == 1, i);
		check_row(traces[0].stage_count == 1 + EACH, i);
		check_row(
			traces[0].stages[0].bytes == i && has_stage(&traces[0], STAGE_FETCHED), i);
	}
	check(find(w, S("m@a.example"), &traces) == 10);
	for (unsigned i = 0; i < 10; i++) {
		check_row(id_same(traces[i].id, ids[MAILS - 1 - i]), i);
		check_row(traces[i].stage_count == 1 + EACH, i);
	}
}

static void test_kept_and_expired(struct world *w)
{
	struct error e = { .fault = FAULT_NONE };
	struct trace *traces;
	bool is_more = true;

	w->wall_ns = UINT64_C(1800000000) * NS_PER_S;
	deliver(w);
	world_reopen(w);
	check(find(w, S("one@far.example"), &traces) == 1);
	check(has_stage(&traces[0], STAGE_NOTIFIED));
	check(timelines_expire(w->mail.timelines, &is_more, &e) && !is_more);
	w->wall_ns += 26 * 3600 * NS_PER_S;
	is_more = true;
	for (unsigned i = 0; i < 100 && is_more; i++)
		check(timelines_expire(w->mail.timelines, &is_more, &e));
	check(!is_more);
	check(find(w, S("one@far.example"), &traces) == 0);
}

/* Many recipients leave room for what comes after them. */
static void test_full(struct world *w)
{
	struct timeline t;

	timeline_begin(&t, id_new(&w->clock));
	timeline_note(&t, &w->clock, STAGE_MAIL, 0, S(""));
	for (unsigned i = 0; i < 100; i++)
		timeline_note(&t, &w->clock, STAGE_RCPT, 0, S("somebody@a.example"));
	timeline_note(&t, &w->clock, STAGE_DATA, 0, S(""));
	check(t.stage_count == TIMELINE_STAGES - 6 + 1);
	check(t.rcpts_not_noted == 100 - (TIMELINE_STAGES - 6 - 1));
	check(t.stages[t.stage_count - 1].stage == STAGE_DATA);
	for (unsigned i = 0; i < 100; i++)
		timeline_note(&t, &w->clock, STAGE_CHECKED, 0,
			S("0123456789012345678901234567890123456789"
			  "0123456789012345678901234567890123456789"));
	check(t.stage_count == TIMELINE_STAGES && t.text_len <= sizeof t.text);
}

static void test_log(struct world *w)
{
	char path[80], text[512] = { 0 };
	struct error e = { .fault = FAULT_NONE };
	struct timeline t;
	ssize_t len;

	(void)snprintf(path, sizeof path, "%s/log", w->path);
	check(log_start(path, LOG_LEVEL_INFO, &e));
	timeline_begin(&t, (struct id){ { 0 } });
	timeline_note_at(&t, STAGE_RCPT, 77, 1, 10240, S("alice \"a\""));
	timeline_log(&t);
	log_stop();
	auto_fd fd = open(path, O_RDONLY | O_CLOEXEC);
	len = read(fd, text, sizeof text - 1);
	check(len > 0);
	check(strstr(text,
		      "t=1970-01-01T00:00:00.000000Z ev=mail.stage msg=00000000000000000000000000 "
		      "stage=rcpt mono=77 bytes=10240 note=") == text);
}

int main(void)
{
	static const struct world_test tests[] = {
		{ "find", test_find, false },
		{ "refused", test_refused, false },
		{ "packs", test_packs, false },
		{ "kept and expired", test_kept_and_expired, true },
		{ "full", test_full, false },
		{ "log", test_log, false },
	};

	return world_run("timeline", tests, COUNT(tests));
}
