/* SPDX-License-Identifier: MIT */
/* What VBoxManage and vmrun print, the .vmx file, PID 1's address, whose machine it is. */
#include "lab/files/owner.h"
#include "lab/platform/appliance.h"
#include "lab/platform/lan.h"
#include "lab/platform/machine.h"
#include "lab/platform/virtualbox_read.h"
#include "lab/platform/vmware_vmx.h"

#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Facts of `showvminfo --machinereadable` of VirtualBox 7.2, with the forms that its lines have. */
static const char info[] = "WARNING: The character device /dev/vboxdrv does not exist.\n"
			   "\t You will not be able to start VMs until this problem is fixed.\n"
			   "name=\"v=1\"\n"
			   "ostype=\"Linux 2.6 / 3.x / 4.x / 5.x (64-bit)\"\n"
			   "UUID=\"bdeb256a-3fb3-468c-9dc8-aaf46758416d\"\n"
			   "LogFldr=\"/vm/v mail/Logs\"\n"
			   "memory=1024\n"
			   "VMState=\"poweroff\"\n"
			   "\"SATA-0-0\"=\"/vm/vmail.vdi\"\n"
			   "teleporteraddress=\"\"\n"
			   "Forwarding(1)=\"smtp,tcp,127.0.0.1,2525,,2525\"\n"
			   " rec_screen0\n"
			   "rec_screen_id=0\r\n"
			   "GuestMemoryBalloon=0";

static void test_value(void **state)
{
	static const struct {
		struct slice key;
		bool is_there;
		struct slice value;
	} rows[] = {
		{ S_INIT("name"), true, S_INIT("v=1") },
		{ S_INIT("memory"), true, S_INIT("1024") },
		{ S_INIT("VMState"), true, S_INIT("poweroff") },
		{ S_INIT("SATA-0-0"), true, S_INIT("/vm/vmail.vdi") },
		{ S_INIT("LogFldr"), true, S_INIT("/vm/v mail/Logs") },
		{ S_INIT("teleporteraddress"), true, S_INIT("") },
		{ S_INIT("Forwarding(1)"), true, S_INIT("smtp,tcp,127.0.0.1,2525,,2525") },
		{ S_INIT("rec_screen_id"), true, S_INIT("0") },
		{ S_INIT("GuestMemoryBalloon"), true, S_INIT("0") },
		{ S_INIT("rec_screen0"), false, S_INIT("kept") },
		{ S_INIT("vmstate"), false, S_INIT("kept") },
		{ S_INIT("SATA"), false, S_INIT("kept") },
		{ S_INIT(""), false, S_INIT("kept") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice value = S("kept");

		check_row(virtualbox_value(slice_of(info), rows[i].key, &value) == rows[i].is_there,
			i);
		check_row(slice_same(value, rows[i].value), i);
	}
}

static void test_answers(void **state)
{
	static const char failed[] =
		"Waiting for VM \"vmail\" to power on...\n"
		"VBoxManage: error: The virtual machine 'vmail' has terminated unexpectedly during "
		"startup with exit code 1 (0x1)\n"
		"VBoxManage: error: Details: code NS_ERROR_FAILURE (0x80004005), component "
		"MachineWrap, interface IMachine\n";
	static const struct {
		struct slice text;
		const char *uuid; /* NULL: none */
		unsigned major;
	} rows[] = {
		{ S_INIT("Virtual machine 'v' is created and registered.\n"
			 "UUID: 900130ac-5a77-4b0f-aefe-0de71d808345\nSettings file: '/v.vbox'\n"),
			"900130ac-5a77-4b0f-aefe-0de71d808345", 0 },
		{ S_INIT("UUID: 900130ac-5a77-4b0f-aefe-0de71d80834\n"), NULL, 0 },
		{ S_INIT("UUID: 900130ac-5a77-4b0f-aefe-0de71d80834g\n"), NULL, 0 },
		{ S_INIT("7.2.22_Debianr175245\n"), NULL, 7 },
		{ S_INIT("WARNING: The character device\n\n6.1.50r161033\n"), NULL, 6 },
		{ S_INIT("VBoxManage: error: no\n"), NULL, 0 },
		{ S_INIT(""), NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char uuid[VIRTUALBOX_UUID_BYTES] = "";

		check_row(virtualbox_uuid(rows[i].text, uuid) == (rows[i].uuid != NULL), i);
		check_row(rows[i].uuid == NULL || strcmp(uuid, rows[i].uuid) == 0, i);
		check_row(virtualbox_major(rows[i].text) == rows[i].major, i);
	}
	check(slice_same(virtualbox_complaint(slice_of(failed)),
		S("The virtual machine 'vmail' has terminated unexpectedly during startup with "
		  "exit "
		  "code 1 (0x1)")));
	check(virtualbox_complaint(slice_of(info)).len == 0);
}

static void test_list(void **state)
{
	struct slice rest = S("WARNING: something {else}\n"
			      "\"vmail\" {bdeb256a-3fb3-468c-9dc8-aaf46758416d}\n"
			      "\"a {b} c\" {900130ac-5a77-4b0f-aefe-0de71d808345}\n"
			      "\"cut\" {900130ac-5a77-4b0f-aefe");
	struct virtualbox_entry entry;

	(void)state;
	check(virtualbox_entry_next(&rest, &entry) && slice_same(entry.name, S("vmail")) &&
		slice_same(entry.uuid, S("bdeb256a-3fb3-468c-9dc8-aaf46758416d")));
	check(virtualbox_entry_next(&rest, &entry) && slice_same(entry.name, S("a {b} c")) &&
		slice_same(entry.uuid, S("900130ac-5a77-4b0f-aefe-0de71d808345")));
	check(!virtualbox_entry_next(&rest, &entry));
	check(virtualbox_is_live(S("running")) && virtualbox_is_live(S("stopping")) &&
		virtualbox_is_live(S("paused")));
	check(!virtualbox_is_live(S("poweroff")) && !virtualbox_is_live(S("aborted")) &&
		!virtualbox_is_live(S("saved")));
}

static void test_vmx(void **state)
{
	static const char *const has[] = { "config.version = \"8\"\n",
		"virtualHW.version = \"19\"\n", "guestOS = \"other5xlinux-64\"\n",
		"firmware = \"efi\"\n", "pciBridge4.virtualDev = \"pcieRootPort\"\n",
		"nvme0:0.fileName = \"/w/boot.vmdk\"\n", "scsi0.virtualDev = \"pvscsi\"\n",
		"scsi0:0.fileName = \"/w|22|7C/data.vmdk\"\n",
		"ethernet0.virtualDev = \"vmxnet3\"\n", "ethernet0.connectionType = \"nat\"\n",
		"serial0.fileType = \"file\"\n", "serial0.fileName = \"/w/console.log\"\n",
		"memsize = \"256\"\n", "numvcpus = \"2\"\n",
		"displayName = \"mailvisor-lab-1-1\"\n" };
	struct vmware_plan plan = { .name = "mailvisor-lab-1-1",
		.cpu_count = 2,
		.memory_bytes = 259 << 20, /* VMware takes multiples of 4 MiB */
		.boot_path = "/w/boot.vmdk",
		.data_path = "/w\"|/data.vmdk",
		.console_path = "/w/console.log" };
	auto_buf text = { .max = VMWARE_VMX_BYTES }, small = { .max = 100 };

	(void)state;
	check(vmware_vmx_write(&plan, &text) && buf_add_byte(&text, '\0'));
	for (size_t i = 0; i < COUNT(has); i++)
		check_row(strstr(text.at, has[i]) != NULL, i);
	check(!vmware_vmx_write(&plan, &small));
}

static void test_vmrun(void **state)
{
	static const struct {
		struct slice line;
		const char *address; /* NULL: none */
	} rows[] = {
		{ S_INIT("mailvisor-guest: state=network ms=9 if=eth0 ip=192.168.80.129 "
			 "from=dhcp\r"),
			"192.168.80.129" },
		{ S_INIT("mailvisor-guest: state=network ms=9 if=eth0 ip=192.168.80 from=dhcp"),
			NULL },
		{ S_INIT("mailvisor-guest: state=network ms=9"), NULL },
		{ S_INIT("mailvisor-guest: state=server ms=9 ip=1.2.3.4"), NULL },
		{ S_INIT("x mailvisor-guest: state=network ms=9 ip=1.2.3.4"), NULL },
	};
	struct slice rest = S("Total running VMs: 2\n/w/a b.vmx\r\nnonsense\n/w/c.VMX\n"), path;

	(void)state;
	check(vmware_list_next(&rest, &path) && slice_same(path, S("/w/a b.vmx")));
	check(vmware_list_next(&rest, &path) && slice_same(path, S("/w/c.VMX")));
	check(!vmware_list_next(&rest, &path));
	check(slice_same(
		vmware_complaint(S("vmrun\nError: The virtual machine is not powered on\n")),
		S("The virtual machine is not powered on")));
	check(vmware_complaint(S("Total running VMs: 0\n")).len == 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char room[64];

		check_row(appliance_address(rows[i].line, room, sizeof room) ==
				  (rows[i].address != NULL),
			i);
		check_row(rows[i].address == NULL || strcmp(room, rows[i].address) == 0, i);
	}
}

/* A machine is left over when the lab in its name is gone: our own, a child that ended, no name. */
static void test_orphan(void **state)
{
	char name[MACHINE_NAME_BYTES], again[MACHINE_NAME_BYTES], mark[OWNER_MARK_BYTES];
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		for (;;)
			(void)pause();
	}
	check(owner_mark_of(child, mark));
	check(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
	machine_name_next(name);
	machine_name_next(again);
	check(strcmp(name, again) != 0 && !machine_is_orphan(slice_of(name)));
	(void)snprintf(name, sizeof name, MACHINE_PREFIX "%s-1", mark);
	check(machine_is_orphan(slice_of(name)));
	check(!machine_is_orphan(S("somebody's machine")) && !machine_is_orphan(S("")) &&
		!machine_is_orphan(S(MACHINE_PREFIX "x-1")) &&
		!machine_is_orphan(S(MACHINE_PREFIX "4711-1")));
	check(machine_runs(getpid()) && !machine_runs(child) && !machine_runs(0));
	check(machine_pid("no-such-program", "word") == 0);
}

static ino_t network_now(void)
{
	struct stat meta = { 0 };

	(void)stat("/proc/thread-self/ns/net", &meta);
	return meta.st_ino;
}

static void test_step(void **state)
{
	ino_t before = network_now(), inside;
	struct error e = { 0 };

	(void)state;
	check(lan_step_out(&e) && network_now() == before);
	if (!lan_is_possible() || !lan_open(&e))
		skip();
	inside = network_now();
	check(inside != before);
	check(lan_step_out(&e) && network_now() == before);
	lan_step_in();
	check(network_now() == inside);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_value),
		cmocka_unit_test(test_answers), cmocka_unit_test(test_list),
		cmocka_unit_test(test_vmx), cmocka_unit_test(test_vmrun),
		cmocka_unit_test(test_orphan), cmocka_unit_test(test_step) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
