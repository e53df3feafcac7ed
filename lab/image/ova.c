/* SPDX-License-Identifier: MIT */
#include "lab/image/ova.h"

#include "base/buf.h"
#include "lab/image/files.h"
#include "lab/image/format.h"

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OVF_BYTES = 16 << 10, HASH_BYTES = 32, DISK_COUNT = 2 };

static const char *const disk_names[DISK_COUNT] = { "mailvisor-boot.vmdk", "mailvisor-data.vmdk" };

struct member {
	const char *name;
	char *at;
	size_t len;
};

struct ova {
	const struct ova_plan *plan;
	struct member members[2 + DISK_COUNT]; /* description, checksums, disks */
	uint64_t capacity[DISK_COUNT];
};

static void ova_done(struct ova *o)
{
	for (size_t i = 0; i < COUNT(o->members); i++)
		free(o->members[i].at);
}

#define OVF_HEAD                                                                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                             \
	"<Envelope ovf:version=\"1.0\" xml:lang=\"en-US\"\n"                                       \
	" xmlns=\"http://schemas.dmtf.org/ovf/envelope/1\"\n"                                      \
	" xmlns:ovf=\"http://schemas.dmtf.org/ovf/envelope/1\"\n"                                  \
	" xmlns:rasd=\"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"                         \
	"CIM_ResourceAllocationSettingData\"\n"                                                    \
	" xmlns:vssd=\"http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"                         \
	"CIM_VirtualSystemSettingData\">\n"
/* OperatingSystem 101: CIM's "Linux 64-Bit". */
#define OVF_SYSTEM                                                                                 \
	"  <NetworkSection>\n    <Info>Networks</Info>\n"                                          \
	"    <Network ovf:name=\"NAT\"><Description>any</Description></Network>\n"                 \
	"  </NetworkSection>\n"                                                                    \
	"  <VirtualSystem ovf:id=\"mailvisor\">\n    <Info>A virtual mail server</Info>\n"         \
	"    <Name>mailvisor</Name>\n"                                                             \
	"    <OperatingSystemSection ovf:id=\"101\"><Info>Linux</Info>"                            \
	"<Description>Linux26_64</Description></OperatingSystemSection>\n"                         \
	"    <VirtualHardwareSection>\n      <Info>Hardware</Info>\n"                              \
	"      <System><vssd:ElementName>Hardware</vssd:ElementName>"                              \
	"<vssd:InstanceID>0</vssd:InstanceID>"                                                     \
	"<vssd:VirtualSystemIdentifier>mailvisor</vssd:VirtualSystemIdentifier>"                   \
	"<vssd:VirtualSystemType>virtualbox-2.2 vmx-10</vssd:VirtualSystemType></System>\n"
#define OVF_TAIL "    </VirtualHardwareSection>\n  </VirtualSystem>\n</Envelope>\n"

/* CIM_ResourceAllocationSettingData: children in the order of their names, as the schema wants. */
static bool items_add(const struct ova_plan *plan, struct buf *to)
{
	return buf_add_format(to,
		       "      <Item><rasd:ElementName>1 processor</rasd:ElementName>"
		       "<rasd:InstanceID>1</rasd:InstanceID><rasd:ResourceType>3</"
		       "rasd:ResourceType>"
		       "<rasd:VirtualQuantity>1</rasd:VirtualQuantity></Item>\n"
		       "      <Item><rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits>"
		       "<rasd:ElementName>Memory</rasd:ElementName>"
		       "<rasd:InstanceID>2</rasd:InstanceID><rasd:ResourceType>4</"
		       "rasd:ResourceType>"
		       "<rasd:VirtualQuantity>%d</rasd:VirtualQuantity></Item>\n"
		       "      <Item><rasd:Address>0</rasd:Address>"
		       "<rasd:ElementName>IDE</rasd:ElementName>"
		       "<rasd:InstanceID>3</rasd:InstanceID>"
		       "<rasd:ResourceSubType>PIIX4</rasd:ResourceSubType>"
		       "<rasd:ResourceType>5</rasd:ResourceType></Item>\n",
		       OVA_MEMORY_MIB) &&
	       buf_add_format(to,
		       "      <Item><rasd:AddressOnParent>0</rasd:AddressOnParent>"
		       "<rasd:AutomaticAllocation>true</rasd:AutomaticAllocation>"
		       "<rasd:Connection>NAT</rasd:Connection>"
		       "<rasd:ElementName>Network</rasd:ElementName>"
		       "<rasd:InstanceID>4</rasd:InstanceID>"
		       "<rasd:ResourceSubType>%s</rasd:ResourceSubType>"
		       "<rasd:ResourceType>10</rasd:ResourceType></Item>\n",
		       plan->nic);
}

static bool disk_items_add(struct buf *to)
{
	bool fits = true;

	for (unsigned i = 0; i < DISK_COUNT; i++)
		fits = fits &&
		       buf_add_format(to,
			       "      <Item><rasd:AddressOnParent>%u</rasd:AddressOnParent>"
			       "<rasd:ElementName>Disk %u</rasd:ElementName>"
			       "<rasd:HostResource>ovf:/disk/disk%u</rasd:HostResource>"
			       "<rasd:InstanceID>%u</rasd:InstanceID><rasd:Parent>3</rasd:Parent>"
			       "<rasd:ResourceType>17</rasd:ResourceType></Item>\n",
			       i, i + 1, i + 1, 5 + i);
	return fits;
}

static bool disks_add(const struct ova *o, struct buf *to)
{
	bool fits = buf_add(to, S("  <References>\n"));

	for (unsigned i = 0; i < DISK_COUNT; i++)
		fits = fits &&
		       buf_add_format(to,
			       "    <File ovf:href=\"%s\" ovf:id=\"file%u\" ovf:size=\"%zu\"/>\n",
			       disk_names[i], i + 1, o->members[2 + i].len);
	fits = fits && buf_add(to, S("  </References>\n  <DiskSection>\n    <Info>Disks</Info>\n"));
	for (unsigned i = 0; i < DISK_COUNT; i++)
		fits = fits &&
		       buf_add_format(to,
			       "    <Disk ovf:capacity=\"%" PRIu64
			       "\" ovf:capacityAllocationUnits=\"byte\" ovf:diskId=\"disk%u\" "
			       "ovf:fileRef=\"file%u\" "
			       "ovf:format=\"http://www.vmware.com/interfaces/"
			       "specifications/vmdk.html#streamOptimized\"/>\n",
			       o->capacity[i], i + 1, i + 1);
	return fits && buf_add(to, S("  </DiskSection>\n"));
}

static bool member_give(
	struct member *m, const char *name, struct buf *text, bool fits, struct error *e)
{
	if (!fits)
		return fail(e, FAULT_LATER, "write '%s': out of memory", name);
	*m = (struct member){ name, text->at, text->len };
	*text = (struct buf){ .max = 0 };
	return true;
}

static bool description_make(struct ova *o, struct error *e)
{
	auto_buf text = { .max = OVF_BYTES };
	bool fits = buf_add(&text, S(OVF_HEAD)) && disks_add(o, &text) &&
		    buf_add(&text, S(OVF_SYSTEM)) && items_add(o->plan, &text) &&
		    disk_items_add(&text) && buf_add(&text, S(OVF_TAIL));

	return member_give(&o->members[0], "mailvisor.ovf", &text, fits, e);
}

/* DSP0243, "OVF package", its manifest: SHA256(NAME)= HEX, a line a file. */
static bool hash_add(const struct member *m, struct buf *to)
{
	unsigned char hash[HASH_BYTES];
	size_t len = 0;
	bool fits = EVP_Q_digest(NULL, "SHA256", NULL, m->at, m->len, hash, &len) == 1 &&
		    buf_add_format(to, "SHA256(%s)= ", m->name);

	for (size_t i = 0; i < len; i++)
		fits = fits && buf_add_format(to, "%02x", hash[i]);
	return fits && buf_add_byte(to, '\n');
}

static bool checksums_make(struct ova *o, struct error *e)
{
	auto_buf text = { .max = OVF_BYTES };
	bool fits = hash_add(&o->members[0], &text);

	for (unsigned i = 0; i < DISK_COUNT; i++)
		fits = fits && hash_add(&o->members[2 + i], &text);
	return member_give(&o->members[1], "mailvisor.mf", &text, fits, e);
}

static bool disk_load(struct ova *o, unsigned at, struct error *e)
{
	const char *raw = at == 0 ? o->plan->boot_path : o->plan->data_path;
	struct member *m = &o->members[2 + at];
	char packed[IMAGE_PATH_BYTES];
	struct stat meta;

	m->name = disk_names[at];
	if (stat(raw, &meta) < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", raw);
	o->capacity[at] = (uint64_t)meta.st_size;
	if (snprintf(packed, sizeof packed, "%s/disk-packed", o->plan->work_path) >=
		(int)sizeof packed)
		return fail(e, FAULT_NEVER, "make an OVA: the path is too long");
	bool is_loaded = format_pack(raw, packed, e) && image_read(packed, &m->at, &m->len, e);

	(void)unlink(packed);
	return is_loaded;
}

static void writer_done(struct archive **to)
{
	if (*to != NULL)
		(void)archive_write_free(*to);
}

static void entry_done(struct archive_entry **entry)
{
	archive_entry_free(*entry);
}

static bool member_write(struct archive *to, const struct member *m)
{
	ON_EXIT(entry_done) struct archive_entry *entry = archive_entry_new();

	if (entry == NULL)
		return false;
	archive_entry_set_pathname(entry, m->name);
	archive_entry_set_filetype(entry, S_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_mtime(entry, IMAGE_TIME_S, 0);
	archive_entry_set_size(entry, (la_int64_t)m->len);
	return archive_write_header(to, entry) == ARCHIVE_OK &&
	       archive_write_data(to, m->at, m->len) == (la_ssize_t)m->len;
}

static bool archive_make(const struct ova *o, struct error *e)
{
	ON_EXIT(writer_done) struct archive *to = archive_write_new();
	bool is_written = to != NULL && archive_write_set_format_ustar(to) == ARCHIVE_OK &&
			  archive_write_open_filename(to, o->plan->to) == ARCHIVE_OK;

	for (size_t i = 0; i < COUNT(o->members); i++)
		is_written = is_written && member_write(to, &o->members[i]);
	is_written = is_written && archive_write_close(to) == ARCHIVE_OK;
	return is_written || fail(e, FAULT_LATER, "write '%s': %s", o->plan->to,
				     to == NULL ? "out of memory" : archive_error_string(to));
}

bool ova_write(const struct ova_plan *plan, struct error *e)
{
	ON_EXIT(ova_done) struct ova o = { .plan = plan };

	for (unsigned i = 0; i < DISK_COUNT; i++) {
		if (!disk_load(&o, i, e))
			return false;
	}
	return description_make(&o, e) && checksums_make(&o, e) && archive_make(&o, e);
}
