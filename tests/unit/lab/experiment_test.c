/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/experiment/experiment.h"

#include <string.h>

static void test_builtin_reads_back(void **state)
{
	(void)state;
	for (unsigned is_quick = 0; is_quick < 2; is_quick++) {
		struct experiment x, y;
		struct error e = { .fault = FAULT_NONE };
		auto_buf text = { .max = 1 << 16 };
		auto_buf again = { .max = 1 << 16 };
		char a[EXPERIMENT_HASH_TEXT_BYTES + 1], b[EXPERIMENT_HASH_TEXT_BYTES + 1];

		check(experiment_builtin(S("paper"), is_quick != 0, &x, &e) &&
			experiment_check(&x, &e));
		check(experiment_print(&x, &text) && buf_add_byte(&text, '\0'));
		check_row(experiment_parse(text.at, &y, &e), is_quick);
		check(experiment_print(&y, &again) && buf_add_byte(&again, '\0'));
		check(slice_same(buf_slice(&text), buf_slice(&again)));
		check(experiment_hash(&x, a, &e) && experiment_hash(&y, b, &e) &&
			strcmp(a, b) == 0);
	}
}

static void test_paper_is_the_study(void **state)
{
	struct experiment x;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(experiment_builtin(S("paper"), false, &x, &e));
	check(x.size_count == 4 && x.sizes[0] == 1024 && x.sizes[1] == 3072 && x.sizes[2] == 5120 &&
		x.sizes[3] == 10240);
	check(x.literal_count == 5 && x.blocks >= 10);
	check(!experiment_builtin(S("papre"), false, &x, &e) && strstr(e.text, "papre") != NULL);
}

/* Bad input says what is wrong and where. */
static void test_refusals(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "", "platforms = 0" },
		{ "blocks = three\nplatform process {}", "line 1" },
		{ "nonsense = 3\nplatform process {}", "nonsense" },
		{ "platform process { driver = \"process\" }\nsizes = {1K, 700}", "sizes" },
		{ "platform process {}\nsizes = {3K, 1K}", "grow" },
		{ "platform process {}\nsizes = {1Q}", "1Q" },
		{ "platform process {}\nsizes = {99999999999999999999}", "sizes" },
		{ "platform process {}\nblocks = 0", "blocks = 0" },
		{ "platform process {}\nblocks = -1", "blocks = -1" },
		{ "platform process {}\nblocks = 1001", "1 to 1000" },
		{ "platform process {}\nsesoi_percent = 0", "sesoi_percent" },
		{ "platform process {}\npoll_us = 5", "poll_us" },
		{ "platform process {}\nfrom = alice", "addresses" },
		{ "platform process {}\nname = \"a$b\"", "name" },
		{ "platform aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd {}", "label" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct experiment x = { .blocks = 77 };
		struct error e = { .fault = FAULT_NONE };

		check_row(!experiment_parse(rows[i].text, &x, &e) && x.blocks == 77, i);
		check_row(strstr(e.text, rows[i].says) != NULL, i);
	}
}

static void test_choice(void **state)
{
	struct experiment x;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(experiment_builtin(S("paper"), false, &x, &e));
	check(experiment_choose(&x, S("process, tcg"), &e) && x.cell_count == 3);
	check(strcmp(x.cells[1].label, "process-again") == 0 && x.cells[1].is_control);
	check(!experiment_choose(&x, S("process,moon"), &e) && strstr(e.text, "moon") != NULL);
}

static void test_messages_of_one_platform(void **state)
{
	struct experiment x;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(experiment_parse(
		"messages = 40\nplatform process {}\nplatform tcg { messages = 7 }", &x, &e));
	check(experiment_per_size(&x, 0) == 40 && experiment_per_size(&x, 1) == 7);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin_reads_back),
		cmocka_unit_test(test_paper_is_the_study),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_messages_of_one_platform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
