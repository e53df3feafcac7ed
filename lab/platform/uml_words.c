/* SPDX-License-Identifier: MIT */
#include "lab/platform/uml_words.h"

#include "lab/image/image.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORD_BYTES = 1024 };

struct list {
	struct arena *arena;
	const char **words;
	unsigned count;
	bool is_bad;
};

static void add(struct list *l, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct list *l, const char *format, ...)
{
	char word[WORD_BYTES];
	va_list list;

	va_start(list, format);
	int length = vsnprintf(word, sizeof word, format, list);

	va_end(list);
	/* The guest's kernel gets one line, cut into words at spaces. */
	if (l->count + 1 < UML_WORD_COUNT && length < (int)sizeof word && strchr(word, ' ') == NULL)
		l->words[l->count] = arena_text(l->arena, slice_of(word));
	else
		l->is_bad = true;
	if (!l->is_bad && l->words[l->count++] == NULL)
		l->is_bad = true;
}

static void add_machine(struct list *l, const struct uml_plan *plan)
{
	add(l, "linux.uml");
	add(l, "mem=%lluM", (unsigned long long)(plan->memory_bytes >> 20));
	add(l, "initrd=%s/" IMAGE_INITRAMFS, plan->image_path);
	add(l, "uml_dir=%s/", plan->directory);
	add(l, "umid=%s", plan->umid);
	add(l, "con0=null,fd:1");
	add(l, "con=null");
	if (plan->log_fd >= 0)
		add(l, "ssl0=null,fd:%d", plan->log_fd);
	add(l, "ssl=null");
	add(l, "quiet");
	add(l, "panic=-1");
	add(l, "noreboot");
	add(l, "mailvisor.modules=no");
}

/* "depth" is packets a system call; "gro" lets the guest take them together. */
static void add_devices(struct list *l, const struct uml_plan *plan)
{
	const struct lan_seat *seat = &plan->site->seat;

	/*
	 * "s" opens it with O_SYNC. Without it nothing is safe: the disk driver takes a flush of the guest and
	 * answers that it is done, without any sync on the host (seen with strace, Linux 6.1.176).
	 * A path ends at a comma or colon, behind which a backing file would stand.
	 */
	if (strpbrk(plan->disk_path, ",:") != NULL)
		l->is_bad = true;
	add(l, "ubd0s=%s", plan->disk_path);
	add(l, "vec0:transport=tap,ifname=%s,mac=%s,depth=64,gro=1", seat->interface,
		seat->hardware);
	add(l, "mailvisor.disk=/dev/ubda");
	add(l, "mailvisor.log=/dev/ttyS0");
	add(l, "mailvisor.ip=%s/%d", seat->address, LAN_PREFIX_BITS);
	add(l, "mailvisor.gw=" LAN_GATEWAY);
	for (unsigned i = 0; i < plan->site->set_count; i++)
		add(l, "mailvisor.set=%s", plan->site->sets[i]);
}

bool uml_words(
	const struct uml_plan *plan, struct arena *arena, const char *ret_words[UML_WORD_COUNT])
{
	struct list l = { arena, ret_words, 0, false };

	add_machine(&l, plan);
	if (plan->site != NULL)
		add_devices(&l, plan);
	ret_words[l.count] = NULL;
	return !l.is_bad;
}
