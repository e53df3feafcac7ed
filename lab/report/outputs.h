/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * outputs - one function a part of the report, each from the summary alone.
 *
 * The parts of the text are written into a doc, which makes HTML or Markdown of them; a part without anything to say
 * writes nothing.
 */
#include "lab/report/doc.h"
#include "lab/report/summary.h"

#include <jansson.h>
#include <stdio.h>

/* The whole text. environment: {"host":{..},"platforms":{label:{..}},"sections":[..]}, read from DIR. */
void report_write(struct doc *d, const struct summary *s, const json_t *environment);

/* Its parts, in order. front.c */
void part_front(struct doc *d, const struct summary *s);
/* study.c: the study's figures and means, its claims, its way of counting */
void part_study(struct doc *d, const struct summary *s);
void part_claims(struct doc *d, const struct summary *s);
void part_literal(struct doc *d, const struct summary *s);
/* way.c: what each part of a plan does (effects.h) */
void part_effects(struct doc *d, const struct summary *s);
/* compared.c */
void part_compared(struct doc *d, const struct summary *s);
/* spread.c: how times are spread, how they grow with size and load */
void part_spread(struct doc *d, const struct summary *s);
void part_sizes(struct doc *d, const struct summary *s);
void part_load(struct doc *d, const struct summary *s);
/* terms.c: what each factor does to the middle and to the slow end */
void part_factors(struct doc *d, const struct summary *s);
/* way.c: stages, deployment, what a mail costs */
void part_stages(struct doc *d, const struct summary *s);
void part_costs(struct doc *d, const struct summary *s);
void part_deployment(struct doc *d, const struct summary *s);
/* sections.c: tables of readings that other parts of the lab left (lab/files/readings.h) */
void part_sections(struct doc *d, const json_t *sections);
/* A whole report of nothing but sections. */
void sections_write(struct doc *d, const json_t *environment);
/* The files of FOLDER/sections, in the order of their names; never NULL but for memory. */
json_t *sections_load(const char *folder);
/* trust.c */
void part_trust(struct doc *d, const struct summary *s);
/* where.c */
void part_where(struct doc *d, const struct summary *s, const json_t *environment);
void part_host(struct doc *d, const json_t *environment);
void part_again(struct doc *d, const struct summary *s);

void csv_results(struct page *p, const struct summary *s);
void csv_comparisons(struct page *p, const struct summary *s);
void csv_trials(struct page *p, const struct summary *s);
void csv_factors(struct page *p, const struct summary *s);
void csv_samples(struct page *p, const struct summary *s);
/* Owned by the caller. */
json_t *json_summary(const struct summary *s);
/* Aligned columns and bars, for a terminal of 80 columns or more. */
void table_print(FILE *to, const struct summary *s);
