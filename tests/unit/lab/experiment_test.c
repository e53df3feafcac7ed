/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/experiment/experiment.h"

#include <string.h>

static void test_builtin_reads_back(void **state)
{
	static const char *const names[] = { "paper", "devices", "filesystems", "storage",
		"servers", "load", "screen", "tls", "timeline", "size-sweep", "overload", "bursty",
		"partly-open", "idle" };

	(void)state;
	for (unsigned i = 0; i < 2 * COUNT(names); i++) {
		bool is_quick = i % 2 != 0;
		struct experiment x, y;
		struct error e = { .fault = FAULT_NONE };
		auto_buf text = { .max = 1 << 16 };
		auto_buf again = { .max = 1 << 16 };
		char a[EXPERIMENT_HASH_TEXT_BYTES + 1], b[EXPERIMENT_HASH_TEXT_BYTES + 1];

		check_row(experiment_builtin(slice_of(names[i / 2]), is_quick, &x, &e) &&
				  experiment_check(&x, &e),
			i);
		check(experiment_print(&x, &text) && buf_add_byte(&text, '\0'));
		check_row(experiment_parse(text.at, &y, &e), i);
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
		{ "platform process { server = qmail }", "no server 'qmail'" },
		{ "platform process {}\nload { model = shut }", "model 'shut'" },
		{ "platform process {}\nload { receive = pigeon }", "receive 'pigeon'" },
		{ "platform process {}\nload { model = open\n rate = 0 }", "rate = 0" },
		{ "platform process {}\nload { model = sweep }", "rates" },
		{ "platform process {}\nload { rates = {5} }", "rates" },
		{ "platform process {}\nload { model = sweep\n rates = {5, 4} }", "grow" },
		{ "platform process {}\nload { model = open\n receive = log }", "closed" },
		{ "platform process {}\nload { speed = 5 }", "speed" },
		{ "platform process {}\nrules { reruns = 11 }", "reruns = 11" },
		{ "platform process {}\nrules { precision_permille = 1001 }",
			"precision_permille = 1001" },
		{ "platform \"../x\" {}", "label" },
		{ "platform \"a b\" {}", "label" },
		{ "platform a { driver = tcg nic = e100 }", "platform a: nic: there is no 'e100'" },
		{ "platform a { filesystem = ntfs }", "ext4, xfs, btrfs" },
		{ "platform a { cpus = 257 }", "cpus = 257" },
		{ "platform a { memory_mib = 63 }", "memory_mib = 63" },
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

/* What is not the study's way comes back whole; what is, leaves the text as it always was. */
static void test_load_and_rules(void **state)
{
	static const char text[] =
		"platform process { server = exim }\n"
		"platform x { driver = \"external:127.0.0.1:25:110\"\n server = hmailserver\n"
		" log = \"/var/log/h.log\" }\n"
		"load { model = sweep\n receive = idle\n rates = {10, 20, 40}\n step_s = 2 }\n"
		"rules { quiet_ms = 0\n reruns = 2\n precision_permille = 25 }\n";
	struct experiment x, y;
	struct error e = { .fault = FAULT_NONE };
	auto_buf first = { .max = 1 << 16 };
	auto_buf second = { .max = 1 << 16 };

	(void)state;
	check(experiment_parse(text, &x, &e));
	check(x.load.kind == LOAD_SWEEP && x.load.receive == RECEIVE_IDLE &&
		x.load.rate_count == 3 && x.load.rates[2] == 40 && x.load.step_s == 2);
	check(x.rules.quiet_ms == 0 && x.rules.reruns == 2 && x.rules.steal_percent == 2 &&
		x.rules.precision_permille == 25);
	check(strcmp(x.cells[0].server, "exim") == 0 &&
		strcmp(x.cells[1].log, "/var/log/h.log") == 0);
	check(experiment_print(&x, &first) && buf_add_byte(&first, '\0') &&
		experiment_parse(first.at, &y, &e));
	check(experiment_print(&y, &second) && buf_add_byte(&second, '\0') &&
		slice_same(buf_slice(&first), buf_slice(&second)));
	buf_clear(&first);
	check(experiment_builtin(S("paper"), false, &x, &e) && experiment_print(&x, &first) &&
		buf_add_byte(&first, '\0'));
	check(strstr(first.at, "load {") == NULL && strstr(first.at, "server =") == NULL);
}

/* Ours keeps the platform's name, the others get their own behind it. */
static void test_servers_on_each_platform(void **state)
{
	struct experiment x;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(experiment_parse("platform process {}\nplatform container {}", &x, &e));
	check(experiment_serve(&x, S("mailvisor, exim"), &e) && x.cell_count == 4);
	check(strcmp(x.cells[0].label, "process") == 0 &&
		strcmp(x.cells[3].label, "container-exim") == 0 &&
		strcmp(x.cells[3].server, "exim") == 0);
	check(experiment_parse("platform process {}", &x, &e) &&
		!experiment_serve(&x, S("qmail"), &e) && strstr(e.text, "qmail") != NULL);
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

static void test_factors_of_one_platform(void **state)
{
	struct experiment x;
	struct error e = { .fault = FAULT_NONE };

	(void)state;
	check(experiment_parse("cpus = 1\nmemory_mib = 256\nplatform tcg {}\n"
			       "platform big { driver = tcg cpus = 4 memory_mib = 1024 nic = e1000 "
			       "disk = ahci cache = none format = qcow2 filesystem = xfs network = "
			       "user }",
		&x, &e));
	check(experiment_cpus(&x, &x.cells[0]) == 1 &&
		experiment_memory_mib(&x, &x.cells[0]) == 256);
	check(hardware_is_default(&x.cells[0].hardware));
	check(experiment_cpus(&x, &x.cells[1]) == 4 &&
		experiment_memory_mib(&x, &x.cells[1]) == 1024);
	static const struct hardware wanted = { { NIC_E1000, DISK_AHCI, CACHE_NONE, FORMAT_QCOW2,
		FS_XFS, NETWORK_USER } };

	check(hardware_same(&x.cells[1].hardware, &wanted));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_builtin_reads_back),
		cmocka_unit_test(test_paper_is_the_study),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_choice),
		cmocka_unit_test(test_load_and_rules),
		cmocka_unit_test(test_servers_on_each_platform),
		cmocka_unit_test(test_messages_of_one_platform),
		cmocka_unit_test(test_factors_of_one_platform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
