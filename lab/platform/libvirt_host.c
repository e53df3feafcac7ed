/* SPDX-License-Identifier: MIT */
#include "lab/platform/libvirt_host.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONSOLE_BYTES = 4096, VERSION_PART = 1000, SNAPSHOT_XML_BYTES = 256, DISK_STAT_COUNT = 16 };

/* libvirt prints failures by itself unless somebody takes them. */
static void be_silent(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static bool refused(const char *what, struct error *e)
{
	return fail(e, FAULT_NEVER, "libvirt: %s: %.180s", what, virGetLastErrorMessage());
}

/* Is there a <domain type='kvm'> in what the host says it can do? */
static bool kvm_is_there(virConnectPtr connection)
{
	char *all = virConnectGetCapabilities(connection);
	bool is_there = all != NULL && strstr(all, "<domain type='kvm'") != NULL;

	free(all);
	return is_there;
}

bool libvirt_host_open(struct libvirt_host *ret, const char *uri, struct error *e)
{
	struct libvirt_host h = { .connection = NULL };
	const char *type;

	virSetErrorFunc(NULL, be_silent);
	h.connection = virConnectOpen(uri);
	if (h.connection == NULL)
		return refused("connect", e);
	type = virConnectGetType(h.connection);
	(void)snprintf(h.type, sizeof h.type, "%.15s", type == NULL ? "" : type);
	h.has_kvm = kvm_is_there(h.connection);
	*ret = h;
	return true;
}

static void console_close(struct libvirt_host *h)
{
	if (h->console == NULL)
		return;
	(void)virStreamAbort(h->console);
	(void)virStreamFree(h->console);
	h->console = NULL;
}

/* A machine with snapshots is forgotten with them. */
static void domain_remove(virDomainPtr domain)
{
	(void)virDomainDestroy(domain);
	if (virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_MANAGED_SAVE |
						   VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA |
						   VIR_DOMAIN_UNDEFINE_NVRAM) < 0 &&
		virDomainUndefineFlags(domain, VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA) < 0)
		(void)virDomainUndefine(domain);
}

void libvirt_host_close(struct libvirt_host *h)
{
	console_close(h);
	if (h->domain != NULL) {
		domain_remove(h->domain);
		(void)virDomainFree(h->domain);
	}
	if (h->connection != NULL)
		(void)virConnectClose(h->connection);
	*h = (struct libvirt_host){ .connection = NULL };
}

void libvirt_host_version(const struct libvirt_host *h, char *room, size_t size)
{
	unsigned long library = 0, hypervisor = 0;

	(void)virConnectGetLibVersion(h->connection, &library);
	(void)virConnectGetVersion(h->connection, &hypervisor);
	(void)snprintf(room, size, "libvirt %lu.%lu.%lu, %s %lu.%lu.%lu",
		library / VERSION_PART / VERSION_PART, library / VERSION_PART % VERSION_PART,
		library % VERSION_PART, h->type, hypervisor / VERSION_PART / VERSION_PART,
		hypervisor / VERSION_PART % VERSION_PART, hypervisor % VERSION_PART);
}

void libvirt_host_network(const struct libvirt_host *h, char ret[LIBVIRT_NAME_BYTES])
{
	virNetworkPtr *all = NULL;
	int count =
		virConnectListAllNetworks(h->connection, &all, VIR_CONNECT_LIST_NETWORKS_ACTIVE);

	ret[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (ret[0] == '\0')
			(void)snprintf(ret, LIBVIRT_NAME_BYTES, "%.63s", virNetworkGetName(all[i]));
		(void)virNetworkFree(all[i]);
	}
	free(all);
}

bool libvirt_define(struct libvirt_host *h, const char *xml, struct error *e)
{
	h->domain = virDomainDefineXML(h->connection, xml);
	return h->domain != NULL || refused("define a machine", e);
}

/* The console from its first byte: the machine starts paused where the driver can that. */
bool libvirt_start(struct libvirt_host *h, struct error *e)
{
	bool is_paused = virDomainCreateWithFlags(h->domain, VIR_DOMAIN_START_PAUSED) == 0;

	if (!is_paused && virDomainCreate(h->domain) < 0)
		return refused("start a machine", e);
	console_close(h);
	h->console = virStreamNew(h->connection, VIR_STREAM_NONBLOCK);
	if (h->console != NULL &&
		virDomainOpenConsole(h->domain, NULL, h->console, VIR_DOMAIN_CONSOLE_FORCE) < 0) {
		(void)virStreamFree(h->console);
		h->console = NULL;
	}
	return !is_paused || virDomainResume(h->domain) == 0 || refused("start a machine", e);
}

void libvirt_console_read(struct libvirt_host *h, struct buf *to)
{
	char room[CONSOLE_BYTES];

	while (h->console != NULL) {
		int got = virStreamRecv(h->console, room, sizeof room);

		if (got > 0 && buf_add(to, (struct slice){ room, (size_t)got }))
			continue;
		if (got == 0 || got == -1)
			console_close(h);
		return; /* -2: nothing now */
	}
}

bool libvirt_is_running(struct libvirt_host *h, char *ret_reason, size_t size)
{
	static const char *const names[] = { "in no state", "running", "blocked", "paused",
		"shutting down", "shut off", "crashed", "suspended" };
	int state = 0, why = 0;

	if (h->domain == NULL || virDomainGetState(h->domain, &state, &why, 0) < 0) {
		(void)snprintf(ret_reason, size, "libvirt: %.180s", virGetLastErrorMessage());
		return false;
	}
	(void)snprintf(ret_reason, size, "libvirt says that it is %s",
		state >= 0 && state < (int)COUNT(names) ? names[state] : "in a new state");
	return state == VIR_DOMAIN_RUNNING || state == VIR_DOMAIN_BLOCKED ||
	       state == VIR_DOMAIN_PAUSED || state == VIR_DOMAIN_SHUTDOWN;
}

bool libvirt_press(struct libvirt_host *h)
{
	return h->domain != NULL && virDomainShutdown(h->domain) == 0;
}

void libvirt_cut(struct libvirt_host *h)
{
	console_close(h);
	if (h->domain != NULL)
		(void)virDomainDestroy(h->domain);
}

/* One of the same name is replaced. */
bool libvirt_snapshot(struct libvirt_host *h, const char *name, struct error *e)
{
	char xml[SNAPSHOT_XML_BYTES];
	virDomainSnapshotPtr old = virDomainSnapshotLookupByName(h->domain, name, 0), taken;

	if (old != NULL) {
		(void)virDomainSnapshotDelete(old, 0);
		(void)virDomainSnapshotFree(old);
	}
	(void)snprintf(
		xml, sizeof xml, "<domainsnapshot><name>%.64s</name></domainsnapshot>", name);
	taken = virDomainSnapshotCreateXML(h->domain, xml, 0);
	if (taken == NULL)
		return refused("take a snapshot", e);
	(void)virDomainSnapshotFree(taken);
	return true;
}

bool libvirt_revert(struct libvirt_host *h, const char *name, struct error *e)
{
	virDomainSnapshotPtr found = virDomainSnapshotLookupByName(h->domain, name, 0);

	if (found == NULL)
		return refused("find a snapshot", e);
	bool is_back = virDomainRevertToSnapshot(found, VIR_DOMAIN_SNAPSHOT_REVERT_RUNNING) == 0;

	if (!is_back)
		(void)refused("go back to a snapshot", e);
	(void)virDomainSnapshotFree(found);
	return is_back;
}

/* Of all disks together: only one is written to. */
static void disks_read(virDomainPtr domain, struct libvirt_usage *ret)
{
	virTypedParameter parameters[DISK_STAT_COUNT];
	int count = DISK_STAT_COUNT;
	long long value = 0;

	if (virDomainBlockStatsFlags(domain, "", parameters, &count, 0) < 0)
		return;
	if (virTypedParamsGetLLong(parameters, count, VIR_DOMAIN_BLOCK_STATS_FLUSH_REQ, &value) ==
			1 &&
		value >= 0)
		ret->flushes = (uint64_t)value;
	if (virTypedParamsGetLLong(parameters, count, VIR_DOMAIN_BLOCK_STATS_WRITE_BYTES, &value) ==
			1 &&
		value >= 0)
		ret->write_bytes = (uint64_t)value;
	virTypedParamsClear(parameters, count);
}

bool libvirt_usage_read(const struct libvirt_host *h, struct libvirt_usage *ret)
{
	virDomainMemoryStatStruct stats[VIR_DOMAIN_MEMORY_STAT_NR];
	virDomainInfo info;

	if (h->domain == NULL || virDomainGetInfo(h->domain, &info) < 0)
		return false;
	*ret = (struct libvirt_usage){ .cpu_ns = info.cpuTime,
		.memory_bytes = UINT64_MAX,
		.write_bytes = UINT64_MAX,
		.flushes = UINT64_MAX };
	disks_read(h->domain, ret);
	int count = virDomainMemoryStats(h->domain, stats, VIR_DOMAIN_MEMORY_STAT_NR, 0);

	for (int i = 0; i < count; i++) {
		if (stats[i].tag == VIR_DOMAIN_MEMORY_STAT_RSS)
			ret->memory_bytes = (uint64_t)stats[i].val << 10;
	}
	return true;
}

void libvirt_sweep(struct libvirt_host *h, bool (*is_orphan)(struct slice name), struct buf *said)
{
	virDomainPtr *all = NULL;
	int count = virConnectListAllDomains(h->connection, &all, 0);

	for (int i = 0; i < count; i++) {
		const char *name = virDomainGetName(all[i]);

		if (is_orphan(slice_of(name))) {
			if (said != NULL)
				(void)!buf_add_format(said, "libvirt's machine '%s'\n", name);
			domain_remove(all[i]);
		}
		(void)virDomainFree(all[i]);
	}
	free(all);
}
