/* SPDX-License-Identifier: MIT */
#include "lab/platform/platform.h"

#include "lab/platform/list.h"

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
