/* SPDX-License-Identifier: MIT */
#include "lab/platform/qemu_words.h"

#include "lab/image/image.h"
#include "lab/platform/words.h"

#include <stdio.h>
#include <string.h>

/* Each is here because it was measured to shorten a boot; all are recorded with every deployment. */
#define KERNEL_WORDS                                                                               \
	"console=ttyS0 quiet panic=-1 random.trust_cpu=on cryptomgr.notests audit=0 apparmor=0 "   \
	"8250.nr_uarts=1"
/*
 * A software-emulated processor leaks nothing that a mitigation could keep, and pays for each. On a busy machine
 * ticks are lost: a kernel that counts them would find its timer broken and stop.
 */
#define KERNEL_WORDS_TCG " nokaslr mitigations=off tsc=reliable no_timer_check"

/*
 * What an emulated machine has less than it was asked for. QEMU before 9.0 loses writes of an emulated processor
 * in a live migration (cpu_physical_memory_sync_dirty_bitmap clears the marks of whole words of its bitmap and
 * leaves the processor's translation buffer as it was, so that the next write to such a page leaves no mark): the guest
 * arrives with old pages and panics. Memory that is no multiple of 64 pages goes page by page, which is right.
 * 8 KiB, because QEMU rounds up to that.
 */
enum { TCG_MEMORY_LESS_BYTES = 8 << 10 };
_Static_assert(TCG_MEMORY_LESS_BYTES % (64 * 4096) != 0, "or the marks are cleared in words");

static const char *const nics[NIC_COUNT] = { [NIC_VIRTIO] = "virtio-net-pci",
	[NIC_E1000] = "e1000",
	[NIC_E1000E] = "e1000e",
	[NIC_RTL8139] = "rtl8139",
	[NIC_VMXNET3] = "vmxnet3" };

/* clang-format off */
static const struct disk_row {
	const char *controller; /* NULL: none, or q35 has it */
	const char *device, *guest_path;
} disks[DISK_COUNT] = {
	[DISK_VIRTIO_BLK] =  { NULL, "virtio-blk-pci", "/dev/vda" },
	[DISK_VIRTIO_SCSI] = { "virtio-scsi-pci,id=bus", "scsi-hd,bus=bus.0", "/dev/sda" },
	[DISK_NVME] =        { NULL, "nvme,serial=mail", "/dev/nvme0n1" },
	[DISK_IDE] =         { "piix3-ide,id=bus", "ide-hd,bus=bus.0", "/dev/sda" },
	[DISK_AHCI] =        { NULL, "ide-hd,bus=ide.0", "/dev/sda" },
	[DISK_PVSCSI] =      { "pvscsi,id=bus", "scsi-hd,bus=bus.0", "/dev/sda" },
};

/* qemu(1), "cache=": the three switches behind each name. */
static const struct cache_row {
	bool is_direct, ignores_flushes, has_write_cache;
	const char *fact;
} caches[CACHE_COUNT] = {
	[CACHE_WRITEBACK] =    { false, false, true,
		"honoured: the guest's flush is fdatasync on the host" },
	[CACHE_NONE] =         { true, false, true,
		"honoured: the guest's flush is fdatasync on the host, data goes around its cache" },
	[CACHE_WRITETHROUGH] = { false, false, false,
		"honoured: every write is followed by fdatasync on the host" },
	[CACHE_DIRECTSYNC] =   { true, false, false,
		"honoured: every write goes around the host's cache and is followed by fdatasync" },
	[CACHE_UNSAFE] =       { false, true, true,
		"NOT honoured: QEMU ignores the guest's flushes, a mail may be lost" },
};
/* clang-format on */

const char *qemu_flush_fact(enum hardware_cache cache)
{
	return caches[cache].fact;
}

bool qemu_has_write_cache(enum hardware_cache cache)
{
	return caches[cache].has_write_cache;
}

static const char *on_off(bool is_on)
{
	return is_on ? "on" : "off";
}

/* In an option's value a comma is written twice. */
static const char *value_of(struct words *w, const char *path)
{
	char *text = arena_take(w->arena, 2 * strlen(path) + 1);
	size_t at = 0;

	if (text == NULL) {
		w->is_bad = true;
		return "";
	}
	for (; *path != '\0'; path++) {
		if (*path == ',')
			text[at++] = ',';
		text[at++] = *path;
	}
	return text;
}

static void add_machine(struct words *w, const struct qemu_plan *plan)
{
	bool is_tcg = strcmp(plan->accelerator, "tcg") == 0;

	words_add(w, "qemu-system-x86_64");
	words_add(w, "-machine");
	words_add(w, "q35");
	words_add(w, "-accel");
	words_add(w, is_tcg ? "tcg,thread=multi" : "%s", plan->accelerator);
	words_add(w, "-cpu");
	words_add(w, is_tcg ? "qemu64" : "host");
	words_add(w, "-smp");
	words_add(w, "%u", plan->cpu_count);
	words_add(w, "-m");
	words_add(w, "%lluK",
		(unsigned long long)(plan->memory_bytes - (is_tcg ? TCG_MEMORY_LESS_BYTES : 0)) >>
			10);
	words_add(w, "-nodefaults");
	words_add(w, "-no-user-config");
	words_add(w, "-display");
	words_add(w, "none");
	words_add(w, "-no-reboot");
	words_add(w, "-chardev");
	words_add(w, "file,id=console,append=%s,path=%s", on_off(plan->is_continuing),
		value_of(w, plan->console_path));
	words_add(w, "-serial");
	words_add(w, "chardev:console");
}

static void add_kernel(struct words *w, const struct qemu_plan *plan)
{
	const char *disk = disks[plan->hardware.value[HARDWARE_DISK]].guest_path;
	auto_buf line = { .max = WORDS_ONE_BYTES };
	bool fits = buf_add_format(&line, KERNEL_WORDS "%s mailvisor.disk=%s",
		strcmp(plan->accelerator, "tcg") == 0 ? KERNEL_WORDS_TCG : "", disk);

	if (plan->site != NULL && plan->site->has_lan)
		fits = fits &&
		       buf_add_format(&line, " mailvisor.ip=%s/%d mailvisor.gw=" LAN_GATEWAY,
			       plan->site->seat.address, LAN_PREFIX_BITS);
	for (unsigned i = 0; plan->site != NULL && i < plan->site->set_count; i++)
		fits = fits && buf_add_format(&line, " mailvisor.set=%s", plan->site->sets[i]);
	words_add(w, "-kernel");
	words_add(w, "%s/" IMAGE_KERNEL, plan->image_path);
	words_add(w, "-initrd");
	words_add(w, "%s/" IMAGE_INITRAMFS, plan->image_path);
	words_add(w, "-append");
	words_add(w, "%.*s", S_FMT(buf_slice(&line)));
	w->is_bad = w->is_bad || !fits;
}

static void add_network(struct words *w, const struct qemu_plan *plan)
{
	const char *nic = nics[plan->hardware.value[HARDWARE_NIC]];
	const struct deployment *d = plan->deployment;

	words_add(w, "-netdev");
	if (plan->tap_fd >= 0)
		words_add(w, "tap,id=net,fd=%d", plan->tap_fd);
	else
		words_add(w,
			"user,id=net,hostfwd=tcp:127.0.0.1:%u-:25,hostfwd=tcp:127.0.0.1:%u-:110,"
			"hostfwd=tcp:127.0.0.1:%u-:587,hostfwd=tcp:127.0.0.1:%u-:143",
			d->smtp_port, d->pop3_port, d->submission_port, d->imap_port);
	words_add(w, "-device");
	if (plan->tap_fd >= 0)
		words_add(w, "%s,netdev=net,romfile=,mac=%s", nic, plan->site->seat.hardware);
	else
		words_add(w, "%s,netdev=net,romfile=", nic);
}

static void add_disk(struct words *w, const struct qemu_plan *plan)
{
	const struct disk_row *disk = &disks[plan->hardware.value[HARDWARE_DISK]];
	const struct cache_row *cache = &caches[plan->hardware.value[HARDWARE_CACHE]];

	words_add(w, "-blockdev");
	words_add(w,
		"driver=%s,node-name=" QEMU_DISK_NODE
		",file.driver=file,cache.direct=%s,cache.no-flush=%s,"
		"file.filename=%s",
		hardware_value_name(&plan->hardware, HARDWARE_FORMAT), on_off(cache->is_direct),
		on_off(cache->ignores_flushes), value_of(w, plan->disk_path));
	if (disk->controller != NULL) {
		words_add(w, "-device");
		words_add(w, "%s", disk->controller);
	}
	words_add(w, "-device");
	words_add(w, "%s,drive=" QEMU_DISK_NODE ",write-cache=%s", disk->device,
		on_off(cache->has_write_cache));
}

static void add_devices(struct words *w, const struct qemu_plan *plan)
{
	add_network(w, plan);
	add_disk(w, plan);
	words_add(w, "-device");
	words_add(w, "virtio-rng-pci");
	words_add(w, "-device");
	words_add(w, "virtio-serial-pci");
	words_add(w, "-chardev");
	words_add(w, "file,id=log,append=%s,path=%s", on_off(plan->is_continuing),
		value_of(w, plan->log_path));
	words_add(w, "-device");
	words_add(w, "virtserialport,chardev=log,name=mailvisor.log");
	words_add(w, "-chardev");
	words_add(w, "socket,id=monitor,fd=%d", plan->monitor_fd);
	words_add(w, "-mon");
	words_add(w, "chardev=monitor,mode=control");
	if (plan->incoming_fd > 0) {
		words_add(w, "-incoming");
		words_add(w, "fd:%d", plan->incoming_fd);
	}
}

bool qemu_words(
	const struct qemu_plan *plan, struct arena *arena, const char *ret_words[QEMU_WORD_COUNT])
{
	struct words w = { .arena = arena, .list = ret_words, .max = QEMU_WORD_COUNT };

	add_machine(&w, plan);
	add_kernel(&w, plan);
	if (plan->site != NULL)
		add_devices(&w, plan);
	return words_end(&w);
}
