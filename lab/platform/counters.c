/* SPDX-License-Identifier: MIT */
#include "lab/platform/counters.h"

#include "base/buf.h"
#include "base/clock.h"
#include "lab/platform/qmp.h"
#include "lab/platform/site.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { METRICS_BYTES_MAX = 1 << 20 };

uint64_t counters_flushes(const json_t *answer)
{
	uint64_t sum = 0;
	bool is_known = false;

	for (size_t i = 0; i < json_array_size(answer); i++) {
		const json_t *stats = json_object_get(json_array_get(answer, i), "stats");
		const json_t *flushes = json_object_get(stats, "flush_operations");

		if (!json_is_integer(flushes))
			continue;
		is_known = true;
		sum += (uint64_t)json_integer_value(flushes);
	}
	return is_known ? sum : UINT64_MAX;
}

/* [{"provider": "kvm", "qom-path": …, "stats": [{"name": "exits", "value": 12}]}, …]: a row a processor */
uint64_t counters_exits(const json_t *answer)
{
	uint64_t sum = 0;
	bool is_known = false;

	for (size_t i = 0; i < json_array_size(answer); i++) {
		const json_t *stats = json_object_get(json_array_get(answer, i), "stats");

		for (size_t k = 0; k < json_array_size(stats); k++) {
			const json_t *one = json_array_get(stats, k);
			const char *name = json_string_value(json_object_get(one, "name"));
			const json_t *value = json_object_get(one, "value");

			if (name == NULL || strcmp(name, "exits") != 0 || !json_is_integer(value))
				continue;
			is_known = true;
			sum += (uint64_t)json_integer_value(value);
		}
	}
	return is_known ? sum : UINT64_MAX;
}

uint64_t counters_metric(struct slice text, struct slice name)
{
	while (text.len > 0) {
		struct slice line = slice_first(text, slice_find(text, '\n'));
		size_t space = slice_find_last(line, ' ');
		uint64_t value = 0;

		text = slice_skip(text, line.len + 1);
		if (!slice_starts(line, name) || space <= name.len - 1 ||
			(line.at[name.len] != ' ' && line.at[name.len] != '{'))
			continue;
		if (slice_number(slice_trim(slice_skip(line, space + 1)), UINT64_MAX, &value))
			return value;
	}
	return UINT64_MAX;
}

static uint64_t monitor_ask(
	struct site *s, const char *command, json_t *arguments, uint64_t (*sum)(const json_t *))
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + COUNTERS_WAIT_MS * NS_PER_MS;
	struct error ignored = { .fault = FAULT_NONE };
	json_t *answer = NULL;

	if (!qmp_call(s->qmp, command, arguments, until_ns, &answer, &ignored))
		return UINT64_MAX;
	uint64_t count = sum(answer);

	json_decref(answer);
	return count;
}

/* One request over the server's control socket, which needs no more HTTP than this. */
static bool metrics_get(const char *path, struct buf *to)
{
	static const char request[] = "GET /metrics HTTP/1.0\r\nHost: lab\r\n\r\n";
	struct timeval wait = { 0, (suseconds_t)COUNTERS_WAIT_MS * 1000 };
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	auto_fd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !slice_text(slice_of(path), at.sun_path, sizeof at.sun_path))
		return false;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
	if (connect(fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
		send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
		return false;
	for (;;) {
		char room[4096];
		ssize_t count = recv(fd, room, sizeof room, 0);

		if (count <= 0)
			return count == 0;
		if (!buf_add(to, (struct slice){ room, (size_t)count }))
			return false;
	}
}

static uint64_t syncs_of_ours(const struct site *s)
{
	char path[PLATFORM_PATH_BYTES];
	struct error ignored = { .fault = FAULT_NONE };
	auto_buf text = { .max = METRICS_BYTES_MAX };

	if (!site_path(s->plan, "data/mailvisor/control.sock", path, &ignored) ||
		!metrics_get(path, &text))
		return UINT64_MAX;
	return counters_metric(buf_slice(&text), S("mailvisor_store_syncs_total"));
}

void counters_read(const struct deployment *d, struct platform_usage *ret)
{
	struct site *s = site_of(d);

	ret->flushes = ret->exits = UINT64_MAX;
	if (s->qmp == NULL) {
		ret->flushes = syncs_of_ours(s);
		return;
	}
	ret->flushes = monitor_ask(s, "query-blockstats", NULL, counters_flushes);
	if (strcmp(d->platform->name, "kvm") == 0)
		ret->exits = monitor_ask(s, "query-stats",
			json_pack("{s:s, s:[{s:s, s:[s]}]}", "target", "vcpu", "providers",
				"provider", "kvm", "names", "exits"),
			counters_exits);
}
