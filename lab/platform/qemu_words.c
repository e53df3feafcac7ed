/* SPDX-License-Identifier: MIT */
#include "lab/platform/qemu_words.h"

#include "lab/image/image.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { WORD_BYTES = 3072 };

/* Each is here because it was measured to shorten a boot; all are recorded with every deployment. */
#define KERNEL_WORDS                                                                               \
	"console=ttyS0 quiet panic=-1 random.trust_cpu=on cryptomgr.notests audit=0 apparmor=0 "   \
	"8250.nr_uarts=1"
/* A software-emulated processor leaks nothing that a mitigation could keep, and pays for each. */
#define KERNEL_WORDS_TCG " nokaslr mitigations=off tsc=reliable"

struct list {
	struct arena *arena;
	const char **words;
	unsigned count;
	bool is_full;
};

static void add(struct list *l, const char *format, ...) PRINTF_LIKE(2, 3);

static void add(struct list *l, const char *format, ...)
{
	char word[WORD_BYTES];
	va_list list;

	va_start(list, format);
	int length = vsnprintf(word, sizeof word, format, list);

	va_end(list);
	if (l->count + 1 < QEMU_WORD_COUNT && length < (int)sizeof word)
		l->words[l->count] = arena_text(l->arena, slice_of(word));
	else
		l->is_full = true;
	if (!l->is_full && l->words[l->count++] == NULL)
		l->is_full = true;
}

/* In an option's value a comma is written twice. */
static const char *value_of(struct list *l, const char *path)
{
	char *text = arena_take(l->arena, 2 * strlen(path) + 1);
	size_t at = 0;

	if (text == NULL) {
		l->is_full = true;
		return "";
	}
	for (; *path != '\0'; path++) {
		if (*path == ',')
			text[at++] = ',';
		text[at++] = *path;
	}
	return text;
}

static void add_machine(struct list *l, const struct qemu_plan *plan)
{
	bool is_tcg = strcmp(plan->accelerator, "tcg") == 0;

	add(l, "qemu-system-x86_64");
	add(l, "-machine");
	add(l, "q35");
	add(l, "-accel");
	add(l, is_tcg ? "tcg,thread=multi" : "%s", plan->accelerator);
	add(l, "-cpu");
	add(l, is_tcg ? "qemu64" : "host");
	add(l, "-smp");
	add(l, "%u", plan->cpu_count);
	add(l, "-m");
	add(l, "%lluM", (unsigned long long)(plan->memory_bytes >> 20));
	add(l, "-nodefaults");
	add(l, "-no-user-config");
	add(l, "-display");
	add(l, "none");
	add(l, "-no-reboot");
	add(l, "-chardev");
	add(l, "file,id=console,path=%s", value_of(l, plan->console_path));
	add(l, "-serial");
	add(l, "chardev:console");
}

static void add_kernel(struct list *l, const struct qemu_plan *plan)
{
	char line[WORD_BYTES];
	int at = snprintf(line, sizeof line, KERNEL_WORDS "%s",
		strcmp(plan->accelerator, "tcg") == 0 ? KERNEL_WORDS_TCG : "");

	if (plan->site != NULL && plan->site->has_lan)
		at += snprintf(line + at, sizeof line - (size_t)at,
			" mailvisor.ip=%s/%d mailvisor.gw=" LAN_GATEWAY, plan->site->seat.address,
			LAN_PREFIX_BITS);
	for (unsigned i = 0; plan->site != NULL && i < plan->site->set_count; i++)
		at += snprintf(line + at, sizeof line - (size_t)at, " mailvisor.set=%s",
			plan->site->sets[i]);
	add(l, "-kernel");
	add(l, "%s/" IMAGE_KERNEL, plan->image_path);
	add(l, "-initrd");
	add(l, "%s/" IMAGE_INITRAMFS, plan->image_path);
	add(l, "-append");
	add(l, "%s", line);
}

static void add_network(struct list *l, const struct qemu_plan *plan)
{
	const struct deployment *d = plan->deployment;

	add(l, "-netdev");
	if (plan->tap_fd >= 0)
		add(l, "tap,id=net,fd=%d", plan->tap_fd);
	else
		add(l,
			"user,id=net,hostfwd=tcp:127.0.0.1:%u-:25,hostfwd=tcp:127.0.0.1:%u-:110,"
			"hostfwd=tcp:127.0.0.1:%u-:587",
			d->smtp_port, d->pop3_port, d->submission_port);
	add(l, "-device");
	if (plan->tap_fd >= 0)
		add(l, "virtio-net-pci,netdev=net,romfile=,mac=%s", plan->site->seat.hardware);
	else
		add(l, "virtio-net-pci,netdev=net,romfile=");
}

/* cache.direct=off is writeback: the guest's flushes become fdatasync, the rest may wait. */
static void add_devices(struct list *l, const struct qemu_plan *plan)
{
	add_network(l, plan);
	add(l, "-blockdev");
	add(l,
		"driver=raw,node-name=disk,file.driver=file,cache.direct=off,cache.no-flush=off,"
		"file.filename=%s",
		value_of(l, plan->disk_path));
	add(l, "-device");
	add(l, "virtio-blk-pci,drive=disk,write-cache=on");
	add(l, "-device");
	add(l, "virtio-rng-pci");
	add(l, "-device");
	add(l, "virtio-serial-pci");
	add(l, "-chardev");
	add(l, "file,id=log,path=%s", value_of(l, plan->log_path));
	add(l, "-device");
	add(l, "virtserialport,chardev=log,name=mailvisor.log");
	add(l, "-chardev");
	add(l, "socket,id=monitor,fd=%d", plan->monitor_fd);
	add(l, "-mon");
	add(l, "chardev=monitor,mode=control");
}

bool qemu_words(
	const struct qemu_plan *plan, struct arena *arena, const char *ret_words[QEMU_WORD_COUNT])
{
	struct list l = { arena, ret_words, 0, false };

	add_machine(&l, plan);
	add_kernel(&l, plan);
	if (plan->site != NULL)
		add_devices(&l, plan);
	ret_words[l.count] = NULL;
	return !l.is_full;
}
