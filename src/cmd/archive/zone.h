/* SPDX-License-Identifier: MIT */
#pragma once
/* zone - "+0130" for 90 minutes east of UTC, as dates of mail have it: in names of files and lines of an mbox. RFC 5322 3.3. */
#include "base/slice.h"

enum {
	ZONE_BYTES = sizeof "+0000",
	ZONE_MINUTES_MAX = 23 * 60 + 59,
};
/* Returns room. */
const char *zone_write(int32_t minutes, char room[ZONE_BYTES]);
/* False: it is no such zone; *ret stays. */
bool zone_read(struct slice text, int32_t *ret);
