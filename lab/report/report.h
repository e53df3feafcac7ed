/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * report - from the files of a results folder to everything people read.
 *
 * Writes report.html, report.md with figures/ beside it, results.csv, comparisons.csv, trials.csv, samples.csv and
 * summary.json into the folder; a folder with sections/ and no plan (a life cycle) gets the two texts. Prints
 * the table to `terminal`, whose last line is the report's path. A pure function of the folder's
 * files: the same bytes in, the same bytes out; nothing of the present machine or time enters.
 */
#include "base/error.h"

#include <stdio.h>

MUST_CHECK bool report_make(const char *folder, FILE *terminal, struct error *e);
