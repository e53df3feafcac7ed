/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * chart_life - the figures of a life cycle, from the section that lab/lifecycle left (lab/files/readings.h).
 *
 * "life-starts": share of power-ons over time; "life-waits": what a start waits for; "life-gaps": each operation as a line in
 * time, with the times when nobody who knocked got through. The first section that has such readings has the figures; a
 * section of anything else has none. A section from outside may hold anything: what is not there is not drawn.
 */
#include "lab/report/figure.h"

#include <jansson.h>

void charts_life_draw(struct figures *f, const json_t *sections);
/* Has this section what the figures show? */
bool charts_life_belong(const json_t *section);
