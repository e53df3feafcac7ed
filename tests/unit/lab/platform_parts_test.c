/* SPDX-License-Identifier: MIT */
/* What the platforms are made of and needs no root: the list, QEMU's words, running programs, keeper. */
#include "lab/files/run.h"
#include "lab/platform/keeper.h"
#include "lab/platform/platform.h"
#include "lab/platform/qemu_words.h"
#include "lab/platform/uml_words.h"

#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void test_list(void **state)
{
	static const char *const names[] = { "process", "container", "uml", "tcg", "kvm",
		"virtualbox", "vmware" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		check_row(strcmp(platforms[i]->name, names[i]) == 0, i);
		check_row(platform_find(slice_of(names[i])) == platforms[i], i);
		check_row(strlen(names[i]) < PLATFORM_NAME_BYTES, i);
	}
	check(platforms[COUNT(names)] == NULL && platform_find(S("xen")) == NULL);
}

static bool has_word(const char *const *words, const char *word)
{
	for (; *words != NULL; words++) {
		if (strstr(*words, word) != NULL)
			return true;
	}
	return false;
}

static void test_words(void **state)
{
	static const struct {
		const char *accelerator;
		int tap_fd;
		const char *has[4], *has_not[2];
	} rows[] = {
		{ "tcg", 7,
			{ "tcg,thread=multi", "tap,id=net,fd=7", "mailvisor.ip=10.77.0.9/24",
				"nokaslr" },
			{ "hostfwd", "host," } },
		{ "kvm", 7, { "kvm", "tap,id=net,fd=7", "host", "file.filename=/w,,1/d" },
			{ "nokaslr", "tcg" } },
		{ "tcg", -1,
			{ "hostfwd=tcp:127.0.0.1:4025-:25,hostfwd=tcp:127.0.0.1:4110-:110",
				"user,id=net", "mailvisor.set=a=b", "romfile=" },
			{ "tap,", "mailvisor.ip" } },
	};
	const struct deployment d = {
		.smtp_port = 4025, .pop3_port = 4110, .submission_port = 4587
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct site site = { .has_lan = rows[i].tap_fd >= 0,
			.seat = { .address = "10.77.0.9", .hardware = "02:4d:56:00:00:09" },
			.sets = { "a=b" },
			.set_count = 1 };
		struct qemu_plan plan = { .accelerator = rows[i].accelerator,
			.cpu_count = 2,
			.memory_bytes = 512 << 20,
			.image_path = "/image",
			.console_path = "/w,1/console",
			.log_path = "/w,1/log",
			.disk_path = "/w,1/d",
			.site = &site,
			.deployment = &d,
			.tap_fd = rows[i].tap_fd,
			.monitor_fd = 9 };
		auto_arena arena = { .max = QEMU_WORDS_BYTES };
		const char *words[QEMU_WORD_COUNT];

		check_row(qemu_words(&plan, &arena, words), i);
		for (size_t k = 0; k < COUNT(rows[i].has); k++)
			check_row(has_word(words, rows[i].has[k]), i);
		for (size_t k = 0; k < COUNT(rows[i].has_not); k++)
			check_row(!has_word(words, rows[i].has_not[k]), i);
		arena_done(&arena);
		arena = (struct arena){ .max = 64 };
		check_row(!qemu_words(&plan, &arena, words), i);
	}
}

static void test_uml_words(void **state)
{
	static const struct {
		const char *image, *disk;
		bool is_whole, is_good;
	} rows[] = {
		{ "/image", "/w/d", true, true },
		{ "/image", NULL, false, true }, /* a guest that only shows that it starts */
		{ "/image", "/w,1/d", true, false },
		{ "/image", "/w:1/d", true, false },
		{ "/image", "/w 1/d", true, false },
		{ "/an image", NULL, false, false },
	};
	static const char *const words_of_all[] = { "mem=512M", "initrd=/image/initramfs.cpio",
		"con0=null,fd:1", "umid=name", "uml_dir=/run/", "mailvisor.modules=no" };
	static const char *const words_of_whole[] = { "ubd0s=/w/d", "ssl0=null,fd:5",
		"vec0:transport=tap,ifname=mv9,mac=02:4d:56:00:00:09", "mailvisor.ip=10.77.0.9/24",
		"mailvisor.set=a=b", "mailvisor.log=/dev/ttyS0" };
	struct site site = { .has_lan = true,
		.seat = { .address = "10.77.0.9",
			.hardware = "02:4d:56:00:00:09",
			.interface = "mv9" },
		.sets = { "a=b" },
		.set_count = 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct uml_plan plan = { .memory_bytes = 512 << 20,
			.image_path = rows[i].image,
			.directory = "/run",
			.umid = "name",
			.disk_path = rows[i].disk,
			.site = rows[i].is_whole ? &site : NULL,
			.log_fd = rows[i].is_whole ? 5 : -1 };
		auto_arena arena = { .max = UML_WORDS_BYTES };
		const char *words[UML_WORD_COUNT];

		check_row(uml_words(&plan, &arena, words) == rows[i].is_good, i);
		for (size_t k = 0; rows[i].is_good && k < COUNT(words_of_all); k++)
			check_row(has_word(words, words_of_all[k]), i);
		for (size_t k = 0; rows[i].is_good && k < COUNT(words_of_whole); k++)
			check_row(has_word(words, words_of_whole[k]) == rows[i].is_whole, i);
	}
}

static void test_run(void **state)
{
	static const struct {
		const char *words[4];
		bool is_good;
		const char *output;
	} rows[] = {
		{ { "cat", NULL }, true, "hello" },
		{ { "sh", "-c", "cat >&2", NULL }, true, "hello" },
		{ { "sh", "-c", "echo why; exit 3", NULL }, false, "why" },
		{ { "false", NULL }, false, "" },
		{ { "there-is-no-such-program", NULL }, false, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf output = { .max = RUN_OUTPUT_BYTES };
		struct error e = { 0 };

		check_row(run(rows[i].words, S("hello"), &output, &e) == rows[i].is_good, i);
		check_row(slice_same(slice_trim(buf_slice(&output)), slice_of(rows[i].output)), i);
		check_row(rows[i].is_good || strstr(e.text, rows[i].words[0]) != NULL, i);
		check_row(rows[i].is_good || strstr(e.text, rows[i].output) != NULL, i);
	}
	check(run_is_there("sh") && !run_is_there("there-is-no-such-program"));
}

static void test_keeper(void **state)
{
	static const struct {
		const char *words[4];
		bool starts, is_alive;
		const char *reason;
	} rows[] = {
		{ { "sleep", "1000", NULL }, true, true, "" },
		{ { "sh", "-c", "exit 7", NULL }, true, false, "status 7" },
		{ { "sh", "-c", "kill -9 $$", NULL }, true, false, "signal 9" },
		{ { "there-is-no-such-program", NULL }, false, false, "" },
		/* Deaf to SIGTERM: killed when the grace is over. */
		{ { "sh", "-c", "trap '' TERM; while :; do sleep 1; done", NULL }, true, true, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct keeper_plan plan = {
			.words = rows[i].words, .log_path = "/dev/null", .grace_ms = 300
		};
		char reason[PLATFORM_REASON_BYTES] = "";
		struct error e = { 0 };
		struct keeper k = { 0 };

		check_row(keeper_start(&plan, &k, &e) == rows[i].starts, i);
		if (!rows[i].starts) {
			check_row(strstr(e.text, rows[i].words[0]) != NULL, i);
			continue;
		}
		for (unsigned look = 0; look < 500 && !rows[i].is_alive &&
					keeper_is_alive(&k, reason, sizeof reason);
			look++)
			(void)usleep(10000);
		check_row(keeper_is_alive(&k, reason, sizeof reason) == rows[i].is_alive, i);
		check_row(strstr(reason, rows[i].reason) != NULL, i);
		keeper_stop(&k);
		check_row(kill(k.program_pid, 0) < 0, i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_list),
		cmocka_unit_test(test_words), cmocka_unit_test(test_uml_words),
		cmocka_unit_test(test_run), cmocka_unit_test(test_keeper) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
