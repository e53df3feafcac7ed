/* SPDX-License-Identifier: MIT */
#include "lab/platform/uml_words.h"

#include "lab/image/image.h"
#include "lab/platform/words.h"

#include <string.h>

static void add_machine(struct words *w, const struct uml_plan *plan)
{
	words_add(w, "linux.uml");
	words_add(w, "mem=%lluM", (unsigned long long)(plan->memory_bytes >> 20));
	words_add(w, "initrd=%s/" IMAGE_INITRAMFS, plan->image_path);
	words_add(w, "uml_dir=%s/", plan->directory);
	words_add(w, "umid=%s", plan->umid);
	words_add(w, "con0=null,fd:1");
	words_add(w, "con=null");
	if (plan->log_fd >= 0)
		words_add(w, "ssl0=null,fd:%d", plan->log_fd);
	words_add(w, "ssl=null");
	words_add(w, "quiet");
	words_add(w, "panic=-1");
	words_add(w, "noreboot");
	words_add(w, "mailvisor.modules=no");
}

/* "depth" is packets a system call; "gro" lets the guest take them together. */
static void add_devices(struct words *w, const struct uml_plan *plan)
{
	const struct lan_seat *seat = &plan->site->seat;

	/*
	 * "s" opens it with O_SYNC. Without it nothing is safe: the disk driver takes a flush of the guest and
	 * answers that it is done, without any sync on the host (seen with strace, Linux 6.1.176).
	 * A path ends at a comma or colon, behind which a backing file would stand.
	 */
	if (strpbrk(plan->disk_path, ",:") != NULL)
		w->is_bad = true;
	words_add(w, "ubd0s=%s", plan->disk_path);
	words_add(w, "vec0:transport=tap,ifname=%s,mac=%s,depth=64,gro=1", seat->interface,
		seat->hardware);
	words_add(w, "mailvisor.disk=/dev/ubda");
	words_add(w, "mailvisor.log=/dev/ttyS0");
	words_add(w, "mailvisor.ip=%s/%d", seat->address, LAN_PREFIX_BITS);
	words_add(w, "mailvisor.gw=" LAN_GATEWAY);
	for (unsigned i = 0; i < plan->site->set_count; i++)
		words_add(w, "mailvisor.set=%s", plan->site->sets[i]);
}

/* The guest's kernel gets one line, cut into words at spaces. */
static bool has_space(const struct words *w)
{
	for (unsigned i = 0; i < w->count; i++) {
		if (strchr(w->list[i], ' ') != NULL)
			return true;
	}
	return false;
}

bool uml_words(
	const struct uml_plan *plan, struct arena *arena, const char *ret_words[UML_WORD_COUNT])
{
	struct words w = { .arena = arena, .list = ret_words, .max = UML_WORD_COUNT };

	add_machine(&w, plan);
	if (plan->site != NULL)
		add_devices(&w, plan);
	return words_end(&w) && !has_space(&w);
}
