/* SPDX-License-Identifier: MIT */
#pragma once
/* sent_date - reads a Date field: RFC 5322 3.3 with the obsolete forms of 4.3 (two-digit years, zone names, comments). */
#include "base/slice.h"

struct sent_date {
	int64_t unix_s; /* UTC */
	int32_t zone_min; /* east of UTC; SENTON and its like compare the day as written: (unix_s + 60 * zone_min) / 86400 */
};
/* False: no date. A bad or unknown zone is UTC. */
MUST_CHECK bool sent_date_parse(struct slice value, struct sent_date *ret);
