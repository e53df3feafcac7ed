/* SPDX-License-Identifier: MIT */
#include "lab/platform/libvirt_target.h"

enum { URI_BYTES = 256 };

static char uri[URI_BYTES] = LIBVIRT_URI_USUAL;

bool libvirt_aim(struct slice spec, struct error *e)
{
	struct slice wanted = slice_starts(spec, S(LIBVIRT_PREFIX))
				      ? slice_skip(spec, S(LIBVIRT_PREFIX).len)
				      : S(LIBVIRT_URI_USUAL);

	return (wanted.len > 0 && slice_text(wanted, uri, sizeof uri)) ||
	       fail(e, FAULT_NEVER, "'%.*s': want libvirt:URI, as libvirt:xen:///system",
		       S_FMT(slice_first(spec, 80)));
}

const char *libvirt_target_uri(void)
{
	return uri;
}
