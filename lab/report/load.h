/* SPDX-License-Identifier: MIT */
#pragma once
/* load - the first half of summary_make: plan, records and samples from a results folder. */
#include "lab/report/summary.h"

MUST_CHECK bool summary_load(const char *folder, struct summary *ret, struct error *e);
