/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * error - a failure on its way up, and who can mend it.
 *
 * An *answer* (not found, over quota) is part of a function's meaning and stands in its return value.
 * A *failure* is everything else: return false through fail(), and every caller passes it up
 * untouched. It becomes a reply, a log line or an exit status in one place: session, deliver, cmd.
 */
#include "base/own.h"

#include <stdbool.h>

enum fault {
	FAULT_NONE,
	FAULT_LATER, /* try again: 4xx, a retry, exit 75 */
	FAULT_NEVER, /* somebody must change something: 5xx, a bounce, exit 1 */
	FAULT_GONE,  /* the peer left: the session ends */
};

struct error {
	enum fault fault;
	char text[240];
};

/* Fills *e (verb, object in quotes, cause; "%m" is errno) and returns false. *e must be empty. */
bool fail(struct error *e, enum fault fault, const char *format, ...) PRINTF_LIKE(3, 4);
/* Puts "what: " before the text that is there; returns false, for use in a return. */
bool fail_in(struct error *e, const char *format, ...) PRINTF_LIKE(2, 3);
void error_clear(struct error *e);
