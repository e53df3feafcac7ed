/* SPDX-License-Identifier: MIT */
#include "lab/report/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *platform, *title, *noun;
} names[] = {
	{ "process",    "Bare process",    "a bare process" },
	{ "process-again", "Bare process again", "the bare process again" },
	{ "container",  "Container",       "a container" },
	{ "uml",        "User-mode Linux", "User-mode Linux" },
	{ "tcg",        "QEMU, emulated",  "QEMU with software emulation" },
	{ "kvm",        "QEMU/KVM",        "QEMU/KVM" },
	{ "virtualbox", "VirtualBox",      "VirtualBox" },
	{ "vmware",     "VMware",          "VMware" },
};
/* clang-format on */

const char *words_label_title(const char *label)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(label, names[i].platform) == 0)
			return names[i].title;
	}
	return label;
}

const char *words_title(const struct summary *s, unsigned cell)
{
	return words_label_title(s->plan.x.cells[cell].label);
}

const char *words_noun(const struct summary *s, unsigned cell)
{
	const struct experiment_cell *c = &s->plan.x.cells[cell];

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(c->label, names[i].platform) == 0)
			return names[i].noun;
	}
	return c->label;
}

/* The noun at the start of a sentence. */
static bool subject(const struct summary *s, unsigned cell, struct buf *to)
{
	const char *noun = words_noun(s, cell);
	bool is_article = strncmp(noun, "a ", 2) == 0;

	return buf_add_format(to, "%s%s", is_article ? "A" : "", is_article ? noun + 1 : noun);
}

int words_percent_digits(double percent)
{
	return percent < 9.95 || percent >= 89.5 ? 1 : 0;
}

const char *words_size(uint32_t bytes, char room[WORDS_NUMBER_BYTES])
{
	if (bytes % (1 << 20) == 0)
		(void)snprintf(room, WORDS_NUMBER_BYTES, "%u MB", (unsigned)(bytes >> 20));
	else if (bytes % (1 << 10) == 0)
		(void)snprintf(room, WORDS_NUMBER_BYTES, "%u KB", (unsigned)(bytes >> 10));
	else
		(void)snprintf(room, WORDS_NUMBER_BYTES, "%u octets", (unsigned)bytes);
	return room;
}

const char *words_ms(double ms, char room[WORDS_NUMBER_BYTES])
{
	if (isnan(ms))
		(void)snprintf(room, WORDS_NUMBER_BYTES, "–");
	else if (isinf(ms))
		(void)snprintf(room, WORDS_NUMBER_BYTES, "never");
	else
		(void)snprintf(room, WORDS_NUMBER_BYTES, "%.*f",
			ms < 10    ? 2
			: ms < 100 ? 1
				   : 0,
			ms);
	return room;
}

const char *words_ratio(double ratio, char room[WORDS_NUMBER_BYTES])
{
	if (!isfinite(ratio))
		(void)snprintf(room, WORDS_NUMBER_BYTES, "–");
	else
		(void)snprintf(room, WORDS_NUMBER_BYTES, "%.*f",
			ratio < 10    ? 2
			: ratio < 100 ? 1
				      : 0,
			ratio);
	return room;
}

const char *words_p(double p, char room[WORDS_NUMBER_BYTES])
{
	(void)snprintf(room, WORDS_NUMBER_BYTES, p < 0.001 ? "< 0.001" : "%.3f", p);
	return room;
}

static bool interval_text(const struct comparison *c, struct buf *to)
{
	char room[WORDS_NUMBER_BYTES];
	double low = 100 * (1 - c->ratio_ci.high), high = 100 * (1 - c->ratio_ci.low);

	if (!isfinite(low) || !isfinite(high))
		return buf_add_format(to, "too few blocks for an interval, ");
	int digits = words_percent_digits(high);
	return buf_add_format(to, "95 %% CI %s%.*f..%.*f %%, %s times as fast, ",
		low < 0 ? "−" : "", digits, fabs(low), digits, high,
		words_ratio(1 / c->ratio, room));
}

static bool verdict_text(const struct comparison *c, struct buf *to)
{
	if (c->verdict == VERDICT_INCONCLUSIVE && c->blocks_needed > EXPERIMENT_BLOCKS_MAX)
		return buf_add_format(
			to, "inconclusive, would need more than %d blocks", EXPERIMENT_BLOCKS_MAX);
	if (c->verdict == VERDICT_INCONCLUSIVE && c->blocks_needed > c->blocks)
		return buf_add_format(
			to, "inconclusive, would need about %zu blocks", c->blocks_needed);
	return buf_add_format(to, "%s", verdict_name(c->verdict));
}

bool words_pair(const struct summary *s, const struct summary_pair *pair, struct buf *to)
{
	char size[WORDS_NUMBER_BYTES], p[WORDS_NUMBER_BYTES];
	bool is_turned = pair->comparison.ratio > 1;
	struct comparison c = pair->comparison;
	unsigned fast = is_turned ? pair->b : pair->a, slow = is_turned ? pair->a : pair->b;

	if (is_turned)
		compare_turn(&c);
	(void)words_size(s->plan.x.sizes[pair->size], size);
	if (!isfinite(c.ratio))
		return buf_add_format(to,
			"%s and %s at %s: not comparable, because mails were not delivered.",
			words_title(s, pair->a), words_title(s, pair->b), size);
	double percent = 100 * (1 - c.ratio);
	return subject(s, fast, to) &&
	       buf_add_format(to, " delivers %s mail in %.*f %% less time than %s (", size,
		       words_percent_digits(percent), percent, words_noun(s, slow)) &&
	       interval_text(&c, to) &&
	       buf_add_format(to, "%zu block%s, p_Holm %s): ", c.blocks, c.blocks == 1 ? "" : "s",
		       words_p(c.p_holm, p)) &&
	       verdict_text(&c, to) && buf_add_format(to, c.is_noise ? ", within the noise." : ".");
}

unsigned words_ranking(const struct summary *s, unsigned size, unsigned *ret)
{
	unsigned count = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (!s->cells[i].is_measured || s->cells[i].cell->is_control)
			continue;
		unsigned at = count++;
		while (at > 0 &&
			s->cells[ret[at - 1]].sizes[size].median > s->cells[i].sizes[size].median) {
			ret[at] = ret[at - 1];
			at--;
		}
		ret[at] = i;
	}
	return count;
}

/* How sure a slower platform's multiple is. */
static bool answer_proof(const struct summary *s, unsigned proven, struct buf *to)
{
	unsigned sizes = s->plan.x.size_count;

	if (s->plan.x.blocks < compare_blocks_min(s->pair_count))
		return buf_add_format(to, ".");
	if (proven == sizes)
		return buf_add_format(to, ", significant at every size.");
	return buf_add_format(to, ", significant at %u of %u sizes.", proven, sizes);
}

/* How a slower platform compares with the fastest, over all sizes. */
static bool answer_one(const struct summary *s, unsigned fast, unsigned slow, struct buf *to)
{
	double low = (double)INFINITY, high = 0;
	char a[WORDS_NUMBER_BYTES], b[WORDS_NUMBER_BYTES];
	unsigned proven = 0;

	for (unsigned size = 0; size < s->plan.x.size_count; size++) {
		struct comparison c;

		if (!summary_compare(s, slow, fast, size, &c) || !isfinite(c.ratio))
			return true;
		low = fmin(low, c.ratio);
		high = fmax(high, c.ratio);
		proven += c.verdict == VERDICT_WORSE;
	}
	(void)words_ratio(low, a);
	(void)words_ratio(high, b);
	bool is_open = proven == 0 && s->plan.x.blocks >= compare_blocks_min(s->pair_count);
	return buf_add_format(to, " ") && subject(s, slow, to) &&
	       buf_add_format(to, is_open ? " cannot be told apart from it (" : " takes ") &&
	       buf_add_format(to, "%s%s%s times as long", a, strcmp(a, b) == 0 ? "" : " to ",
		       strcmp(a, b) == 0 ? "" : b) &&
	       (is_open ? buf_add_format(to, ").") : answer_proof(s, proven, to));
}

/* "With 3 blocks no test can prove a difference; that takes 9." */
static bool answer_power(const struct summary *s, struct buf *to)
{
	size_t least = compare_blocks_min(s->pair_count);

	if (s->pair_count == 0 || s->plan.x.blocks >= least)
		return true;
	return buf_add_format(to,
		" With %u block%s no test can prove a difference; that takes %zu.",
		s->plan.x.blocks, s->plan.x.blocks == 1 ? "" : "s", least);
}

bool words_answer(const struct summary *s, struct buf *to)
{
	unsigned ranking[EXPERIMENT_CELLS_MAX];
	unsigned count = words_ranking(s, 0, ranking);
	char ms[WORDS_NUMBER_BYTES], last[WORDS_NUMBER_BYTES], from[WORDS_NUMBER_BYTES],
		till[WORDS_NUMBER_BYTES];
	unsigned top = s->plan.x.size_count > 0 ? s->plan.x.size_count - 1 : 0;

	if (words_load_asks(s))
		return words_load(s, to);
	if (count == 0)
		return buf_add_format(to, "No platform could be measured on this machine.");
	const struct summary_cell *best = &s->cells[ranking[0]];
	if (!subject(s, ranking[0], to) ||
		!buf_add_format(to, "%s a mail of %s takes %s ms",
			count > 1 ? " has the shortest times:" : ":",
			words_size(s->plan.x.sizes[0], from), words_ms(best->sizes[0].median, ms)))
		return false;
	if (top > 0 &&
		!buf_add_format(to, ", one of %s %s ms", words_size(s->plan.x.sizes[top], till),
			words_ms(best->sizes[top].median, last)))
		return false;
	if (!buf_add(to, top > 0 ? S(" (medians).") : S(" (median).")))
		return false;
	for (unsigned i = 1; i < count; i++) {
		if (!answer_one(s, ranking[0], ranking[i], to))
			return false;
	}
	return answer_power(s, to);
}

const char *words_range(
	double low, double high, words_number_fn *word, char room[WORDS_RANGE_BYTES])
{
	char a[WORDS_NUMBER_BYTES], b[WORDS_NUMBER_BYTES];

	if (isnan(low) || isnan(high))
		(void)snprintf(room, WORDS_RANGE_BYTES, "–");
	else
		(void)snprintf(room, WORDS_RANGE_BYTES, "%s – %s", word(low, a), word(high, b));
	return room;
}

const char *words_number(double value, char room[WORDS_NUMBER_BYTES])
{
	double size = fabs(value);
	bool is_whole = size < 1e15 && fabs(value - nearbyint(value)) < 1e-9;
	int digits = is_whole ? 0 : size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3;

	if (isnan(value))
		(void)snprintf(room, WORDS_NUMBER_BYTES, "–");
	else if (isinf(value))
		(void)snprintf(room, WORDS_NUMBER_BYTES, "never");
	else
		(void)snprintf(
			room, WORDS_NUMBER_BYTES, "%s%.*f", value < 0 ? "−" : "", digits, size);
	return room;
}

const char *words_change(double ratio, char room[WORDS_NUMBER_BYTES])
{
	double percent = round(100 * (ratio - 1));

	if (!isfinite(percent))
		(void)snprintf(room, WORDS_NUMBER_BYTES, "–");
	else
		(void)snprintf(room, WORDS_NUMBER_BYTES, "%s%.0f %%",
			percent < 0   ? "−"
			: percent > 0 ? "+"
				      : "",
			fabs(percent));
	return room;
}
