/* SPDX-License-Identifier: MIT */
#include "lab/report/outputs.h"

#include <math.h>

static json_t *real(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

static json_t *interval_json(struct interval i)
{
	return json_pack("[o,o]", real(i.low), real(i.high));
}

static json_t *size_json(const struct summary *s, unsigned cell, unsigned size)
{
	const struct summary_size *z = &s->cells[cell].sizes[size];
	json_t *stages = json_object(), *literal = json_array();

	for (size_t i = 0; i < STAGE_COUNT; i++)
		(void)json_object_set_new(stages, summary_stage_names[i], real(z->stages[i]));
	for (unsigned i = 0; i < z->literal_count; i++)
		(void)json_array_append_new(literal, real(z->literal[i]));
	return json_pack(
		"{s:i, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		"s:o, s:o, s:o}",
		"size_octets", (int)s->plan.x.sizes[size], "trials", (int)z->trials, "mails",
		(int)z->mails, "unfinished", (int)z->unfinished, "mean_ms", real(z->mean),
		"mean_ci95", interval_json(z->mean_ci), "median_ms", real(z->median), "median_ci95",
		interval_json(z->median_ci), "sd_ms", real(z->sd), "p90_ms", real(z->p90), "p95_ms",
		real(z->p95), "p99_ms", real(z->p99), "min_ms", real(z->min), "max_ms",
		real(z->max), "accept_ms", real(z->accept), "retrieve_ms", real(z->retrieve),
		"stages_mean_ms", stages, "study_mails_ms", literal, "study_mean_ms",
		real(z->literal_mean));
}

static json_t *cell_json(const struct summary *s, unsigned cell)
{
	const struct summary_cell *c = &s->cells[cell];
	json_t *sizes = json_array();

	for (unsigned i = 0; i < s->plan.x.size_count && c->is_measured; i++)
		(void)json_array_append_new(sizes, size_json(s, cell, i));
	return json_pack("{s:s, s:s, s:b, s:b, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:{s:I, "
			 "s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I}, s:o}",
		"label", c->cell->label, "driver", c->cell->platform, "is_control",
		(int)c->cell->is_control, "is_measured", (int)c->is_measured, "reason", c->reason,
		"trials", (int)c->trials, "failed_trials", (int)c->failed_trials, "deploy_ms",
		real(c->deploy_ms), "first_mail_ms", real(c->cold_ms), "cpu_ms_per_mail",
		real(c->cpu_ms), "memory_mib", real(c->memory_mib), "resolution_ms",
		real(c->resolution_ms), "mails", "sent", (json_int_t)c->sent, "delivered",
		(json_int_t)c->delivered, "refused", (json_int_t)c->refused, "broken",
		(json_int_t)c->broken, "lost", (json_int_t)c->lost, "corrupt",
		(json_int_t)c->corrupt, "duplicated", (json_int_t)c->duplicated, "late",
		(json_int_t)c->late, "strange", (json_int_t)c->strange, "sizes", sizes);
}

static json_t *pair_json(const struct summary *s, const struct summary_pair *pair)
{
	const struct comparison *c = &pair->comparison;

	return json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:i}", "a",
		s->cells[pair->a].cell->label, "b", s->cells[pair->b].cell->label, "size_octets",
		(int)s->plan.x.sizes[pair->size], "blocks", (int)c->blocks, "ratio", real(c->ratio),
		"ratio_ci95", interval_json(c->ratio_ci), "a_less_time_percent",
		real(100 * (1 - c->ratio)), "difference_ms", real(c->difference), "superiority",
		real(c->superiority), "p", real(c->p), "p_holm", real(c->p_holm), "verdict_of_a",
		verdict_name(c->verdict), "blocks_needed", (int)c->blocks_needed);
}

json_t *json_summary(const struct summary *s)
{
	json_t *cells = json_array(), *pairs = json_array(), *noise = json_array();

	for (unsigned i = 0; i < s->plan.x.cell_count; i++)
		(void)json_array_append_new(cells, cell_json(s, i));
	for (size_t i = 0; i < s->pair_count; i++)
		(void)json_array_append_new(pairs, pair_json(s, &s->pairs[i]));
	for (size_t i = 0; i < s->noise_count; i++)
		(void)json_array_append_new(noise, pair_json(s, &s->noise[i]));
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:I, s:i, s:i, s:i, s:o, s:o, s:o, s:o, "
			 "s:o, s:o, s:o}",
		"format", 1, "experiment", s->plan.x.name, "question", s->plan.x.question,
		"experiment_sha256", s->plan.hash, "created", s->plan.created, "tool", s->plan.tool,
		"seed", (json_int_t)s->plan.x.seed, "blocks", (int)s->plan.x.blocks,
		"trials_planned", (int)s->planned_count, "trials_done", (int)s->trial_count,
		"platforms", cells, "comparisons", pairs, "noise", noise, "steal_percent_max",
		real(s->steal_max), "flush_us", real(s->flush_us), "canary_p95_to_median",
		real(s->spin_spread), "instrument_p99_ms", real(s->instrument_ms));
}
