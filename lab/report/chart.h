/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * chart - the report's figures as gnuplot scripts (gnuplot runs as a program, SVG comes out: figure.h).
 *
 * Bars start at zero, every trial is a dot, values stand at the bars, colours are Okabe and Ito's and mean
 * the same platform in every figure. Categories are never joined by lines. All are 480 wide, so that a phone
 * shows their words in a size that can be read. Each figure stands above the table of its numbers.
 */
#include "lab/report/figure.h"
#include "lab/report/summary.h"

enum { CHART_WIDTH = 480 };

/* Mean delivery time of each platform at one size: the study's Figs 3 to 5. Ids "bars-1024". */
void chart_bars(struct figures *f, const struct summary *s, unsigned size);
/* From the start of a platform to the server's first greeting: "deploy". */
void chart_deploy(struct figures *f, const struct summary *s);
/* Ratio to the first platform with its interval, a row a platform and size: "forest". */
void chart_forest(struct figures *f, const struct summary *s);
/* Where the time of a mail goes, a bar a platform: "stages-1024"; from the server's own stages: "server". */
void chart_stages(struct figures *f, const struct summary *s, unsigned size);
void chart_server(struct figures *f, const struct summary *s);
/* Share of mails that took no longer: "spread-1024"; the slow end, in nines: "tail-1024". */
void chart_spread(struct figures *f, const struct summary *s, unsigned size);
void chart_tail(struct figures *f, const struct summary *s, unsigned size);
/* Time against size, with the fitted line: "sizes". */
void chart_sizes(struct figures *f, const struct summary *s);
/* Latency against offered rate: "load". */
void chart_load(struct figures *f, const struct summary *s);
/* Every trial in the order in which it ran: "order"; the canary beside it: "canary". */
void chart_order(struct figures *f, const struct summary *s);
void chart_canary(struct figures *f, const struct summary *s);
/* Levels from the first mail on: "warmup"; correlation with mails before: "lags"; are log-ratios normal: "normal". */
void chart_warmup(struct figures *f, const struct summary *s);
void chart_lags(struct figures *f, const struct summary *s);
void chart_normal(struct figures *f, const struct summary *s);
/* Share of deployments that answered after so long: "boots"; what happened until then: "ready". */
void chart_boots(struct figures *f, const struct summary *s);
void chart_ready(struct figures *f, const struct summary *s);
/* Accepted and delivered rate against the offered one: "rates". */
void chart_rates(struct figures *f, const struct summary *s);

/* All that this experiment can have. */
void charts_draw(struct figures *f, const struct summary *s);
