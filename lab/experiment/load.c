/* SPDX-License-Identifier: MIT */
#include "lab/experiment/load.h"

#include <string.h>

const struct run_rules run_rules_default = {
	.quiet_ms = 1000, .steal_percent = 2, .canary_mad = 3, .reruns = 1
};

/* One table for reading, checking and printing. */
/* clang-format off */
static const struct {
	const char *name;
	size_t at;
	unsigned least, most;
} load_numbers[] = {
	{ "concurrency", offsetof(struct load_model, concurrency), 1, LOAD_CONCURRENCY_MAX },
	{ "think_us", offsetof(struct load_model, think_us), 0, 60000000 },
	{ "rate", offsetof(struct load_model, rate), 1, LOAD_RATE_MAX },
	{ "step_s", offsetof(struct load_model, step_s), 1, 3600 },
	{ "in_flight", offsetof(struct load_model, in_flight), 1, LOAD_CONCURRENCY_MAX },
	{ "session_mails", offsetof(struct load_model, session_mails), 1, 1000 },
	{ "burst_mails", offsetof(struct load_model, burst_mails), 2, 10000 },
	{ "idle_connections", offsetof(struct load_model, idle_connections), 0, LOAD_IDLE_MAX },
	{ "slo_ms", offsetof(struct load_model, slo_ms), 1, 600000 },
}, rules_numbers[] = {
	{ "quiet_ms", offsetof(struct run_rules, quiet_ms), 0, 600000 },
	{ "steal_percent", offsetof(struct run_rules, steal_percent), 0, 100 },
	{ "canary_mad", offsetof(struct run_rules, canary_mad), 0, 1000 },
	{ "reruns", offsetof(struct run_rules, reruns), 0, 10 },
	{ "precision_permille", offsetof(struct run_rules, precision_permille), 0, 1000 },
};
/* clang-format on */

_Static_assert(COUNT(load_numbers) + 4 == LOAD_OPTION_COUNT, "model, receive, rates, end");
_Static_assert(COUNT(rules_numbers) + 1 == RULES_OPTION_COUNT, "end");

static const unsigned *number_in(const void *base, size_t at)
{
	return (const void *)((const char *)base + at);
}

void load_options(char *no_rates, cfg_opt_t ret[LOAD_OPTION_COUNT])
{
	const cfg_opt_t words[] = { CFG_STR("model", "closed", CFGF_NONE),
		CFG_STR("receive", "pop3", CFGF_NONE), CFG_INT_LIST("rates", no_rates, CFGF_NONE),
		CFG_END() };

	for (size_t i = 0; i < COUNT(load_numbers); i++) {
		const cfg_opt_t one = CFG_INT(load_numbers[i].name,
			(long)*number_in(&load_default, load_numbers[i].at), CFGF_NONE);

		memcpy(&ret[i], &one, sizeof one);
	}
	memcpy(&ret[COUNT(load_numbers)], words, sizeof words);
}

void rules_options(cfg_opt_t ret[RULES_OPTION_COUNT])
{
	const cfg_opt_t end = CFG_END();

	for (size_t i = 0; i < COUNT(rules_numbers); i++) {
		const cfg_opt_t one = CFG_INT(rules_numbers[i].name,
			(long)*number_in(&run_rules_default, rules_numbers[i].at), CFGF_NONE);

		memcpy(&ret[i], &one, sizeof one);
	}
	memcpy(&ret[COUNT(rules_numbers)], &end, sizeof end);
}

static bool number_take(
	cfg_t *cfg, const char *section, const char *name, unsigned *ret, struct error *e)
{
	long value = cfg_getint(cfg, name);

	if (value < 0 || value > INT32_MAX)
		return fail(e, FAULT_NEVER, "%s: %s = %ld: out of range", section, name, value);
	*ret = (unsigned)value;
	return true;
}

static bool rates_take(cfg_t *cfg, struct load_model *ret, struct error *e)
{
	ret->rate_count = cfg_size(cfg, "rates");
	if (ret->rate_count > LOAD_STEPS_MAX)
		return fail(e, FAULT_NEVER, "load: at most %d rates", LOAD_STEPS_MAX);
	for (unsigned i = 0; i < ret->rate_count; i++) {
		long rate = cfg_getnint(cfg, "rates", i);

		if (rate < 1 || rate > LOAD_RATE_MAX)
			return fail(e, FAULT_NEVER, "load: rates: %ld is none from 1 to %d", rate,
				LOAD_RATE_MAX);
		ret->rates[i] = (unsigned)rate;
	}
	return true;
}

bool load_take(cfg_t *cfg, struct load_model *ret, struct error *e)
{
	cfg_t *section = cfg_size(cfg, "load") > 0 ? cfg_getnsec(cfg, "load", 0) : NULL;

	*ret = load_default;
	if (section == NULL)
		return true;
	const char *model = cfg_getstr(section, "model"), *receive = cfg_getstr(section, "receive");
	if (!load_kind_find(slice_of(model), &ret->kind))
		return fail(e, FAULT_NEVER,
			"load: model '%.40s' is none of closed, open, partly-open, bursty, "
			"overload, sweep",
			model);
	if (!receive_kind_find(slice_of(receive), &ret->receive))
		return fail(e, FAULT_NEVER, "load: receive '%.40s' is none of pop3, idle, log",
			receive);
	for (size_t i = 0; i < COUNT(load_numbers); i++) {
		unsigned *number = (void *)((char *)ret + load_numbers[i].at);

		if (!number_take(section, "load", load_numbers[i].name, number, e))
			return false;
	}
	return rates_take(section, ret, e);
}

bool rules_take(cfg_t *cfg, struct run_rules *ret, struct error *e)
{
	cfg_t *section = cfg_size(cfg, "rules") > 0 ? cfg_getnsec(cfg, "rules", 0) : NULL;

	*ret = run_rules_default;
	for (size_t i = 0; section != NULL && i < COUNT(rules_numbers); i++) {
		unsigned *number = (void *)((char *)ret + rules_numbers[i].at);

		if (!number_take(section, "rules", rules_numbers[i].name, number, e))
			return false;
	}
	return true;
}

static bool in_range(const char *section, const char *name, unsigned value, unsigned least,
	unsigned most, struct error *e)
{
	return (value >= least && value <= most) ||
	       fail(e, FAULT_NEVER, "%s: %s = %u: must be %u to %u", section, name, value, least,
		       most);
}

bool load_check(const struct load_model *m, struct error *e)
{
	for (size_t i = 0; i < COUNT(load_numbers); i++) {
		if (!in_range("load", load_numbers[i].name, *number_in(m, load_numbers[i].at),
			    load_numbers[i].least, load_numbers[i].most, e))
			return false;
	}
	if ((m->kind == LOAD_SWEEP) != (m->rate_count > 0))
		return fail(
			e, FAULT_NEVER, "load: 'rates' belong to model sweep, which needs them");
	for (unsigned i = 1; i < m->rate_count; i++) {
		if (m->rates[i] <= m->rates[i - 1])
			return fail(e, FAULT_NEVER, "load: rates must grow from left to right");
	}
	if (m->receive == RECEIVE_LOG && (m->kind != LOAD_CLOSED || m->concurrency != 1))
		return fail(e, FAULT_NEVER,
			"load: receive = log needs model closed with one sender: a log does not "
			"say which "
			"mail it means");
	return true;
}

bool rules_check(const struct run_rules *r, struct error *e)
{
	for (size_t i = 0; i < COUNT(rules_numbers); i++) {
		if (!in_range("rules", rules_numbers[i].name, *number_in(r, rules_numbers[i].at),
			    rules_numbers[i].least, rules_numbers[i].most, e))
			return false;
	}
	return true;
}

static bool rates_print(const struct load_model *m, struct buf *to)
{
	bool is_good = m->rate_count == 0 || buf_add(to, S("\trates = {"));

	for (unsigned i = 0; i < m->rate_count && is_good; i++)
		is_good = buf_add_format(to, "%s%u", i > 0 ? ", " : " ", m->rates[i]);
	return is_good && (m->rate_count == 0 || buf_add(to, S(" }\n")));
}

bool load_print(const struct load_model *m, struct buf *to)
{
	if (memcmp(m, &load_default, sizeof *m) == 0)
		return true;
	if (!buf_add_format(to, "load {\n\tmodel = %s\n\treceive = %s\n", load_kind_name(m->kind),
		    receive_kind_name(m->receive)))
		return false;
	for (size_t i = 0; i < COUNT(load_numbers); i++) {
		if (!buf_add_format(to, "\t%s = %u\n", load_numbers[i].name,
			    *number_in(m, load_numbers[i].at)))
			return false;
	}
	return rates_print(m, to) && buf_add(to, S("}\n"));
}

bool rules_print(const struct run_rules *r, struct buf *to)
{
	if (memcmp(r, &run_rules_default, sizeof *r) == 0)
		return true;
	bool is_good = buf_add(to, S("rules {\n"));

	for (size_t i = 0; i < COUNT(rules_numbers) && is_good; i++) {
		/* Rules of before there was this one keep their text, and so their hash. */
		if (rules_numbers[i].at == offsetof(struct run_rules, precision_permille) &&
			r->precision_permille == 0)
			continue;
		is_good = buf_add_format(to, "\t%s = %u\n", rules_numbers[i].name,
			*number_in(r, rules_numbers[i].at));
	}
	return is_good && buf_add(to, S("}\n"));
}
