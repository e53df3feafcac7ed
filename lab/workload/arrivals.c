/* SPDX-License-Identifier: MIT */
#include "lab/workload/arrivals.h"

#include "base/clock.h"

#include <math.h>
#include <stdlib.h>

enum {
	BURST_SPEED = 10,       /* inside a burst mails come so much faster than the mean rate */
	OVERLOAD_PERCENT = 120, /* of the capacity */
	RELIEF_PERCENT = 50,
	SEED_STEPS = 8, /* thrown away: neighbouring seeds begin alike */
};
/* Of the silences between bursts; below 2 their variance is infinite, as measured in real mail traffic. */
#define PARETO_SHAPE 1.5

static uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* In (0, 1]: 53 bits. */
static double uniform(uint64_t *state)
{
	return ((double)(random_next(state) >> 11) + 1) / 9007199254740992.0;
}

static double exponential(uint64_t *state, double mean)
{
	return -log(uniform(state)) * mean;
}

static double pareto(uint64_t *state, double mean)
{
	double least = mean * (PARETO_SHAPE - 1) / PARETO_SHAPE;

	return least / pow(uniform(state), 1 / PARETO_SHAPE);
}

unsigned arrivals_steps(const struct load_model *m)
{
	return m->kind == LOAD_SWEEP ? m->rate_count : m->kind == LOAD_OVERLOAD ? 2 : 1;
}

double arrivals_rate(const struct load_model *m, unsigned step)
{
	switch (m->kind) {
	case LOAD_SWEEP:
		return m->rates[step];
	case LOAD_OVERLOAD:
		return m->rate * (step == 0 ? OVERLOAD_PERCENT : RELIEF_PERCENT) / 100.0;
	case LOAD_OPEN:
	case LOAD_PARTLY_OPEN:
	case LOAD_BURSTY:
		return m->rate;
	case LOAD_CLOSED:
	case LOAD_KIND_COUNT:
		break;
	}
	return 0;
}

static size_t measured_count(const struct workload_plan *plan)
{
	size_t count = 0;

	if (plan->load.kind != LOAD_SWEEP)
		return (size_t)plan->per_size * plan->size_count;
	for (unsigned i = 0; i < plan->load.rate_count; i++)
		count += (size_t)plan->load.rates[i] * plan->load.step_s;
	return count;
}

size_t arrivals_count(const struct workload_plan *plan)
{
	return measured_count(plan) + plan->warmup_count;
}

/* The step of the i-th measured mail. */
static unsigned step_of(const struct workload_plan *plan, size_t i)
{
	const struct load_model *m = &plan->load;
	size_t before = 0;

	if (m->kind == LOAD_OVERLOAD)
		return i < measured_count(plan) / 2 ? 0 : 1;
	for (unsigned step = 0; m->kind == LOAD_SWEEP && step < m->rate_count; step++) {
		before += (size_t)m->rates[step] * m->step_s;
		if (i < before)
			return step;
	}
	return 0;
}

/* State of the process that makes times. */
struct clockwork {
	uint64_t random;
	double at_s;
	uint32_t session;
	size_t left; /* mails of the session or burst that are to come */
};

/* Mean `mean`, at least one. */
static size_t geometric(uint64_t *state, double mean)
{
	double count = mean <= 1 ? 1 : ceil(log(uniform(state)) / log(1 - 1 / mean));

	return count < 1 ? 1 : count > WORKLOAD_MAILS_MAX ? WORKLOAD_MAILS_MAX : (size_t)count;
}

/* Bursts at BURST_SPEED times the rate; the silences make up for it in the mean. */
static double burst_gap(struct clockwork *c, const struct load_model *m)
{
	double fast_s = 1.0 / m->rate / BURST_SPEED;

	if (c->left > 0) {
		c->left--;
		return exponential(&c->random, fast_s);
	}
	c->left = geometric(&c->random, m->burst_mails) - 1;
	return pareto(&c->random, m->burst_mails * (1.0 / m->rate - fast_s));
}

static void mail_time(
	struct clockwork *c, const struct load_model *m, unsigned step, struct arrival *ret)
{
	ret->due_ns = ARRIVAL_WHEN_FREE;
	ret->session = c->session;
	if (m->kind == LOAD_PARTLY_OPEN && c->left > 0) {
		c->left--;
		return;
	}
	ret->session = ++c->session;
	if (m->kind == LOAD_CLOSED)
		return;
	if (m->kind == LOAD_PARTLY_OPEN) {
		c->left = geometric(&c->random, m->session_mails) - 1;
		c->at_s += exponential(&c->random, (double)m->session_mails / m->rate);
	} else if (m->kind == LOAD_BURSTY) {
		c->at_s += burst_gap(c, m);
	} else {
		c->at_s += exponential(&c->random, 1 / arrivals_rate(m, step));
	}
	ret->due_ns = (uint64_t)(c->at_s * (double)NS_PER_S);
}

bool arrivals_make(const struct workload_plan *plan, struct arrival *ret)
{
	size_t count = arrivals_count(plan);
	auto_free uint32_t *sizes = calloc(count + 1, sizeof *sizes);
	struct clockwork c = { .random = plan->seed ^ UINT64_C(0xa5a5a5a55a5a5a5a) };

	if (sizes == NULL)
		return false;
	for (int i = 0; i < SEED_STEPS; i++)
		(void)random_next(&c.random);
	workload_order(plan, count, sizes);
	for (size_t i = 0; i < count; i++) {
		bool is_warmup = i < plan->warmup_count;
		unsigned step = is_warmup ? 0 : step_of(plan, i - plan->warmup_count);

		ret[i] = (struct arrival){ .size_bytes = sizes[i], .step = (uint16_t)step };
		mail_time(&c, &plan->load, step, &ret[i]);
	}
	return true;
}
