/* SPDX-License-Identifier: MIT */
#include "cmd/archive/zone.h"

#include <stdio.h>

const char *zone_write(int32_t minutes, char room[ZONE_BYTES])
{
	unsigned east = (unsigned)(minutes < 0 ? -minutes : minutes);

	invariant(east <= ZONE_MINUTES_MAX);
	(void)snprintf(
		room, ZONE_BYTES, "%c%02u%02u", minutes < 0 ? '-' : '+', east / 60 % 24, east % 60);
	return room;
}

bool zone_read(struct slice text, int32_t *ret)
{
	uint64_t number;

	if (text.len != 5 || (text.at[0] != '+' && text.at[0] != '-') ||
		!slice_number(slice_skip(text, 1), 2359, &number) || number % 100 > 59)
		return false;
	*ret = (int32_t)(number / 100 * 60 + number % 100) * (text.at[0] == '-' ? -1 : 1);
	return true;
}
