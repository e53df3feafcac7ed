/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * floor - what the instrument itself costs: the workload against a server that does nothing (null_server.h).
 *
 * Measured once when an experiment begins, on loopback: env/generator.json. No number of a report can be below it.
 *     {"mails": 200, "pop3": {"median_ms", "p99_ms", "cpu_us_per_mail"}, "idle": {…}, "mails_per_s": 9000}
 */
#include "base/error.h"

#include <jansson.h>

enum { FLOOR_MAILS = 200 };

/* The object goes to the caller; NULL and a failure when it could not be measured. */
json_t *floor_measure(const volatile bool *is_cancelled, struct error *e);
