/* SPDX-License-Identifier: MIT */
/* libvirt's API against its own test driver (test:///default: hosts and machines in memory), and the text. */
#include "lab/platform/libvirt_host.h"
#include "lab/platform/libvirt_target.h"
#include "lab/platform/libvirt_xml.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

static const struct libvirt_plan plan = { .name = "mailvisor-lab-1-1",
	.cpu_count = 2,
	.memory_bytes = 512 << 20,
	.boot = { "/w/boot.raw", "raw" },
	.data = { "/w/it's <data> & more", "raw" },
	.network = "default",
	.smtp_port = 4025,
	.pop3_port = 4110,
	.submission_port = 4587,
	.imap_port = 4143 };

static void test_xml(void **state)
{
	static const struct {
		const char *type;
		bool has_network, has_kvm;
		const char *has[4], *has_not[2];
	} rows[] = {
		{ "QEMU", false, false,
			{ "<domain type='qemu' xmlns:qemu=", "hostfwd=tcp:127.0.0.1:4025-:25",
				"type='raw' cache='writeback'",
				"<target dev='vdb' bus='virtio'/>" },
			{ "<interface", "type='kvm'" } },
		{ "QEMU", false, true,
			{ "<domain type='kvm'", "machine='q35'", "<vcpu>2</vcpu>",
				"it&apos;s &lt;data&gt; &amp; more" },
			{ "<interface", "type='qemu'" } },
		{ "Xen", true, true,
			{ "<domain type='xen'>", "<source network='default'/>",
				"<target dev='hda' bus='ide'/>", "<target dev='xvdb' bus='xen'/>" },
			{ "hostfwd", "seclabel" } },
		{ "ESX", true, false,
			{ "<domain type='vmware'>", "<source bridge='default'/>",
				"<model type='vmxnet3'/>", "bus='scsi'" },
			{ "hostfwd", "<driver" } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		auto_buf text = { .max = LIBVIRT_XML_BYTES }, small = { .max = 300 };
		struct libvirt_plan p = plan;

		p.network = rows[i].has_network ? plan.network : NULL;
		p.has_kvm = rows[i].has_kvm;
		check_row(libvirt_xml_write(rows[i].type, &p, &text), i);
		check_row(buf_add_byte(&text, '\0'), i);
		for (size_t k = 0; k < COUNT(rows[i].has); k++)
			check_row(strstr(text.at, rows[i].has[k]) != NULL, i);
		for (size_t k = 0; k < COUNT(rows[i].has_not); k++)
			check_row(strstr(text.at, rows[i].has_not[k]) == NULL, i);
		check_row(!libvirt_xml_write(rows[i].type, &p, &small), i);
		check_row(libvirt_xml_knows(rows[i].type), i);
	}
	check(!libvirt_xml_knows("LXC") && !libvirt_xml_forwards("Xen") &&
		libvirt_xml_forwards("QEMU"));
	check(strcmp(libvirt_xml_format("ESX"), "vmdk") == 0);
}

static void machine_define(struct libvirt_host *h)
{
	auto_buf text = { .max = LIBVIRT_XML_BYTES };
	struct error e = { 0 };

	check(libvirt_xml_write(h->type, &plan, &text) && buf_add_byte(&text, '\0'));
	check(libvirt_define(h, text.at, &e));
}

static void test_life(void **state)
{
	char reason[200], version[LIBVIRT_NAME_BYTES], network[LIBVIRT_NAME_BYTES];
	struct libvirt_usage usage;
	struct libvirt_host h;
	struct error e = { 0 };

	(void)state;
	check(libvirt_host_open(&h, "test:///default", &e));
	check(strcasecmp(h.type, "TEST") == 0 && libvirt_xml_knows(h.type));
	libvirt_host_version(&h, version, sizeof version);
	libvirt_host_network(&h, network);
	check(strncmp(version, "libvirt ", 8) == 0 && strcmp(network, "default") == 0);
	check(!libvirt_is_running(&h, reason, sizeof reason));
	machine_define(&h);
	check(!libvirt_is_running(&h, reason, sizeof reason) && strstr(reason, "shut off") != NULL);
	check(libvirt_start(&h, &e) && libvirt_is_running(&h, reason, sizeof reason));
	check(libvirt_usage_read(&h, &usage));
	check(libvirt_snapshot(&h, "one", &e) && libvirt_snapshot(&h, "one", &e));
	libvirt_cut(&h);
	check(!libvirt_is_running(&h, reason, sizeof reason));
	check(libvirt_revert(&h, "one", &e) && libvirt_is_running(&h, reason, sizeof reason));
	check(!libvirt_revert(&h, "two", &e) &&
		strncmp(e.text, "libvirt: find a snapshot: ", 26) == 0);
	check(libvirt_press(&h) && !libvirt_is_running(&h, reason, sizeof reason));
	libvirt_host_close(&h);
	check(h.connection == NULL && h.domain == NULL);
}

static bool is_ours(struct slice name)
{
	return slice_starts(name, S("mailvisor-lab-"));
}

/* Others' machines stay: the test driver starts with one named "test". */
static void test_sweep(void **state)
{
	struct libvirt_host h;
	struct error e = { 0 };
	auto_buf said = { .max = 1024 };

	(void)state;
	check(libvirt_host_open(&h, "test:///default", &e));
	libvirt_sweep(&h, is_ours, &said);
	check(said.len == 0);
	machine_define(&h);
	check(libvirt_start(&h, &e) && libvirt_snapshot(&h, "one", &e));
	libvirt_sweep(&h, is_ours, &said);
	libvirt_sweep(&h, is_ours, &said);
	check(slice_same(buf_slice(&said), S("libvirt's machine 'mailvisor-lab-1-1'\n")));
	libvirt_host_close(&h);
}

static void test_refusals(void **state)
{
	static const char *const uris[] = { "nonsense:///", "test:///no/such/file", "" };
	struct libvirt_host h = { .connection = NULL };
	struct error e = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(uris) - 1; i++) {
		error_clear(&e);
		check_row(!libvirt_host_open(&h, uris[i], &e) && h.connection == NULL, i);
		check_row(strncmp(e.text, "libvirt: connect: ", 18) == 0, i);
	}
	error_clear(&e);
	check(libvirt_host_open(&h, "test:///default", &e));
	check(!libvirt_define(&h, "<domain/>", &e) && strstr(e.text, "define a machine") != NULL);
	libvirt_host_close(&h);
}

static void test_target(void **state)
{
	struct error e = { 0 };

	(void)state;
	check(strcmp(libvirt_target_uri(), "qemu:///system") == 0);
	check(libvirt_aim(S("libvirt:xen+ssh://host/system"), &e));
	check(strcmp(libvirt_target_uri(), "xen+ssh://host/system") == 0);
	check(!libvirt_aim(S("libvirt:"), &e) && strstr(e.text, "libvirt:URI") != NULL);
	error_clear(&e);
	check(libvirt_aim(S("libvirt"), &e) && strcmp(libvirt_target_uri(), "qemu:///system") == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
