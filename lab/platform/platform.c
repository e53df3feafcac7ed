/* SPDX-License-Identifier: MIT */
#include "lab/platform/platform.h"

#include "lab/platform/list.h"

#include <stdio.h>

const struct platform *const platforms[] = { &platform_process, &platform_container, &platform_uml,
	&platform_tcg, &platform_kvm, &platform_virtualbox, &platform_vmware, NULL };

const struct platform *platform_find(struct slice name)
{
	for (size_t i = 0; platforms[i] != NULL; i++) {
		if (slice_same(slice_of(platforms[i]->name), name))
			return platforms[i];
	}
	return NULL;
}

bool platform_takes(const struct platform *platform, const struct hardware *h,
	char ret_reason[PLATFORM_REASON_BYTES])
{
	for (unsigned key = 0; key < HARDWARE_KEY_COUNT; key++) {
		if (h->value[key] == 0 || (platform->hardware >> key & 1) != 0)
			continue;
		(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
			"%s has no choice of %s (%s was asked for)", platform->title,
			hardware_key_name(key), hardware_value_name(h, key));
		return false;
	}
	return true;
}
