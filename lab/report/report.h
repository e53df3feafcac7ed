/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * report - from the files of a results folder to everything people read.
 *
 * Writes report.html, results.csv, comparisons.csv, samples.csv and summary.json into the folder, and
 * the table to `terminal`, whose last line is the report's path. A pure function of the folder's
 * files: the same bytes in, the same bytes out; nothing of the present machine or time enters.
 */
#include "base/error.h"

#include <stdio.h>

MUST_CHECK bool report_make(const char *folder, FILE *terminal, struct error *e);
