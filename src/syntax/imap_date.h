/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_date - dates of IMAP: `date-time` of INTERNALDATE and APPEND, `date` of SEARCH. RFC 9051 9.
 *
 * A time is seconds since 1970-01-01 UTC (negative before) and the zone it was written in; a day is days since
 * 1970-01-01, without a zone. Years 0000 to 9999, Gregorian throughout. A leap second is the second after it.
 */
#include "base/buf.h"

struct imap_time {
	int64_t seconds;
	int zone_minutes; /* east of UTC, -1439 to 1439 */
};
/* Without the quotes: "17-Jul-1996 02:44:25 -0700"; the day may also be "7" or " 7". */
MUST_CHECK bool imap_time_parse(struct slice s, struct imap_time *ret);
/* With the quotes; a year outside 0000 to 9999 becomes the nearest that can be written. */
MUST_CHECK bool imap_time_write(struct buf *out, struct imap_time time);
/* Without the quotes: "1-Feb-1994", "01-Feb-1994". */
MUST_CHECK bool imap_day_parse(struct slice s, int64_t *ret);
MUST_CHECK bool imap_day_write(struct buf *out, int64_t day);
/* The day it was in its own zone, as SEARCH BEFORE and SENTBEFORE compare (RFC 9051 6.4.4). */
int64_t imap_time_day(struct imap_time time);
