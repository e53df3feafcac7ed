/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * outputs - one function a file of the report, each from the summary alone.
 */
#include "lab/report/page.h"
#include "lab/report/summary.h"

#include <jansson.h>
#include <stdio.h>

/* The whole report.html. environment: {"host":{..},"platforms":{label:{..}}}, read from DIR/env. */
void html_write(struct page *p, const struct summary *s, const json_t *environment);
/* html_write's later sections. */
void html_appendix(struct page *p, const struct summary *s, const json_t *environment);
void csv_results(struct page *p, const struct summary *s);
void csv_comparisons(struct page *p, const struct summary *s);
void csv_samples(struct page *p, const struct summary *s);
/* Owned by the caller. */
json_t *json_summary(const struct summary *s);
/* Aligned columns and bars, for a terminal of 80 columns or more. */
void table_print(FILE *to, const struct summary *s);
