/* SPDX-License-Identifier: MIT */
/* The parts of PID 1 that need no kernel to themselves: arguments, DHCP packets, restarts. */
#include "lab/guest/args.h"
#include "lab/guest/devices.h"
#include "lab/guest/dhcp.h"
#include "lab/guest/service.h"

#include "check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void test_arguments(void **state)
{
	static const struct {
		struct slice line;
		bool is_good, has_address;
		unsigned prefix_bits, set_count;
		const char *host, *disk;
	} rows[] = {
		{ S_INIT(""), true, false, 0, 0, "mailvisor", "/dev/vda" },
		{ S_INIT("console=ttyS0 quiet\n"), true, false, 0, 0, "mailvisor", "/dev/vda" },
		{ S_INIT("quiet mailvisor.ip=10.0.2.15/24\n"), true, true, 24, 0, "mailvisor",
			"/dev/vda" },
		{ S_INIT("mailvisor.ip=10.0.2.15/32 mailvisor.host=mx.a.example"), true, true, 32,
			0, "mx.a.example", "/dev/vda" },
		{ S_INIT("mailvisor.ip=10.0.2.15/33"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.ip=10.0.2.15/0"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.ip=10.0.2.15"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.ip=10.0.2.256/24"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.ip=/24"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.ip="), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.ip"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.ip=dhcp mailvisor.disk=/dev/nvme0n1"), true, false, 0, 0,
			"mailvisor", "/dev/nvme0n1" },
		{ S_INIT("mailvisor.disk=auto"), true, false, 0, 0, "mailvisor", "" },
		{ S_INIT("mailvisor.disk=vda"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.host="), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.gw=gateway"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.set=a=b mailvisor.set=c="), true, false, 0, 2, "mailvisor",
			"/dev/vda" },
		{ S_INIT("mailvisor.log=ttyS0"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.modules=perhaps"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.set=a"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("mailvisor.sett=a=b"), false, false, 0, 0, NULL, NULL },
		{ S_INIT("xmailvisor.sett=a=b"), true, false, 0, 0, "mailvisor", "/dev/vda" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct guest_args args = { .prefix_bits = 99 };
		struct error e = { 0 };

		check_row(guest_args_read(rows[i].line, &args, &e) == rows[i].is_good, i);
		check_row((e.fault == FAULT_NONE) == rows[i].is_good, i);
		if (!rows[i].is_good) {
			check_row(args.prefix_bits == 99, i); /* untouched */
			continue;
		}
		check_row(args.has_address == rows[i].has_address, i);
		check_row(args.prefix_bits == rows[i].prefix_bits, i);
		check_row(args.set_count == rows[i].set_count, i);
		check_row(strcmp(args.host, rows[i].host) == 0, i);
		check_row(strcmp(args.disk, rows[i].disk) == 0, i);
	}
}

static void test_argument_limits(void **state)
{
	struct guest_args args;
	struct error e = { 0 };
	char line[GUEST_SET_COUNT * 32 + 64] = "", name[GUEST_NAME_BYTES + 32];
	size_t at = 0;

	(void)state;
	for (unsigned i = 0; i < GUEST_SET_COUNT; i++)
		at += (size_t)snprintf(line + at, sizeof line - at, "mailvisor.set=k%u=v ", i);
	check(guest_args_read(slice_of(line), &args, &e) && args.set_count == GUEST_SET_COUNT);
	(void)snprintf(line + at, sizeof line - at, "mailvisor.set=k=v");
	check(!guest_args_read(slice_of(line), &args, &e));
	error_clear(&e);
	(void)snprintf(name, sizeof name, "mailvisor.host=%0*d", GUEST_NAME_BYTES - 1, 0);
	check(guest_args_read(slice_of(name), &args, &e));
	(void)snprintf(name, sizeof name, "mailvisor.host=%0*d", GUEST_NAME_BYTES, 0);
	check(!guest_args_read(slice_of(name), &args, &e));
}

/* For kernels that are not the image's own. */
static void test_argument_kernel(void **state)
{
	struct guest_args args;
	struct error e = { 0 };

	(void)state;
	check(guest_args_read(S("quiet"), &args, &e) && args.has_modules && args.log[0] == '\0');
	check(guest_args_read(S("mailvisor.modules=no mailvisor.log=/dev/ttyS0"), &args, &e));
	check(!args.has_modules && strcmp(args.log, "/dev/ttyS0") == 0);
	check(guest_args_read(S("mailvisor.modules=no mailvisor.modules=yes"), &args, &e));
	check(args.has_modules);
}

static void test_netmask(void **state)
{
	static const struct {
		unsigned bits;
		uint32_t mask;
	} rows[] = { { 0, 0 }, { 1, 0x80000000 }, { 24, 0xffffff00 }, { 31, 0xfffffffe },
		{ 32, 0xffffffff } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(ntohl(guest_netmask(rows[i].bits).s_addr) == rows[i].mask, i);
}

static const struct dhcp_question question = { .kind = DHCP_REQUEST,
	.transaction = 0x12345678,
	.hardware = { 2, 0, 0, 0, 0, 7 },
	.wanted = { 0x0f02000a },
	.server = { 0x0202000a },
	.host = "mx" };

/* An answer as RFC 2131 draws it, with these options. */
static struct slice answer_make(struct slice options, char room[DHCP_PACKET_BYTES])
{
	memset(room, 0, DHCP_PACKET_BYTES);
	room[0] = 2;
	memcpy(room + 4, &question.transaction, 4);
	memcpy(room + 16, "\x0a\x00\x02\x0f", 4);
	memcpy(room + 28, question.hardware, DHCP_HARDWARE_BYTES);
	memcpy(room + 236, "\x63\x82\x53\x63", 4);
	memcpy(room + 240, options.at, options.len);
	return (struct slice){ room, 240 + options.len };
}

#define OFFER "\x35\x01\x02\x36\x04\x0a\x00\x02\x02"

static void test_dhcp_read(void **state)
{
	static const struct {
		struct slice options;
		bool is_good;
		enum dhcp_kind kind;
		uint32_t netmask, gateway, lease_s;
	} rows[] = {
		{ S_INIT(OFFER "\xff"), true, DHCP_OFFER, 0xffffff00, 0, 0 },
		{ S_INIT(OFFER), true, DHCP_OFFER, 0xffffff00, 0, 0 },
		{ S_INIT("\x00\x00" OFFER
			 "\x01\x04\xff\xff\x00\x00\x03\x08\x0a\x00\x02\x02\x0a\x00\x02\x03"
			 "\x33\x04\x00\x01\x51\x80\xff"),
			true, DHCP_OFFER, 0xffff0000, 0x0a000202, 86400 },
		{ S_INIT("\x35\x01\x06\xff"), true, DHCP_NAK, 0, 0, 0 },
		{ S_INIT("\x35\x01\x02\xff"), false, DHCP_NOTHING, 0, 0, 0 }, /* who offers? */
		{ S_INIT("\x36\x04\x0a\x00\x02\x02\xff"), false, DHCP_NOTHING, 0, 0, 0 },
		{ S_INIT(OFFER "\x01"), false, DHCP_NOTHING, 0, 0, 0 },
		{ S_INIT(OFFER "\x01\x05\xff\xff\xff\xff"), false, DHCP_NOTHING, 0, 0, 0 },
		{ S_INIT(OFFER "\x01\x02\xff\xff\xff"), true, DHCP_OFFER, 0xffffff00, 0, 0 },
		{ S_INIT(""), false, DHCP_NOTHING, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct dhcp_answer answer = { .kind = DHCP_NOTHING };
		char room[DHCP_PACKET_BYTES];

		check_row(dhcp_read(answer_make(rows[i].options, room), &question, &answer) ==
				  rows[i].is_good,
			i);
		check_row(answer.kind == rows[i].kind, i);
		check_row(ntohl(answer.netmask.s_addr) == rows[i].netmask, i);
		check_row(ntohl(answer.gateway.s_addr) == rows[i].gateway, i);
		check_row(answer.lease_s == rows[i].lease_s, i);
	}
}

/* Cut anywhere, or not ours: no. Every byte of a copy of exact size, so that reading on is seen. */
static void test_dhcp_strangers(void **state)
{
	static const size_t spoiled[] = { 0, 4, 7, 28, 33, 236, 239 };
	char room[DHCP_PACKET_BYTES];
	struct slice packet = answer_make(S(OFFER "\xff"), room);
	struct dhcp_answer answer;

	(void)state;
	for (size_t len = 0; len < packet.len - 1; len++) {
		char *exact = malloc(len + 1);

		memcpy(exact, packet.at, len);
		check_row(!dhcp_read((struct slice){ exact, len }, &question, &answer), len);
		free(exact);
	}
	for (size_t i = 0; i < COUNT(spoiled); i++) {
		room[spoiled[i]] ^= 1;
		check_row(!dhcp_read(packet, &question, &answer), i);
		room[spoiled[i]] ^= 1;
	}
	check(dhcp_read(packet, &question, &answer));
}

static void test_dhcp_write(void **state)
{
	static const unsigned char options[] =
		"\x63\x82\x53\x63\x35\x01\x03\x32\x04\x0a\x00\x02\x0f"
		"\x36\x04\x0a\x00\x02\x02\x0c\x02mx\x37\x03\x01\x03\x33\xff";
	unsigned char room[DHCP_PACKET_BYTES];
	struct dhcp_question first = question;

	(void)state;
	check(dhcp_write(&question, room) == 300);
	check(room[0] == 1 && room[1] == 1 && room[2] == 6 && room[10] == 0x80);
	check(memcmp(room + 4, &question.transaction, 4) == 0);
	check(memcmp(room + 28, question.hardware, 6) == 0);
	check(memcmp(room + 236, options, sizeof options - 1) == 0);
	first.kind = DHCP_DISCOVER;
	first.host = NULL;
	check(dhcp_write(&first, room) == 300);
	check(memcmp(room + 240, "\x35\x01\x01\x37\x03\x01\x03\x33\xff", 9) == 0);
}

static void test_service_wait(void **state)
{
	static const struct {
		unsigned before_ms;
		uint64_t ran_ms;
		unsigned wait_ms;
	} rows[] = {
		{ 0, 0, SERVICE_WAIT_FIRST_MS },
		{ 0, 1000000, SERVICE_WAIT_FIRST_MS },
		{ 100, 5, 200 },
		{ 100, SERVICE_GOOD_RUN_MS - 1, 200 },
		{ 100, SERVICE_GOOD_RUN_MS, 100 },
		{ 6400, 5, SERVICE_WAIT_MAX_MS },
		{ SERVICE_WAIT_MAX_MS, 5, SERVICE_WAIT_MAX_MS },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(service_wait_ms(rows[i].before_ms, rows[i].ran_ms) == rows[i].wait_ms, i);
}

static void test_service_words(void **state)
{
	struct guest_args args = { .sets = { "a=b" }, .set_count = 1 };
	const char *words[SERVICE_WORD_COUNT];

	(void)state;
	service_words(&args, false, words);
	check(strcmp(words[1], "serve") == 0 && strcmp(words[2], "--data") == 0);
	check(strcmp(words[4], "--set") == 0 && strcmp(words[5], "a=b") == 0 && words[6] == NULL);
	args.set_count = GUEST_SET_COUNT;
	service_words(&args, true, words);
	check(strcmp(words[4], "--setup") == 0 && words[6 + 2 * GUEST_SET_COUNT] == NULL);
}

/* What PID 1 is to do, and what it refuses. */
static void test_service_list(void **state)
{
	static const struct {
		const char *text;
		bool is_good;
		unsigned folders, services;
	} rows[] = {
		{ "", true, 0, 0 },
		{ "# nothing\n\n", true, 0, 0 },
		{ "folder 1:2 0750 /data/a b\n", false, 0, 0 },
		{ "folder 1:2 0750 /data/a\nrun 0:0 /bin/x -F\nrun 7:8 /bin/y\n", true, 1, 2 },
		{ "folder 1:2 0980 /data/a\n", false, 0, 0 },
		{ "folder 1:2 17777 /data/a\n", false, 0, 0 },
		{ "folder 1 0750 /data/a\n", false, 0, 0 },
		{ "folder root:root 0750 /data/a\n", false, 0, 0 },
		{ "folder 1:2 0750 data\n", false, 0, 0 },
		{ "folder 1:2 0750\n", false, 0, 0 },
		{ "run 0:0\n", false, 0, 0 },
		{ "run 0:0 x\n", false, 0, 0 },
		{ "walk 0:0 /x\n", false, 0, 0 },
		{ "run 0:0 /a\nrun 0:0 /b\nrun 0:0 /c\nrun 0:0 /d\n", true, 0, 4 },
		{ "run 0:0 /a\nrun 0:0 /b\nrun 0:0 /c\nrun 0:0 /d\nrun 0:0 /e\n", false, 0, 0 },
		{ "run 0:0 /a 1 2 3 4 5 6 7 8 9 10 11\n", true, 0, 1 },
		{ "run 0:0 /a 1 2 3 4 5 6 7 8 9 10 11 12\n", false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct guest_list list = { .folder_count = 0 };
		struct error e = { .fault = FAULT_NONE };
		char text[256];

		(void)snprintf(text, sizeof text, "%s", rows[i].text);
		check_row(list_read(text, &list, &e) == rows[i].is_good, i);
		check_row(list.folder_count == rows[i].folders &&
				  list.service_count == rows[i].services,
			i);
		check_row(rows[i].is_good || strstr(e.text, "entry") != NULL, i);
	}
	struct guest_list list;
	struct error e = { .fault = FAULT_NONE };
	char text[] = "folder 3:4 1730 /data/drop\nrun 7:8 /bin/y -c /z\n";

	check(list_read(text, &list, &e) && list.folders[0].uid == 3 && list.folders[0].gid == 4 &&
		list.folders[0].mode == 01730 && strcmp(list.folders[0].path, "/data/drop") == 0);
	check(list.services[0].uid == 7 && list.services[0].gid == 8 &&
		strcmp(list.services[0].words[2], "/z") == 0 && list.services[0].words[3] == NULL);
}

/* Patterns as modules have them, against names as sysfs has them. */
static void test_devices(void **state)
{
	static struct devices all = {
		.aliases = { "pci:v000015ADd000007B0sv000015ADsd000007B0bc02sc00i00",
			"virtio:d00000001v00001AF4",
			"acpi:VMBUS:VMBus:", "vmbus:635161f83edfc546913ff2d2f965ed0e" },
		.count = 4,
	};
	static const struct {
		const char *pattern;
		bool is_matched;
	} rows[] = {
		{ "pci:v000015ADd000007B0sv*sd*bc*sc*i*", true },
		{ "virtio:d00000001v*", true },
		{ "virtio:d00000008v*", false },
		{ "pci:v000015ADd000007C0sv*sd*bc*sc*i*", false },
		{ "pci:v*", true },
		{ "acpi*:VMBUS:*", true }, /* Hyper-V: its bus, then its network */
		{ "vmbus:635161f83edfc546913ff2d2f965ed0e", true },
		{ "vmbus:d96361baa104294db60572e2ffb1dc7f", false },
		{ "", false },
	};
	char disk[] = "/tmp/mailvisor-devices-XXXXXX";
	auto_fd fd = mkstemp(disk);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(devices_match(&all, rows[i].pattern) == rows[i].is_matched, i);
	/* No module of the list is there, so none is loaded, and nothing breaks. */
	check(write(fd, "pci:v*\n/no/such.ko\nnone:*\n/no/other.ko\n", 40) == 40);
	check(devices_load(&all, disk) == 0 && devices_load(&all, "/no/such/list") == 0);
	check(unlink(disk) == 0);
}

/* A file system is known by its superblock; of one that was made over another the newer shows. */
static void test_file_systems(void **state)
{
	static const struct {
		struct slice magic;
		off_t at;
		const char *name; /* NULL: none */
	} rows[] = {
		{ S_INIT("\x53\xef"), 1080, "ext4" },
		{ S_INIT("\xef\x53"), 1080, NULL },
		{ S_INIT("\x53\xef"), 1081, NULL },
		{ S_INIT("XFSB"), 0, "xfs" },
		{ S_INIT("XFS"), 0, NULL },
		{ S_INIT("_BHRfS_M"), 0x10040, "btrfs" },
		{ S_INIT("_BHRfS_"), 0x10040, NULL },
		{ S_INIT(""), 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char disk[] = "/tmp/mailvisor-devices-XXXXXX";
		auto_fd fd = mkstemp(disk);

		check_row(pwrite(fd, rows[i].magic.at, rows[i].magic.len, rows[i].at) ==
				  (ssize_t)rows[i].magic.len,
			i);
		const char *name = devices_file_system(disk);

		check_row((name == NULL) == (rows[i].name == NULL), i);
		check_row(name == NULL || strcmp(name, rows[i].name) == 0, i);
		check_row(unlink(disk) == 0, i);
	}
	check(devices_file_system("/no/such/disk") == NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_argument_limits), cmocka_unit_test(test_argument_kernel),
		cmocka_unit_test(test_netmask), cmocka_unit_test(test_dhcp_read),
		cmocka_unit_test(test_dhcp_strangers), cmocka_unit_test(test_dhcp_write),
		cmocka_unit_test(test_service_wait), cmocka_unit_test(test_service_words),
		cmocka_unit_test(test_service_list), cmocka_unit_test(test_devices),
		cmocka_unit_test(test_file_systems) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
