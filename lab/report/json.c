/* SPDX-License-Identifier: MIT */
#include "lab/report/outputs.h"

#include "lab/report/claims.h"

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
		"s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"size_octets", (int)s->plan.x.sizes[size], "trials", (int)z->trials, "mails",
		(int)z->mails, "unfinished", (int)z->unfinished, "mean_ms", real(z->mean),
		"mean_ci95", interval_json(z->mean_ci), "median_ms", real(z->median), "median_ci95",
		interval_json(z->median_ci), "median_ranks_ci95", interval_json(z->order_ci),
		"best", real(z->best), "best_two", real(z->second), "sd_ms", real(z->sd), "mad_ms",
		real(z->mad), "p999_ms", real(z->p999), "p90_ms", real(z->p90), "p95_ms",
		real(z->p95), "p99_ms", real(z->p99), "min_ms", real(z->min), "max_ms",
		real(z->max), "accept_ms", real(z->accept), "retrieve_ms", real(z->retrieve),
		"stages_mean_ms", stages, "study_mails_ms", literal, "study_mean_ms",
		real(z->literal_mean));
}

static json_t *list_json(const struct cost_list *list)
{
	json_t *object = json_object();

	for (unsigned i = 0; i < list->count; i++)
		(void)json_object_set_new(object, list->items[i].name, real(list->items[i].value));
	return object;
}

static json_t *load_json(const struct costs *c)
{
	json_t *steps = json_array();

	for (unsigned i = 0; i < c->step_count; i++) {
		const struct cost_step *one = &c->steps[i];

		(void)json_array_append_new(
			steps, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "rate",
				       real(one->rate), "achieved", real(one->achieved), "sent",
				       real(one->sent), "delivered", real(one->delivered), "p50_ms",
				       real(one->p50), "p99_ms", real(one->p99), "backlog_per_s",
				       real(one->backlog), "meets_slo", (int)one->meets));
	}
	return json_pack("{s:o, s:o}", "knee", real(c->knee), "steps", steps);
}

static json_t *costs_json(const struct summary_cell *c)
{
	return json_pack("{s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}}", "server_stages_ms",
		list_json(&c->costs.stages), "mail", list_json(&c->costs.mail), "load",
		load_json(&c->costs), "size_model", "a_ms", real(c->a_ms), "a_ci95",
		interval_json(c->a_ci), "b_ms_per_kb", real(c->b_ms), "b_ci95",
		interval_json(c->b_ci), "explains", real(c->line_fits));
}

static json_t *cell_json(const struct summary *s, unsigned cell)
{
	const struct summary_cell *c = &s->cells[cell];
	json_t *sizes = json_array();

	for (unsigned i = 0; i < s->plan.x.size_count && c->is_measured; i++)
		(void)json_array_append_new(sizes, size_json(s, cell, i));
	return json_pack("{s:s, s:s, s:b, s:b, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:{s:I, "
			 "s:I, s:I, s:I, "
			 "s:I, s:I, s:I, s:I, s:I}, s:o, s:s, s:i, s:i, s:i, s:o, s:o, s:o}",
		"label", c->cell->label, "driver", c->cell->platform, "is_control",
		(int)c->cell->is_control, "is_measured", (int)c->is_measured, "reason", c->reason,
		"trials", (int)c->trials, "failed_trials", (int)c->failed_trials, "deploy_ms",
		real(c->deploy_ms), "first_mail_ms", real(c->cold_ms), "cpu_ms_per_mail",
		real(c->cpu_ms), "memory_mib", real(c->memory_mib), "resolution_ms",
		real(c->resolution_ms), "mails", "sent", (json_int_t)c->sent, "delivered",
		(json_int_t)c->delivered, "refused", (json_int_t)c->refused, "broken",
		(json_int_t)c->broken, "lost", (json_int_t)c->lost, "corrupt",
		(json_int_t)c->corrupt, "duplicated", (json_int_t)c->duplicated, "late",
		(json_int_t)c->late, "strange", (json_int_t)c->strange, "sizes", sizes, "flush",
		c->flush, "unsettled_trials", (int)c->unsteady_trials, "disturbed_trials",
		(int)c->disturbed_trials, "rerun_trials", (int)c->rerun_trials, "lag1",
		real(c->autocorrelation), "costs", costs_json(c), "throughput",
		real(c->throughput));
}

static json_t *pair_json(const struct summary *s, const struct summary_pair *pair)
{
	const struct comparison *c = &pair->comparison;

	return json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:s, s:i, s:b}",
		"a", s->cells[pair->a].cell->label, "b", s->cells[pair->b].cell->label,
		"size_octets", (int)s->plan.x.sizes[pair->size], "blocks", (int)c->blocks, "ratio",
		real(c->ratio), "ratio_ci95", interval_json(c->ratio_ci), "a_less_time_percent",
		real(100 * (1 - c->ratio)), "difference_ms", real(c->difference), "difference_ci95",
		interval_json(c->difference_ci), "superiority", real(c->superiority), "p",
		real(c->p), "p_holm", real(c->p_holm), "p_ranks", real(c->p_rank), "p_tost",
		real(c->p_tost), "verdict_of_a", verdict_name(c->verdict), "blocks_needed",
		(int)c->blocks_needed, "within_noise", (int)c->is_noise);
}

static json_t *claims_json(const struct summary *s)
{
	json_t *claims = json_array();

	for (unsigned i = 0; i < s->plan.x.claim_count; i++) {
		const struct summary_claim *c = &s->claims[i];

		(void)json_array_append_new(claims,
			json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s}", "id",
				s->plan.x.claims[i].id, "text", s->plan.x.claims[i].text, "kind",
				claim_kind_name(s->plan.x.claims[i].kind), "verdict",
				claim_verdict_name(c->verdict), "estimate", real(c->estimate),
				"ci95", interval_json(c->range), "says", c->says));
	}
	return claims;
}

/* What `compare` works on: a row a trial, with its medians. */
static json_t *trials_json(const struct summary *s)
{
	json_t *trials = json_array();

	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];
		json_t *medians = json_array(), *means = json_array();

		for (unsigned k = 0; k < s->plan.x.size_count; k++) {
			(void)json_array_append_new(medians, real(t->medians[k]));
			(void)json_array_append_new(means, real(t->means[k]));
		}
		(void)json_array_append_new(trials,
			json_pack("{s:s, s:i, s:i, s:b, s:o, s:o}", "label", t->record.label,
				"block", (int)t->record.block + 1, "position",
				(int)t->record.position + 1, "is_measured",
				(int)(t->record.is_measured && s->cells[t->cell].is_measured),
				"medians_ms", medians, "means_ms", means));
	}
	return trials;
}

static json_t *sizes_json(const struct summary *s)
{
	json_t *sizes = json_array();

	for (unsigned k = 0; k < s->plan.x.size_count; k++)
		(void)json_array_append_new(sizes,
			json_pack("{s:i, s:o, s:o}", "octets", (int)s->plan.x.sizes[k], "friedman",
				real(s->friedman[k]), "friedman_p", real(s->friedman_p[k])));
	return sizes;
}

static json_t *factors_json(const struct summary *s)
{
	json_t *terms = json_array();

	for (size_t i = 0; i < s->factors.count; i++) {
		const struct factor_term *t = &s->factors.terms[i];

		for (size_t q = 0; q < FACTOR_QUANTILES; q++)
			(void)json_array_append_new(
				terms, json_pack("{s:s, s:f, s:o, s:o, s:o, s:o}", "term", t->name,
					       "quantile", factor_quantiles[q], "factor",
					       real(t->factor[q]), "ci95", interval_json(t->ci[q]),
					       "p", real(t->p[q]), "p_bh", real(t->p_bh[q])));
	}
	return terms;
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
			 "s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o}",
		"format", 2, "experiment", s->plan.x.name, "question", s->plan.x.question,
		"experiment_sha256", s->plan.hash, "created", s->plan.created, "tool", s->plan.tool,
		"seed", (json_int_t)s->plan.x.seed, "blocks", (int)s->plan.x.blocks,
		"trials_planned", (int)s->planned_count, "trials_done", (int)s->trial_count,
		"platforms", cells, "comparisons", pairs, "noise", noise, "steal_percent_max",
		real(s->steal_max), "flush_us", real(s->flush_us), "canary_p95_to_median",
		real(s->spin_spread), "instrument_p99_ms", real(s->instrument_ms), "claims",
		claims_json(s), "sizes", sizes_json(s), "trials", trials_json(s), "sesoi_percent",
		(int)s->plan.x.sesoi_percent, "instrument_floor_ms", real(s->floor_ms), "factors",
		factors_json(s));
}
