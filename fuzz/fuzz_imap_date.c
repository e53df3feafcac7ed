/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "syntax/imap_date.h"

#include <string.h>

static void check_text(struct slice s)
{
	struct imap_time time, again;
	int64_t day, day_again;
	char room[64];
	struct buf out = BUF_OVER(room);

	if (imap_time_parse(s, &time)) {
		int64_t local = imap_time_day(time);

		invariant(imap_time_write(&out, time));
		/* A leap second at the very end of year 9999 has no second after it. */
		invariant(imap_time_parse(
			slice_first(slice_skip(buf_slice(&out), 1), out.len - 2), &again));
		invariant(again.zone_minutes == time.zone_minutes);
		invariant(again.seconds == time.seconds || local > 2932896);
	}
	buf_clear(&out);
	if (imap_day_parse(s, &day)) {
		invariant(imap_day_write(&out, day));
		invariant(imap_day_parse(buf_slice(&out), &day_again) && day_again == day);
	}
}

static void check_numbers(const uint8_t *data)
{
	struct imap_time time, again;
	char room[64];
	struct buf out = BUF_OVER(room);

	memcpy(&time, data, sizeof time);
	invariant(imap_time_write(&out, time));
	invariant(
		imap_time_parse(slice_first(slice_skip(buf_slice(&out), 1), out.len - 2), &again));
	(void)imap_time_day(time);
	buf_clear(&out);
	invariant(imap_day_write(&out, time.seconds));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check_text(fuzz_input(data, size));
	if (size >= sizeof(struct imap_time))
		check_numbers(data);
	return 0;
}
