/* SPDX-License-Identifier: MIT */
/*
 * A guest on disk: its state written to files, and a guest that goes on from there. A saved machine is a
 * directory with "state" (memory and devices), "data.disk" and "machine.json" (what it was). Its clock
 * goes on from where it stood.
 */
#include "base/clock.h"
#include "lab/files/json_file.h"
#include "lab/files/run.h"
#include "lab/platform/appliance.h"
#include "lab/platform/qemu_state.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { STATE_FORMAT = 1 };

#define STATE_FILE "state"
#define STATE_ABOUT "machine.json"

static bool file_copy(const char *from, const char *to, struct error *e)
{
	const char *words[] = { "cp", "--sparse=auto", "--reflink=auto", "--", from, to, NULL };
	auto_buf output = { .max = RUN_OUTPUT_BYTES };

	return run(words, S(""), &output, e);
}

static bool saved_path(
	const char *directory, const char *name, char ret[PLATFORM_PATH_BYTES], struct error *e)
{
	return snprintf(ret, PLATFORM_PATH_BYTES, "%s/%s", directory, name) < PLATFORM_PATH_BYTES ||
	       fail(e, FAULT_NEVER, "name a file '%s': the path is too long", name);
}

static json_t *about_make(const struct deployment *d)
{
	const struct site *s = site_of(d);
	auto_buf hardware = { .max = HARDWARE_TEXT_BYTES };

	if (!hardware_print(&s->plan->hardware, &hardware))
		return NULL;
	return json_pack("{s:i, s:s, s:s, s:i, s:I, s:s%}", "format", STATE_FORMAT, "platform",
		d->platform->name, "address", s->has_lan ? s->seat.address : "", "processors",
		(int)s->plan->cpu_count, "memory_bytes", (json_int_t)s->plan->memory_bytes,
		"hardware", hardware.len == 0 ? "" : hardware.at, hardware.len);
}

/* The guest stands; its memory goes into the file. */
static bool state_write(struct site *s, const char *directory, uint64_t *ret_bytes, struct error *e)
{
	char path[PLATFORM_PATH_BYTES];
	struct qemu_migration done;
	struct error ignored = { 0 };

	if (!saved_path(directory, STATE_FILE, path, e))
		return false;
	auto_fd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return fail(e, FAULT_NEVER, "write '%s': %m", path);
	if (!qemu_command(s->qmp, "stop", NULL, e))
		return false;
	if (!qemu_state_send(s->qmp, fd, &done, e) || fsync(fd) < 0) {
		(void)!qemu_command(s->qmp, "cont", NULL, &ignored);
		return e->fault != FAULT_NONE ? false
					      : fail(e, FAULT_LATER, "write '%s': %m", path);
	}
	*ret_bytes = done.bytes;
	return true;
}

bool qemu_save(
	struct deployment *d, const char *directory, struct platform_span *ret, struct error *e)
{
	struct site *s = site_of(d);
	char disk[PLATFORM_PATH_BYTES], kept[PLATFORM_PATH_BYTES], about[PLATFORM_PATH_BYTES];
	struct platform_span span = site_span();

	if (!qemu_is_running(d, "save", e) || !qemu_disk_path(s->plan, disk, e) ||
		!saved_path(directory, APPLIANCE_DISK, kept, e) ||
		!saved_path(directory, STATE_ABOUT, about, e))
		return false;
	if (!state_write(s, directory, &span.bytes, e))
		return fail_in(e, "save '%s'", d->platform->name);
	qemu_end(s); /* the state is whole, and the disk must not change any more */
	if (!file_copy(disk, kept, e) || !json_file_save(about, about_make(d), e))
		return fail_in(e, "save '%s'", d->platform->name);
	span.end_ns = clock_mono_ns(&clock_real);
	*ret = span;
	return true;
}

/* A saved machine goes on as it was: what the plan wants must be that. */
static bool about_check(const json_t *about, const struct platform *platform,
	const struct deploy_plan *plan, struct error *e)
{
	auto_buf wanted = { .max = HARDWARE_TEXT_BYTES };
	char name[PLATFORM_NAME_BYTES], hardware[HARDWARE_TEXT_BYTES];
	uint64_t format = 0, processors = 0, memory_bytes = 0;

	if (!json_count(about, "format", INT32_MAX, &format) || format != STATE_FORMAT ||
		!json_text(about, "platform", name, sizeof name) ||
		!json_text(about, "hardware", hardware, sizeof hardware) ||
		!json_count(about, "processors", INT32_MAX, &processors) ||
		!json_count(about, "memory_bytes", INT64_MAX, &memory_bytes))
		return fail(e, FAULT_NEVER, "its " STATE_ABOUT " is not one of ours");
	if (!hardware_print(&plan->hardware, &wanted))
		return fail(e, FAULT_LATER, "out of memory");
	if (strcmp(name, platform->name) == 0 && processors == plan->cpu_count &&
		memory_bytes == plan->memory_bytes &&
		slice_same(slice_of(hardware), buf_slice(&wanted)))
		return true;
	return fail(e, FAULT_NEVER,
		"it was saved on '%s' with %llu processors, %llu bytes of memory and devices "
		"'%.80s'",
		name, (unsigned long long)processors, (unsigned long long)memory_bytes, hardware);
}

/* Its address is in its memory: it must have the same again. */
static bool seat_take(
	const json_t *about, struct lan_seat *ret, bool *ret_has_seat, struct error *e)
{
	char address[LAN_TEXT_BYTES];

	if (!json_text(about, "address", address, sizeof address))
		return fail(e, FAULT_NEVER, "its " STATE_ABOUT " is not one of ours");
	*ret_has_seat = address[0] != '\0';
	if (*ret_has_seat != lan_is_possible() && *ret_has_seat)
		return fail(e, FAULT_NEVER, "it was saved on a tap, and that needs root");
	return !*ret_has_seat || lan_seat_at(slice_of(address), ret) ||
	       fail(e, FAULT_LATER, "its address %s is taken by another deployment", address);
}

static bool guest_restore(struct deployment *d, const char *directory, struct error *e)
{
	char disk[PLATFORM_PATH_BYTES], kept[PLATFORM_PATH_BYTES], state[PLATFORM_PATH_BYTES];
	auto_fd fd = -1;

	if (!qemu_disk_path(site_of(d)->plan, disk, e) ||
		!saved_path(directory, APPLIANCE_DISK, kept, e) ||
		!saved_path(directory, STATE_FILE, state, e) || !file_copy(kept, disk, e))
		return false;
	fd = open(state, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(e, FAULT_NEVER, "open '%s': %m", state);
	return qemu_begin(d, &(struct qemu_start){ .incoming_fd = fd }, e) &&
	       qemu_arrival_wait(site_of(d)->qmp, e) && qemu_ready(d, e);
}

bool qemu_restore(const struct platform *platform, const struct deploy_plan *plan,
	const char *directory, struct deployment *ret, struct error *e)
{
	char path[PLATFORM_PATH_BYTES];
	struct lan_seat seat;
	bool has_seat = false;

	if (!saved_path(directory, STATE_ABOUT, path, e))
		return false;
	auto_json *about = json_file_load(path, e);

	if (about == NULL)
		return false;
	if (!about_check(about, platform, plan, e) || !seat_take(about, &seat, &has_seat, e))
		return fail_in(e, "restore '%.100s'", directory);
	if (!qemu_open(platform, plan, has_seat ? &seat : NULL, ret, e))
		return false;
	if (guest_restore(ret, directory, e))
		return true;
	site_stop(ret);
	return fail_in(e, "restore '%.100s'", directory);
}
