/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * facts - everything a results folder says about where and how it was made, as a flat list of names and values.
 *
 * From env/host.json ("host.cpu"), env/platform-LABEL.json ("platform tcg.version") and experiment.conf
 * ("experiment.blocks"). Facts that must be equal before two runs may stand in one test are named in facts.c.
 * Ownership: facts_done frees. Limits: FACTS_*.
 */
#include "base/error.h"

#include <stddef.h>
#include <stdio.h>

enum { FACTS_MAX = 2000, FACT_NAME_BYTES = 96, FACT_VALUE_BYTES = 400 };

struct fact {
	char name[FACT_NAME_BYTES], value[FACT_VALUE_BYTES];
};

struct facts {
	struct fact *all;
	size_t count;
};

MUST_CHECK bool facts_load(struct facts *ret, const char *folder, struct error *e);
void facts_done(struct facts *f);
/* Prints what differs; true when everything that must be equal is. */
bool facts_compare(const struct facts *a, const struct facts *b, FILE *to);
