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
	/* libvirt is there where its headers were. */
	const struct platform *last = platforms[COUNT(names)];

	check(last == NULL || strcmp(last->name, "libvirt") == 0);
	check(last == NULL || platforms[COUNT(names) + 1] == NULL);
	check(platform_find(S("xen")) == NULL);
}

/* Only what uses the processor's virtualisation can be nested. */
static void test_nested(void **state)
{
	static const struct {
		struct slice text;
		bool is_virtual;
	} rows[] = {
		{ S_INIT("processor\t: 0\nflags\t\t: fpu vme hypervisor lahf_lm\nbugs\t\t:\n"),
			true },
		{ S_INIT("flags\t\t: fpu vme hypervisor\n"), true },
		{ S_INIT("flags\t\t: fpu vme lahf_lm\nmodel name\t: hypervisor\n"), false },
		{ S_INIT("flags\t\t: fpu hypervisors\n"), false },
		{ S_INIT("Features\t: fp asimd\n"), false },
		{ S_INIT(""), false },
	};
	char reason[PLATFORM_REASON_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(platform_cpuinfo_is_virtual(rows[i].text) == rows[i].is_virtual, i);
	for (size_t i = 0; platforms[i] != NULL; i++)
		check_row(
			!platform_is_nested(platforms[i], reason) || platforms[i]->is_hardware, i);
	check(platform_find(S("kvm"))->is_hardware && !platform_find(S("tcg"))->is_hardware);
}

static bool has_word(const char *const *words, const char *word)
{
	for (; *words != NULL; words++) {
		if (strstr(*words, word) != NULL)
			return true;
	}
	return false;
}

enum { HAS_COUNT = 5, HAS_NOT_COUNT = 3 };

static void words_check(const struct qemu_plan *plan, const char *const has[HAS_COUNT],
	const char *const has_not[HAS_NOT_COUNT], size_t row)
{
	auto_arena arena = { .max = QEMU_WORDS_BYTES };
	const char *words[QEMU_WORD_COUNT];

	check_row(qemu_words(plan, &arena, words), row);
	for (size_t k = 0; k < HAS_COUNT; k++)
		check_row(has_word(words, has[k]), row);
	for (size_t k = 0; k < HAS_NOT_COUNT; k++)
		check_row(!has_word(words, has_not[k]), row);
	arena_done(&arena);
	arena = (struct arena){ .max = 64 };
	check_row(!qemu_words(plan, &arena, words), row);
}

static void test_words(void **state)
{
	static const struct {
		const char *accelerator;
		int tap_fd;
		struct hardware hardware;
		int incoming_fd;
		const char *has[HAS_COUNT], *has_not[HAS_NOT_COUNT];
	} rows[] = {
		{ "tcg", 7, { { 0 } }, 0,
			{ "tcg,thread=multi", "tap,id=net,fd=7", "mailvisor.ip=10.77.0.9/24",
				"524280K" /* and not 64 pages' multiple */,
				"mailvisor.disk=/dev/vda" },
			{ "hostfwd", "host,", "-incoming" } },
		{ "kvm", 7, { { 0 } }, 0,
			{ "524288K", "tap,id=net,fd=7", "host", "file.filename=/w,,1/d",
				"virtio-blk-pci,drive=disk,write-cache=on" },
			{ "nokaslr", "tcg", "append=on" } },
		{ "tcg", -1, { { 0 } }, 0,
			{ "hostfwd=tcp:127.0.0.1:4025-:25,hostfwd=tcp:127.0.0.1:4110-:110",
				"user,id=net", "mailvisor.set=a=b", "romfile=", "append=off" },
			{ "tap,", "mailvisor.ip", "-incoming" } },
		{ "tcg", 7, { { NIC_E1000, DISK_AHCI, CACHE_NONE, FORMAT_QCOW2 } }, 5,
			{ "e1000,netdev=net", "ide-hd,bus=ide.0,drive=disk,write-cache=on",
				"driver=qcow2,node-name=disk,file.driver=file,cache.direct=on,"
				"cache.no-flush=off",
				"fd:5", "mailvisor.disk=/dev/sda" },
			{ "virtio-net", "virtio-blk", "append=off" } },
		{ "tcg", 7, { { NIC_VMXNET3, DISK_PVSCSI, CACHE_UNSAFE } }, 0,
			{ "vmxnet3,netdev=net", "pvscsi,id=bus", "scsi-hd,bus=bus.0,drive=disk",
				"cache.direct=off,cache.no-flush=on", "driver=raw" },
			{ "virtio-net", "virtio-blk", "write-cache=off" } },
		{ "tcg", 7, { { NIC_RTL8139, DISK_NVME, CACHE_WRITETHROUGH } }, 0,
			{ "rtl8139,netdev=net", "nvme,serial=mail,drive=disk,write-cache=off",
				"mailvisor.disk=/dev/nvme0n1", "cache.direct=off", "no-flush=off" },
			{ "virtio-net", "virtio-blk", "write-cache=on" } },
		{ "tcg", 7, { { NIC_E1000E, DISK_IDE, CACHE_DIRECTSYNC } }, 0,
			{ "e1000e,netdev=net", "piix3-ide,id=bus", "write-cache=off",
				"cache.direct=on", "ide-hd,bus=bus.0" },
			{ "virtio-net", "virtio-blk", "write-cache=on" } },
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
			.hardware = rows[i].hardware,
			.site = &site,
			.deployment = &d,
			.tap_fd = rows[i].tap_fd,
			.monitor_fd = 9,
			.incoming_fd = rows[i].incoming_fd,
			.is_continuing = rows[i].incoming_fd > 0 };
		words_check(&plan, rows[i].has, rows[i].has_not, i);
	}
}

/* The names say what is lost: only "unsafe" loses. */
static void test_flush_facts(void **state)
{
	(void)state;
	for (unsigned cache = 0; cache < CACHE_COUNT; cache++)
		check_row((strncmp(qemu_flush_fact(cache), "honoured: ", 10) == 0) ==
				  (cache != CACHE_UNSAFE),
			cache);
}

/* Seats go round, nobody gets a taken one, and a given one can be had again by its address. */
static void test_seats(void **state)
{
	struct lan_seat seats[LAN_SEAT_COUNT], again;

	(void)state;
	for (size_t i = 0; i < COUNT(seats); i++) {
		lan_seat_next(&seats[i]);
		check_row(!lan_seat_at(slice_of(seats[i].address), &again), i);
		for (size_t k = 0; k < i; k++)
			check_row(strcmp(seats[i].address, seats[k].address) != 0, i);
	}
	lan_leave(&seats[7]);
	check(lan_seat_at(slice_of(seats[7].address), &again));
	check(strcmp(again.hardware, seats[7].hardware) == 0);
	check(!lan_seat_at(S("10.77.0.1"), &again) && !lan_seat_at(S("10.77.0.252"), &again) &&
		!lan_seat_at(S("10.78.0.9"), &again) && !lan_seat_at(S(""), &again));
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
		cmocka_unit_test(test_nested), cmocka_unit_test(test_words),
		cmocka_unit_test(test_flush_facts), cmocka_unit_test(test_seats),
		cmocka_unit_test(test_uml_words), cmocka_unit_test(test_run),
		cmocka_unit_test(test_keeper) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
