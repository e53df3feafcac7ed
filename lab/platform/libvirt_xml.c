/* SPDX-License-Identifier: MIT */
#include "lab/platform/libvirt_xml.h"

#include <inttypes.h>
#include <string.h>

/* clang-format off */
static const struct type_row {
	const char *type;   /* virConnectGetType() */
	const char *domain; /* <domain type=…> */
	const char *os;     /* <type>hvm</type> and what stands beside it */
	const char *format; /* of disks */
	const char *boot_target, *data_target, *bus; /* names as the hypervisor wants them */
	const char *nic;
	bool forwards;
} rows[] = {
	{ "QEMU", "qemu", "arch='x86_64' machine='q35'", "raw", "vda", "vdb", "virtio", "virtio", true },
	{ "Xen", "xen", "arch='x86_64' machine='xenfv'", "raw", "hda", "xvdb", "xen", "rtl8139", false },
	{ "ESX", "vmware", "arch='x86_64'", "vmdk", "sda", "sdb", "scsi", "vmxnet3", false },
	{ "TEST", "test", "arch='i686'", "raw", "vda", "vdb", "virtio", "virtio", false },
};
/* clang-format on */

static const struct type_row *find(const char *type)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcasecmp(rows[i].type, type) == 0)
			return &rows[i];
	}
	return NULL;
}

bool libvirt_xml_knows(const char *type)
{
	return find(type) != NULL;
}

bool libvirt_xml_forwards(const char *type)
{
	return find(type) != NULL && find(type)->forwards;
}

const char *libvirt_xml_format(const char *type)
{
	return find(type) == NULL ? "raw" : find(type)->format;
}

/* Text in a value between apostrophes. */
static bool value_add(struct buf *to, const char *text)
{
	static const struct {
		char byte;
		struct slice name;
	} names[] = { { '&', S_INIT("&amp;") }, { '<', S_INIT("&lt;") }, { '>', S_INIT("&gt;") },
		{ '\'', S_INIT("&apos;") } };
	bool fits = true;

	for (; *text != '\0' && fits; text++) {
		size_t i = 0;

		while (i < COUNT(names) && names[i].byte != *text)
			i++;
		fits = i < COUNT(names) ? buf_add(to, names[i].name) : buf_add_byte(to, *text);
	}
	return fits;
}

static bool disk_add(const struct type_row *row, const struct libvirt_disk *disk,
	const char *target, struct buf *to)
{
	bool is_ide = target[0] == 'h';

	return buf_add_format(to, "<disk type='file' device='disk'>") &&
	       (strcmp(row->type, "QEMU") != 0 ||
		       buf_add_format(to, "<driver name='qemu' type='%s' cache='writeback'/>",
			       disk->format)) &&
	       buf_add(to, S("<source file='")) && value_add(to, disk->path) &&
	       buf_add_format(to, "'/><target dev='%s' bus='%s'/></disk>\n", target,
		       is_ide ? "ide" : row->bus);
}

/* A user network with forwarded ports is not in libvirt's own words; it is in QEMU's. */
static bool forwards_add(const struct libvirt_plan *plan, struct buf *to)
{
	return buf_add_format(to,
		"<qemu:commandline><qemu:arg value='-netdev'/><qemu:arg value='user,id=mailvisor,"
		"hostfwd=tcp:127.0.0.1:%u-:25,hostfwd=tcp:127.0.0.1:%u-:110,"
		"hostfwd=tcp:127.0.0.1:%u-:587,hostfwd=tcp:127.0.0.1:%u-:143'/><qemu:arg "
		"value='-device'/>"
		"<qemu:arg value='virtio-net-pci,netdev=mailvisor,romfile=,addr=0x10'/>"
		"</qemu:commandline>\n",
		plan->smtp_port, plan->pop3_port, plan->submission_port, plan->imap_port);
}

static bool network_add(const struct type_row *row, const struct libvirt_plan *plan, struct buf *to)
{
	bool is_esx = strcmp(row->type, "ESX") == 0;

	if (plan->network == NULL)
		return true;
	return buf_add_format(to, "<interface type='%s'><source %s='",
		       is_esx ? "bridge" : "network", is_esx ? "bridge" : "network") &&
	       value_add(to, plan->network) &&
	       buf_add_format(to, "'/><model type='%s'/></interface>\n", row->nic);
}

static bool head_add(const struct type_row *row, const struct libvirt_plan *plan, struct buf *to)
{
	bool is_qemu = strcmp(row->type, "QEMU") == 0;

	return buf_add_format(to, "<domain type='%s'%s>\n<name>",
		       is_qemu && plan->has_kvm ? "kvm" : row->domain,
		       is_qemu ? " xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'" : "") &&
	       value_add(to, plan->name) &&
	       buf_add_format(to,
		       "</name>\n<memory unit='b'>%" PRIu64 "</memory>\n<vcpu>%u</vcpu>\n"
		       "<os><type %s>hvm</type><boot dev='hd'/></os>\n"
		       "<features><acpi/></features>\n"
		       "<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot>"
		       "<on_crash>destroy</on_crash>\n",
		       plan->memory_bytes, plan->cpu_count, row->os) &&
	       /* The files are the lab's, and so is the process: nobody else may read the mail. */
	       (!is_qemu || buf_add(to, S("<seclabel type='static' model='dac' relabel='no'>"
					  "<label>+0:+0</label></seclabel>\n")));
}

bool libvirt_xml_write(const char *type, const struct libvirt_plan *plan, struct buf *to)
{
	const struct type_row *row = find(type);

	invariant(row != NULL && (plan->network != NULL || row->forwards || to->max == 0 ||
					 strcmp(row->type, "TEST") == 0));
	return head_add(row, plan, to) && buf_add(to, S("<devices>\n")) &&
	       disk_add(row, &plan->boot, row->boot_target, to) &&
	       disk_add(row, &plan->data, row->data_target, to) && network_add(row, plan, to) &&
	       buf_add(to, S("<serial type='pty'><target port='0'/></serial>\n"
			     "<console type='pty'><target type='serial' port='0'/></console>\n"
			     "</devices>\n")) &&
	       (plan->network != NULL || !row->forwards || forwards_add(plan, to)) &&
	       buf_add(to, S("</domain>\n"));
}
