/* SPDX-License-Identifier: MIT */
#include "lab/platform/platform.h"

#include "lab/platform/list.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { CPUINFO_BYTES = 8192 }; /* the first processor has two KiB */

const struct platform *const platforms[] = { &platform_process, &platform_container, &platform_uml,
	&platform_tcg, &platform_kvm, &platform_virtualbox, &platform_vmware,
#ifdef LAB_HAS_LIBVIRT
	&platform_libvirt,
#endif
	NULL };

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

/* "flags : fpu … hypervisor …": CPUID leaf 1, ECX bit 31, which only hypervisors set. */
bool platform_cpuinfo_is_virtual(struct slice text)
{
	while (text.len > 0) {
		struct slice line = slice_first(text, slice_find(text, '\n'));

		text = slice_skip(text, line.len + 1);
		if (!slice_starts(line, S("flags")))
			continue;
		while (line.len > 0) {
			struct slice word = slice_first(line, slice_find(line, ' '));

			if (slice_same(slice_trim(word), S("hypervisor")))
				return true;
			line = slice_skip(line, word.len + 1);
		}
		return false; /* the other processors have the same */
	}
	return false;
}

bool platform_is_nested(const struct platform *platform, char ret_reason[PLATFORM_REASON_BYTES])
{
	auto_fd fd = open("/proc/cpuinfo", O_RDONLY | O_CLOEXEC);
	char room[CPUINFO_BYTES];
	ssize_t got = fd < 0 ? -1 : read(fd, room, sizeof room);

	if (!platform->is_hardware ||
		!platform_cpuinfo_is_virtual((struct slice){ room, got < 0 ? 0 : (size_t)got }))
		return false;
	(void)snprintf(ret_reason, PLATFORM_REASON_BYTES,
		"%s works here, but this machine is a virtual one itself: its times would be those "
		"of "
		"two hypervisors, one in the other",
		platform->title);
	return true;
}
