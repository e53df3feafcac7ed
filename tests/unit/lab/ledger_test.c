/* SPDX-License-Identifier: MIT */
/* Which promises hold for which readings; rows of a group together; arrivals that two arrangements share. */
#include "check.h"

#include "lab/lifecycle/crowd.h"
#include "lab/lifecycle/lifecycle.h"
#include "lab/lifecycle/trials.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct platform tcg = { .name = "tcg" };
static const struct platform *const one[] = { &tcg };
static const struct life_plan plan = { .platforms = one, .count = 1 };
static struct ledger measured, judged;

static const char *verdict_of(const char *promise)
{
	const struct ledger_row *row = ledger_find(&judged, "promises", promise);

	return row == NULL ? "" : row->verdict;
}

static void judge(void)
{
	ledger_done(&judged);
	memset(&judged, 0, sizeof judged);
	promises_judge(&plan, &measured, &judged);
}

static void begin(void)
{
	ledger_done(&measured);
	memset(&measured, 0, sizeof measured);
}

#define RECOVERY "quick recovery from a disaster, on tcg"
#define REVERT "back to a snapshot after a huge loss of data, on tcg"
#define DOWNTIME "less downtime: moved while it runs, on tcg"

static void test_promises(void **state)
{
	static const struct {
		double ms[2], lost;
		unsigned failed;
		const char *verdict;
	} rows[] = {
		{ { 100, 60000 }, 0, 0, "holds" },
		{ { 100, 60001 }, 0, 0, "does not hold" },
		{ { 100, 100 }, 1, 0, "does not hold" },
		{ { 100, 100 }, 0, 1, "does not hold" },
		{ { 100, (double)INFINITY }, 0, 0, "does not hold" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin();
		for (unsigned n = 0; n < 2; n++) {
			ledger_add(&measured, "tcg", READING_CUT_220, "ms", rows[i].ms[n]);
			ledger_add(&measured, "tcg", READING_CUT_LOST, "mails",
				n == 0 ? 0 : rows[i].lost);
		}
		for (unsigned n = 0; n < rows[i].failed; n++)
			ledger_add(&measured, "tcg", FAILURES_CUT, "", 1);
		judge();
		check_row(strcmp(verdict_of(RECOVERY), rows[i].verdict) == 0, i);
		check_row(strcmp(verdict_of(REVERT), "not measured") == 0, i);
	}
}

/* Without a reading: why not. With nothing but a failure: it does not hold. */
static void test_no_reading(void **state)
{
	const struct ledger_row *row;

	(void)state;
	begin();
	ledger_remark(&measured, "tcg", READING_REVERT_DIFFERENT, "no snapshots here");
	ledger_add(&measured, "tcg", FAILURES_MIGRATE, "", 1);
	ledger_remark(&measured, "tcg", FAILURES_MIGRATE, "the guest panicked");
	judge();
	check(strcmp(verdict_of(REVERT), "not measured") == 0);
	row = ledger_find(&judged, "promises", REVERT);
	check(row != NULL && strcmp(row->remark, "no snapshots here") == 0);
	check(strcmp(verdict_of(DOWNTIME), "does not hold") == 0);
	row = ledger_find(&judged, "promises", DOWNTIME);
	check(row != NULL && strstr(row->remark, "1 of 1 trials failed: the guest panicked"));
	/* A mailbox that is not as it was is one too many. */
	ledger_add(&measured, "tcg", READING_REVERT_DIFFERENT, "mails", 1);
	judge();
	check(strcmp(verdict_of(REVERT), "does not hold") == 0);
}

static void test_rows(void **state)
{
	static const char *const wanted[] = { "a", "a", "a", "b", "b", "c" };
	FILE *nowhere = fopen("/dev/null", "w");

	(void)state;
	begin();
	ledger_add(&measured, "a", "1", "ms", 3);
	ledger_add(&measured, "b", "1", "ms", 1);
	ledger_add(&measured, "a", "2", "ms", 1);
	ledger_add(&measured, "c", "1", "ms", 1);
	ledger_add(&measured, "b", "2", "ms", 1);
	ledger_add(&measured, "a", "3", "ms", 1);
	ledger_add(&measured, "a", "1", "ms", 9);
	ledger_add(&measured, "a", "1", "ms", 4);
	check(nowhere != NULL);
	ledger_print(&measured, nowhere);
	check(fclose(nowhere) == 0);
	check(measured.count == COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++)
		check_row(strcmp(measured.rows[i].group, wanted[i]) == 0, i);
	const struct ledger_row *row = ledger_find(&measured, "a", "1");

	check(row != NULL && row->count == 3);
	check(fabs(ledger_middle(row) - 4) < 1e-9 && fabs(ledger_most(row) - 9) < 1e-9);
	check(strcmp(measured.rows[2].name, "3") == 0);
	begin();
	ledger_done(&judged);
}

static void test_trial_names(void **state)
{
	static const struct {
		const char *names;
		bool is_good;
	} rows[] = { { "boot", true }, { "cut,move", true }, { "cut,backups", false },
		{ "Boot", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };

		check_row(lifecycle_trials_check(rows[i].names, &e) == rows[i].is_good, i);
	}
}

static unsigned of_target(const struct crowd_mail *mails, size_t count, unsigned target)
{
	unsigned found = 0;

	for (size_t i = 0; i < count; i++)
		found += mails[i].target == target;
	return found;
}

/* 500 expected a domain, standard deviation 22: five of them on both sides. */
static void test_arrivals(void **state)
{
	static struct crowd_mail two[4000], three[4000];
	struct crowd_plan p = { .count = 2, .rate_per_s = 5, .seconds = 100, .seed = 7 };
	size_t two_count = crowd_arrivals(&p, two, COUNT(two)), at = 0;

	(void)state;
	p.count = 3;
	size_t three_count = crowd_arrivals(&p, three, COUNT(three));

	for (unsigned t = 0; t < 3; t++) {
		check_row(of_target(three, three_count, t) > 388, t);
		check_row(of_target(three, three_count, t) < 612, t);
	}
	/* One more domain changes nothing for the others. */
	for (size_t i = 0; i < three_count; i++) {
		check_row(i == 0 || three[i - 1].due_ns <= three[i].due_ns, i);
		check_row(three[i].due_ns < 100 * UINT64_C(1000000000), i);
		if (three[i].target == 2)
			continue;
		check_row(at < two_count && two[at].due_ns == three[i].due_ns &&
				  two[at].target == three[i].target,
			i);
		at++;
	}
	check(at == two_count);
	check(crowd_arrivals(&p, three, 10) == 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_promises),
		cmocka_unit_test(test_no_reading),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_trial_names),
		cmocka_unit_test(test_arrivals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
