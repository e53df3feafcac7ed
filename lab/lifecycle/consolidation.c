/* SPDX-License-Identifier: MIT */
#include "lab/lifecycle/consolidation.h"

#include "lab/lifecycle/crowd.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAIL_BYTES = 3072, NAME_BYTES = 32 };

/* One arrangement while it runs: `servers` places, `domains` in each. */
struct houses {
	struct place *places;
	unsigned count, domains;
	char names[CONSOLIDATION_DOMAINS_MAX][NAME_BYTES],
		addresses[CONSOLIDATION_DOMAINS_MAX][NAME_BYTES];
	const char *name_list[CONSOLIDATION_DOMAINS_MAX];
	struct deploy_account accounts[CONSOLIDATION_DOMAINS_MAX];
	struct crowd_target targets[CONSOLIDATION_DOMAINS_MAX];
};

struct outcome {
	struct crowd_result crowd;
	double memory_mib;
	bool fits;
};

static void names_make(struct houses *h, unsigned total, const char *password)
{
	for (unsigned i = 0; i < total; i++) {
		(void)snprintf(h->names[i], NAME_BYTES, "d%u.example", i + 1);
		(void)snprintf(h->addresses[i], NAME_BYTES, "user@d%u.example", i + 1);
		h->name_list[i] = h->names[i];
		h->accounts[i] = (struct deploy_account){ h->addresses[i], password };
	}
}

static bool house_open(struct houses *h, unsigned number, const struct life_options *o,
	const struct platform *platform, struct error *e)
{
	struct place *p = &h->places[number];
	unsigned first = number * h->domains;

	if (!place_open(o, platform, p, e))
		return false;
	p->plan.domains = h->name_list + first;
	p->plan.domain_count = h->domains;
	p->plan.accounts = h->accounts + first;
	p->plan.account_count = h->domains;
	if (!place_deploy(p, e))
		return fail_in(e, "server %u of %u", number + 1, h->count);
	for (unsigned i = first; i < first + h->domains; i++) {
		struct crowd_target *t = &h->targets[i];

		memcpy(t->host, p->deployment.host, sizeof t->host);
		t->port = p->deployment.smtp_port;
		(void)snprintf(t->to, sizeof t->to, "user@d%u.example", i + 1);
	}
	return true;
}

/* NAN: the platform does not tell. */
static double memory_mib(const struct houses *h)
{
	double sum = 0;

	for (unsigned i = 0; i < h->count; i++) {
		const struct deployment *d = &h->places[i].deployment;
		struct platform_usage usage = { .memory_bytes = UINT64_MAX };

		if (d->platform->usage == NULL || !d->platform->usage(d, &usage) ||
			usage.memory_bytes == UINT64_MAX)
			return (double)NAN;
		sum += (double)usage.memory_bytes / (1 << 20);
	}
	return sum;
}

static bool measure(struct houses *h, const struct life_options *o, const struct platform *platform,
	const struct consolidation_plan *plan, struct outcome *ret, struct error *e)
{
	struct crowd_plan crowd = { .targets = h->targets,
		.count = h->count * h->domains,
		.rate_per_s = plan->rate_per_s,
		.seconds = plan->seconds,
		.size_bytes = MAIL_BYTES,
		.seed = plan->seed,
		.is_cancelled = o->is_cancelled };

	for (unsigned i = 0; i < h->count; i++) {
		if (!house_open(h, i, o, platform, e))
			return false;
	}
	if (!crowd_run(&crowd, &ret->crowd, e))
		return false;
	ret->memory_mib = memory_mib(h);
	/* With too few mails for a percentile all must be in time. */
	double late_ms = isfinite(ret->crowd.p95_ms) ? ret->crowd.p95_ms : ret->crowd.worst_ms;

	ret->fits = ret->crowd.failed == 0 && late_ms <= plan->p95_most_ms &&
		    !(ret->memory_mib > plan->memory_most_mib);
	return true;
}

static bool arrangement_run(unsigned servers, unsigned domains, const struct life_options *o,
	const struct platform *platform, const struct consolidation_plan *plan, struct outcome *ret,
	struct error *e)
{
	auto_free struct houses *h = calloc(1, sizeof *h);
	auto_free struct place *places = calloc(servers, sizeof *places);

	if (h == NULL || places == NULL)
		return fail(e, FAULT_LATER, "consolidate: no memory");
	h->places = places;
	h->count = servers;
	h->domains = domains;
	names_make(h, servers * domains, o->password);
	bool is_done = measure(h, o, platform, plan, ret, e);

	for (unsigned i = 0; i < servers; i++)
		place_close(&places[i]);
	return is_done;
}

static void outcome_note(struct ledger *l, const struct platform *platform, const char *how,
	unsigned domains, const struct outcome *r)
{
	char name[LEDGER_TEXT_BYTES];

	(void)snprintf(
		name, sizeof name, "%s, %u domains: 95 of 100 acknowledged within", how, domains);
	if (isfinite(r->crowd.p95_ms))
		ledger_add(l, platform->name, name, "ms", r->crowd.p95_ms);
	ledger_remark(l, platform->name, name,
		"%zu mails, %zu failed, median %.1f ms, latest %.1f ms%s", r->crowd.mails,
		r->crowd.failed, r->crowd.median_ms, r->crowd.worst_ms,
		r->fits ? "" : "; does not fit");
	(void)snprintf(name, sizeof name, "%s, %u domains: memory (PSS)", how, domains);
	if (isfinite(r->memory_mib))
		ledger_add(l, platform->name, name, "MiB", r->memory_mib);
	else
		ledger_remark(l, platform->name, name, "not measured: the platform does not tell");
}

/* Doubles until it does not fit. *ret: the most that did; 0: none. *ret_memory: of that. */
static bool climb(bool is_one_server, const struct life_options *o, const struct platform *platform,
	const struct consolidation_plan *plan, struct ledger *l, struct outcome *ret_first,
	struct outcome *ret_last, unsigned *ret, struct error *e)
{
	const char *how = is_one_server ? "one server for all" : "a server for each";
	char step[64];

	*ret = 0;
	for (unsigned domains = 1; domains <= plan->domains_max; domains *= 2) {
		struct outcome r = { .fits = false };

		(void)snprintf(step, sizeof step, "%s, %u domains", how, domains);
		if (o->on_step != NULL)
			o->on_step(o->context, platform->name, step);
		if (!arrangement_run(is_one_server ? 1 : domains, is_one_server ? domains : 1, o,
			    platform, plan, &r, e))
			return false;
		outcome_note(l, platform, how, domains, &r);
		if (domains == 1)
			*ret_first = r;
		if (!r.fits)
			return true;
		*ret_last = r;
		*ret = domains;
	}
	return true;
}

static void fit_note(struct ledger *l, const struct platform *platform, const char *how,
	unsigned fit, const struct consolidation_plan *plan)
{
	char name[LEDGER_TEXT_BYTES];

	(void)snprintf(name, sizeof name, "%s: domains that fit", how);
	ledger_add(l, platform->name, name, "", fit);
	ledger_remark(l, platform->name, name,
		"%s%.3g mails/s each, 95 of 100 within %.0f ms, none failed, at most %.0f MiB",
		fit == plan->domains_max || fit * 2 > plan->domains_max ? "at least; " : "",
		plan->rate_per_s, plan->p95_most_ms, plan->memory_most_mib);
}

/* What one more domain takes, from 1 to the most that fitted. */
static double slope_mib(const struct outcome *first, const struct outcome *last, unsigned fit)
{
	return fit > 1 ? (last->memory_mib - first->memory_mib) / (fit - 1) : (double)NAN;
}

bool consolidation_run(const struct life_options *o, const struct platform *platform,
	const struct consolidation_plan *plan, struct ledger *l, struct error *e)
{
	struct outcome first[2] = { 0 }, last[2] = { 0 };
	unsigned fit[2];
	static const char *const hows[] = { "one server for all", "a server for each" };

	invariant(plan->domains_max >= 1 && plan->domains_max <= CONSOLIDATION_DOMAINS_MAX);
	for (unsigned i = 0; i < 2; i++) {
		if (!climb(i == 0, o, platform, plan, l, &first[i], &last[i], &fit[i], e))
			return fail_in(e, "%s", hows[i]);
		fit_note(l, platform, hows[i], fit[i], plan);
		double slope = slope_mib(&first[i], &last[i], fit[i]);
		char name[LEDGER_TEXT_BYTES];

		(void)snprintf(name, sizeof name, "%s: memory for one more domain", hows[i]);
		if (isfinite(slope))
			ledger_add(l, platform->name, name, "MiB", slope);
	}
	double one = slope_mib(&first[0], &last[0], fit[0]);
	double each = slope_mib(&first[1], &last[1], fit[1]);

	if (isfinite(one) && isfinite(each)) {
		ledger_add(l, platform->name,
			"less hardware: memory spared by each domain in one server", "MiB",
			each - one);
		ledger_verdict(l, platform->name,
			"less hardware: memory spared by each domain in one server",
			each > one ? "holds" : "does not hold");
	}
	return true;
}
