/* SPDX-License-Identifier: MIT */
#include "lab/image/format.h"

#include "base/slice.h"
#include "lab/files/run.h"

#include <string.h>

const char format_names[] = "raw, qcow2, vdi, vmdk, vhdx, ova";

static const struct format_row {
	const char *name;
	const char *options; /* of qemu-img; NULL: none */
} rows[] = {
	{ "raw", NULL },
	{ "qcow2", NULL },
	{ "vdi", NULL },
	/* A disk that grows: VMware writes to it as it is. The adapter is only a hint in the file. */
	{ "vmdk", "subformat=monolithicSparse,adapter_type=lsilogic" },
	{ "vhdx", "subformat=dynamic" },
	{ "ova", NULL },
};

static const struct format_row *find(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

bool format_is_known(const char *name)
{
	return find(name) != NULL;
}

bool format_is_machine(const char *name)
{
	return strcmp(name, "ova") == 0;
}

static bool convert(
	const char *from, const char *format, const char *options, const char *to, struct error *e)
{
	auto_buf output = { .max = RUN_OUTPUT_BYTES };
	const char *words[] = { "qemu-img", "convert", "-f", "raw", "-O", format, from, to,
		options == NULL ? NULL : "-o", options, NULL };

	return run(words, S(""), &output, e);
}

bool format_convert(const char *from, const char *format, const char *to, struct error *e)
{
	const struct format_row *row = find(format);

	invariant(row != NULL && !format_is_machine(format));
	return convert(from, format, row->options, to, e);
}

bool format_pack(const char *from, const char *to, struct error *e)
{
	return convert(from, "vmdk", "subformat=streamOptimized,adapter_type=ide", to, e);
}
