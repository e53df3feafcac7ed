/* SPDX-License-Identifier: MIT */
#include "lab/report/outputs.h"

#include <inttypes.h>
#include <math.h>

void csv_results(struct page *p, const struct summary *s)
{
	put(p, "platform,size_octets,trials,mails,unfinished,mean_ms,mean_low,mean_high,median_ms,"
	       "median_low,median_high,ranks_low,ranks_high,sd_ms,mad_ms,p90_ms,p95_ms,p99_ms,"
	       "p999_ms,min_ms,max_ms,accept_ms,retrieve_ms,best,best_two,study_mails,"
	       "study_mean_ms\r\n");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		for (unsigned k = 0; k < s->plan.x.size_count && s->cells[i].is_measured; k++) {
			const struct summary_size *z = &s->cells[i].sizes[k];
			const double values[] = { z->mean, z->mean_ci.low, z->mean_ci.high,
				z->median, z->median_ci.low, z->median_ci.high, z->order_ci.low,
				z->order_ci.high, z->sd, z->mad, z->p90, z->p95, z->p99, z->p999,
				z->min, z->max, z->accept, z->retrieve, z->best, z->second };

			put_csv(p, s->cells[i].cell->label);
			put(p, ",%" PRIu32 ",%zu,%zu,%zu", s->plan.x.sizes[k], z->trials, z->mails,
				z->unfinished);
			for (size_t v = 0; v < COUNT(values); v++)
				put_real(p, values[v]);
			put(p, ",%u", z->literal_count);
			put_real(p, z->literal_mean);
			put(p, "\r\n");
		}
	}
}

static void comparison_row(struct page *p, const struct summary *s, const struct summary_pair *pair)
{
	const struct comparison *c = &pair->comparison;
	const double values[] = { c->ratio, c->ratio_ci.low, c->ratio_ci.high, 100 * (1 - c->ratio),
		c->difference, c->difference_ci.low, c->difference_ci.high, c->superiority, c->p,
		c->p_holm, c->p_rank, c->p_tost };

	put_csv(p, s->cells[pair->a].cell->label);
	put(p, ",");
	put_csv(p, s->cells[pair->b].cell->label);
	put(p, ",%" PRIu32 ",%zu", s->plan.x.sizes[pair->size], c->blocks);
	for (size_t v = 0; v < COUNT(values); v++)
		put_real(p, values[v]);
	put(p, ",%s,%zu,%s\r\n", verdict_name(c->verdict), c->blocks_needed,
		c->is_noise ? "yes" : "no");
}

void csv_comparisons(struct page *p, const struct summary *s)
{
	put(p, "a,b,size_octets,blocks,ratio,ratio_low,ratio_high,a_less_time_percent,"
	       "difference_ms,difference_low,difference_high,superiority,p,p_holm,p_ranks,p_tost,"
	       "verdict_of_a,blocks_needed,within_noise\r\n");
	for (size_t i = 0; i < s->pair_count; i++)
		comparison_row(p, s, &s->pairs[i]);
	for (size_t i = 0; i < s->noise_count; i++)
		comparison_row(p, s, &s->noise[i]);
}

void csv_trials(struct page *p, const struct summary *s)
{
	put(p, "platform,block,position,started,is_measured,deploy_ms,cpu_ms_per_mail,memory_mib,"
	       "steal_percent,canary_ms,flush_us,trip_us,steady_from,trend_p,is_steady,reruns,"
	       "disturbed");
	for (unsigned k = 0; k < s->plan.x.size_count; k++)
		put(p, ",median_ms_%" PRIu32 ",mean_ms_%" PRIu32, s->plan.x.sizes[k],
			s->plan.x.sizes[k]);
	put(p, "\r\n");
	for (size_t i = 0; i < s->trial_count; i++) {
		const struct summary_trial *t = &s->trials[i];
		const struct trial_record *r = &t->record;
		const double values[] = { r->deploy_ms, r->cpu_ms_per_mail, r->memory_mib,
			r->steal_percent, r->spin_ms, r->flush_us, r->trip_us, r->steady_from,
			r->steady_p };

		put_csv(p, r->label);
		put(p, ",%u,%u,%s,%s", r->block + 1, r->position + 1, r->started,
			r->is_measured ? "yes" : "no");
		for (size_t v = 0; v < COUNT(values); v++)
			put_real(p, values[v]);
		put(p, ",%s,%" PRIu64 ",",
			!isfinite(r->steady_from) ? ""
			: r->is_steady            ? "yes"
						  : "no",
			r->reruns);
		put_csv(p, r->excluded);
		for (unsigned k = 0; k < s->plan.x.size_count; k++) {
			put_real(p, r->is_measured ? t->medians[k] : (double)NAN);
			put_real(p, r->is_measured ? t->means[k] : (double)NAN);
		}
		put(p, "\r\n");
	}
}

static void sample_row(struct page *p, const struct summary_trial *t, const struct sample *m)
{
	put_csv(p, t->record.label);
	put(p, ",%u,%u,%" PRIu32 ",%" PRIu32 ",%s,%u,%" PRIu32, t->record.block + 1,
		t->record.position + 1, m->sequence, m->size_bytes, sample_outcome_name(m->outcome),
		(unsigned)m->flags, m->poll_count);
	for (unsigned i = 0; i < SAMPLE_POINT_COUNT; i++) {
		if (m->at_ns[i] == SAMPLE_NEVER)
			put(p, ",");
		else
			put(p, ",%" PRIu64, m->at_ns[i]);
	}
	put(p, ",%" PRIu32 ",%" PRIu32 "\r\n", m->tls_us, m->login_us);
}

void csv_samples(struct page *p, const struct summary *s)
{
	put(p, "platform,block,position,sequence,size_octets,outcome,flags,looks,due_ns,start,"
	       "banner,"
	       "hello,mail,rcpt,data,sent,accepted,seen,fetched,tls_us,login_us\r\n");
	for (size_t i = 0; i < s->trial_count; i++) {
		for (size_t k = 0; k < s->trials[i].samples.count; k++)
			sample_row(p, &s->trials[i], &s->trials[i].samples.samples[k]);
	}
}
