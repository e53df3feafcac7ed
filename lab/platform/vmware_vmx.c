/* SPDX-License-Identifier: MIT */
#include "lab/platform/vmware_vmx.h"

enum { MEBIBYTE_BITS = 20 };

/*
 * What does not depend on the plan. The boot disk is on NVMe, which every firmware starts from; the mail
 * is on pvscsi and goes through vmxnet3, VMware's own devices. PCI Express devices need root ports.
 */
static const char *const lines[][2] = {
	{ ".encoding", "UTF-8" },
	{ "config.version", "8" },
	{ "virtualHW.version", "19" },
	{ "guestOS", "other5xlinux-64" },
	{ "firmware", "efi" },
	{ "cpuid.coresPerSocket", "1" },
	{ "uuid.action", "create" },
	{ "msg.autoAnswer", "TRUE" },
	{ "hpet0.present", "TRUE" },
	{ "vmci0.present", "TRUE" },
	{ "floppy0.present", "FALSE" },
	{ "sound.present", "FALSE" },
	{ "usb.present", "FALSE" },
	{ "tools.syncTime", "FALSE" },
	{ "pciBridge0.present", "TRUE" },
	{ "pciBridge4.present", "TRUE" },
	{ "pciBridge4.virtualDev", "pcieRootPort" },
	{ "pciBridge4.functions", "8" },
	{ "nvme0.present", "TRUE" },
	{ "nvme0:0.present", "TRUE" },
	{ "scsi0.present", "TRUE" },
	{ "scsi0.virtualDev", "pvscsi" },
	{ "scsi0:0.present", "TRUE" },
	{ "scsi0:0.deviceType", "disk" },
	{ "ethernet0.present", "TRUE" },
	{ "ethernet0.virtualDev", "vmxnet3" },
	{ "ethernet0.connectionType", "nat" },
	{ "ethernet0.addressType", "generated" },
	{ "ethernet0.startConnected", "TRUE" },
	{ "serial0.present", "TRUE" },
	{ "serial0.fileType", "file" },
	{ "serial0.tryNoRxLoss", "FALSE" },
	{ "serial0.yieldOnMsrRead", "TRUE" },
};

static bool value_add(struct buf *to, const char *value)
{
	bool fits = buf_add_byte(to, '"');

	for (; *value != '\0'; value++) {
		unsigned char byte = (unsigned char)*value;
		bool is_plain = byte >= ' ' && byte != 0x7f && byte != '"' && byte != '|';

		fits = fits &&
		       (is_plain ? buf_add_byte(to, *value) : buf_add_format(to, "|%02X", byte));
	}
	return fits && buf_add_byte(to, '"');
}

static bool line_add(struct buf *to, const char *key, const char *value)
{
	return buf_add_format(to, "%s = ", key) && value_add(to, value) && buf_add_byte(to, '\n');
}

bool vmware_vmx_write(const struct vmware_plan *plan, struct buf *to)
{
	uint64_t memory_mib = plan->memory_bytes >> MEBIBYTE_BITS;
	bool fits = true;

	for (size_t i = 0; i < COUNT(lines); i++)
		fits = fits && line_add(to, lines[i][0], lines[i][1]);
	memory_mib -= memory_mib % VMWARE_MEMORY_STEP_MIB;
	return fits && line_add(to, "displayName", plan->name) &&
	       buf_add_format(to, "memsize = \"%llu\"\n", (unsigned long long)memory_mib) &&
	       buf_add_format(to, "numvcpus = \"%u\"\n", plan->cpu_count) &&
	       line_add(to, "nvme0:0.fileName", plan->boot_path) &&
	       line_add(to, "scsi0:0.fileName", plan->data_path) &&
	       line_add(to, "serial0.fileName", plan->console_path);
}

static struct slice line_next(struct slice *rest)
{
	struct slice line = slice_first(*rest, slice_find(*rest, '\n'));

	*rest = slice_skip(*rest, line.len + 1);
	return slice_trim(line);
}

bool vmware_list_next(struct slice *rest, struct slice *ret_path)
{
	while (rest->len > 0) {
		struct slice line = line_next(rest);

		if (!slice_starts(line, S("/")) || !slice_ends_nocase(line, S(".vmx")))
			continue;
		*ret_path = line;
		return true;
	}
	return false;
}

struct slice vmware_complaint(struct slice text)
{
	while (text.len > 0) {
		struct slice line = line_next(&text);

		if (slice_starts(line, S("Error: ")))
			return slice_skip(line, S("Error: ").len);
	}
	return S("");
}
