/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * words - numbers and verdicts as sentences; one definition for terminal, HTML and tables.
 *
 * "A in p % less time than B" is 100 * (1 - A/B) of latency, and always comes with its interval, the
 * speed ratio B/A, the number of blocks and Holm's p.
 */
#include "base/buf.h"
#include "lab/report/summary.h"

enum { WORDS_NUMBER_BYTES = 32, WORDS_RANGE_BYTES = 2 * WORDS_NUMBER_BYTES + 8 };

/* "Bare process" for a cell; its label when there is no better name. */
/* The same by a label alone. */
const char *words_label_title(const char *label);
const char *words_title(const struct summary *s, unsigned cell);
/* words_load.c: is the answer a rate, a time to catch up, or a connection's memory, and what is it? */
bool words_load_asks(const struct summary *s);
MUST_CHECK bool words_load(const struct summary *s, struct buf *to);
/* In a sentence: "a bare process". */
const char *words_noun(const struct summary *s, unsigned cell);
/* Percents with a digit more where a whole one would say too little: below 10 and above 95. */
int words_percent_digits(double percent);
/* "1 KB" (1 KB = 1024 octets), or octets when it is not whole. */
const char *words_size(uint32_t bytes, char room[WORDS_NUMBER_BYTES]);
/* Milliseconds with three figures: "0.912", "12.3", "1,234"; "never" for infinity, "–" for nothing. */
const char *words_ms(double ms, char room[WORDS_NUMBER_BYTES]);
/* "+12 %", "−3 %" for a ratio of 1.12, 0.97. */
const char *words_change(double ratio, char room[WORDS_NUMBER_BYTES]);
/* Any number with about three figures; whole ones without a point. */
const char *words_number(double value, char room[WORDS_NUMBER_BYTES]);
/* "5.9" for a ratio. */
const char *words_ratio(double ratio, char room[WORDS_NUMBER_BYTES]);
const char *words_p(double p, char room[WORDS_NUMBER_BYTES]);
/* "4.1 – 5.2", or "–". */
typedef const char *words_number_fn(double value, char room[WORDS_NUMBER_BYTES]);
const char *words_range(
	double low, double high, words_number_fn *word, char room[WORDS_RANGE_BYTES]);
/* The whole comparison as one sentence, plain text. The faster one is the subject. */
MUST_CHECK bool words_pair(
	const struct summary *s, const struct summary_pair *pair, struct buf *to);
/* The answer to the experiment's question, two or three sentences. */
MUST_CHECK bool words_answer(const struct summary *s, struct buf *to);
/* Measured cells that are no controls, fastest first at the size; returns their count. */
unsigned words_ranking(const struct summary *s, unsigned size, unsigned *ret);
