/* SPDX-License-Identifier: MIT */
#include "lab/workload/model.h"

const struct load_model load_default = {
	.concurrency = 1,
	.rate = 50,
	.step_s = 5,
	.in_flight = 64,
	.session_mails = 4,
	.burst_mails = 20,
	.slo_ms = 500,
};

static const char *const kinds[LOAD_KIND_COUNT] = { "closed", "open", "partly-open", "bursty",
	"overload", "sweep" };
static const char *const receivers[RECEIVE_KIND_COUNT] = { "pop3", "idle", "log" };

const char *load_kind_name(enum load_kind kind)
{
	return kind < LOAD_KIND_COUNT ? kinds[kind] : "unknown";
}

const char *receive_kind_name(enum receive_kind kind)
{
	return kind < RECEIVE_KIND_COUNT ? receivers[kind] : "unknown";
}

bool load_kind_find(struct slice name, enum load_kind *ret)
{
	for (unsigned i = 0; i < LOAD_KIND_COUNT; i++) {
		if (slice_same(name, slice_of(kinds[i]))) {
			*ret = (enum load_kind)i;
			return true;
		}
	}
	return false;
}

bool receive_kind_find(struct slice name, enum receive_kind *ret)
{
	for (unsigned i = 0; i < RECEIVE_KIND_COUNT; i++) {
		if (slice_same(name, slice_of(receivers[i]))) {
			*ret = (enum receive_kind)i;
			return true;
		}
	}
	return false;
}

bool load_is_plain(const struct load_model *m)
{
	return m->kind == LOAD_CLOSED && m->receive == RECEIVE_POP3 && m->concurrency == 1 &&
	       m->think_us == 0 && m->idle_connections == 0;
}
