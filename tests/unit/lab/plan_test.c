/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/files/json_file.h"
#include "lab/run/external.h"
#include "lab/run/plan.h"
#include "lab/run/record.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/mvlab-plan-XXXXXX";

static int folder_new(void **state)
{
	(void)state;
	(void)strcpy(folder, "/tmp/mvlab-plan-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int folder_gone(void **state)
{
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	return !folder_remove(folder, &e);
}

static void plan_new(struct plan *plan)
{
	struct error e = { .fault = FAULT_NONE };

	*plan = (struct plan){ .order = NULL };
	check(experiment_builtin(S("paper"), false, &plan->x, &e));
	for (unsigned i = 0; i < plan->x.cell_count; i++)
		plan->cells[i].is_available = i < 5;
	(void)strcpy(plan->cells[5].reason, "no /dev/kvm");
	check(plan_make(plan, UINT64_C(1795000000000000000), &e));
}

static void test_comes_back(void **state)
{
	struct plan plan, again;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	plan_new(&plan);
	check(plan_save(&plan, folder, &e) && plan_load(folder, &again, &e));
	check(again.measured_count == 5 && plan_trial_count(&again) == 60);
	check(strcmp(again.hash, plan.hash) == 0 &&
		strcmp(again.cells[5].reason, "no /dev/kvm") == 0);
	check(memcmp(plan.order, again.order, 60) == 0);
	plan_done(&plan);
	plan_done(&again);
}

static void test_another_experiment_is_noticed(void **state)
{
	struct plan plan, again;
	struct error e = { .fault = FAULT_NONE };
	char path[PATH_MAX];

	(void)state;
	plan_new(&plan);
	check(plan_save(&plan, folder, &e));
	plan.x.blocks = 11;
	auto_buf text = { .max = 1 << 16 };
	check(experiment_print(&plan.x, &text) && path_join(folder, "experiment.conf", path, &e));
	check(file_put(path, buf_slice(&text), &e));
	check(!plan_load(folder, &again, &e) && strstr(e.text, "another experiment") != NULL);
	plan_done(&plan);
	plan_done(&again);
}

static void test_damaged_plans(void **state)
{
	static const char *const rows[] = { "", "{", "[]", "{}", "null",
		"{\"experiment_sha256\":\"x\",\"created\":\"y\",\"tool\":1}",
		"{\"experiment_sha256\":\"x\",\"created\":\"y\",\"tool\":\"z\",\"cells\":[]}" };
	struct plan plan, again;
	struct error e = { .fault = FAULT_NONE };
	char path[PATH_MAX];

	(void)state;
	plan_new(&plan);
	check(plan_save(&plan, folder, &e) && path_join(folder, "plan.json", path, &e));
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error why = { .fault = FAULT_NONE };

		check(file_put(path, slice_of(rows[i]), &e));
		check_row(!plan_load(folder, &again, &why) && why.text[0] != '\0', i);
		plan_done(&again);
	}
	plan_done(&plan);
}

static void test_records(void **state)
{
	struct trial_record r = { .label = "tcg",
		.block = 3,
		.position = 1,
		.is_measured = true,
		.reason = "",
		.started = "2026-11-23T05:26:30Z",
		.deploy_ms = 1234.5,
		.sent = 170,
		.delivered = 169,
		.lost = 1,
		.memory_mib = (double)NAN,
		.cpu_ms_per_mail = (double)NAN,
		.work_seconds = 1 };
	struct trial_record again;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(!record_is_there(folder));
	r.facts = json_facts("{\"accel\":\"tcg\"}");
	check(record_save(&r, folder, &e) && record_is_there(folder) &&
		record_load(folder, &again, &e));
	check(again.block == 3 && again.sent == 170 && again.lost == 1 && isnan(again.memory_mib));
	check(fabs(again.deploy_ms - 1234.5) < 1e-6 && json_object_size(again.facts) == 1);
	record_done(&r);
	record_done(&again);
}

static void test_external_addresses(void **state)
{
	static const struct {
		const char *spec;
		bool is_good;
	} rows[] = { { "external:127.0.0.1:2525:1110", true }, { "external:[::1]:25:110", true },
		{ "external:127.0.0.1:2525", false }, { "external:127.0.0.1:0:110", false },
		{ "external:127.0.0.1:70000:110", false }, { "external::25:110", false },
		{ "external:", false }, { "external:a:b:c", false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };

		check_row(external_aim(slice_of(rows[i].spec), &e) == rows[i].is_good, i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_comes_back, folder_new, folder_gone),
		cmocka_unit_test_setup_teardown(
			test_another_experiment_is_noticed, folder_new, folder_gone),
		cmocka_unit_test_setup_teardown(test_damaged_plans, folder_new, folder_gone),
		cmocka_unit_test_setup_teardown(test_records, folder_new, folder_gone),
		cmocka_unit_test(test_external_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
