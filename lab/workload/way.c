/* SPDX-License-Identifier: MIT */
#include "lab/workload/way.h"

static const char *const names[SUBMIT_KIND_COUNT] = { "smtp", "plain", "starttls", "tls" };

const char *submit_kind_name(enum submit_kind kind)
{
	return kind < SUBMIT_KIND_COUNT ? names[kind] : "unknown";
}

bool submit_kind_find(struct slice name, enum submit_kind *ret)
{
	for (unsigned i = 0; i < SUBMIT_KIND_COUNT; i++) {
		if (slice_same(name, slice_of(names[i]))) {
			*ret = (enum submit_kind)i;
			return true;
		}
	}
	return false;
}

bool way_has_tls(const struct mail_way *way)
{
	return way->submit == SUBMIT_STARTTLS || way->submit == SUBMIT_TLS;
}
