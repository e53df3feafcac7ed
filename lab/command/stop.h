/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * stop - the signals that end a long command: the first asks it to finish what it is in, a second ends the program at once.
 *
 * Process-wide. SIGPIPE is ignored, so that a reader who left is an error of the write.
 */
#include <stdbool.h>

/* From here on SIGINT, SIGTERM and SIGHUP are such signals. */
void stop_on_signals(void);
/* True once one came. It lives as long as the program. */
const volatile bool *stop_flag(void);
