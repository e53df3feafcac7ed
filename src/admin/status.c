/* SPDX-License-Identifier: MIT */
#include "admin/request.h"
#include "mail/directory.h"
#include "mail/timeline.h"

#include <string.h>

enum { FACTS_MAX = 64, METRICS_BYTES_MAX = 64 << 10 };

static void add_number(
	void *context, const char *group, const char *name, uint64_t value, bool is_total)
{
	json_t *groups = context, *members = json_object_get(groups, group);

	(void)is_total;
	if (members == NULL) {
		members = json_object();
		(void)json_object_set_new(groups, group, members);
	}
	(void)json_object_set_new(members, name, json_integer((json_int_t)value));
}

/* Who gets mail for <postmaster> (RFC 5321 4.5.1): the first of them; empty: nobody. */
static json_t *postmaster_write(struct request *r)
{
	struct error e = { .fault = FAULT_NONE };
	struct targets found = { .count = 0 };
	enum resolve answer;

	if (!directory_resolve(
		    r->options->mail->directory, S("postmaster"), &r->arena, &answer, &found, &e) ||
		answer != RESOLVE_OK)
		return json_string("");
	return json_slice(found.at[0].address);
}

void route_status(struct request *r, struct answer *a)
{
	struct admin_fact facts[FACTS_MAX];
	size_t count = r->options->facts(r->options->context, facts, COUNT(facts));
	json_t *status = json_object(), *listeners = json_array(), *numbers = json_object();

	for (size_t i = 0; i < count; i++) {
		const struct admin_fact *fact = &facts[i];

		if (fact->is_listener)
			(void)json_array_append_new(
				listeners, json_pack("{s:s, s:o}", "name", fact->name, "address",
						   json_slice(fact->text)));
		else
			(void)json_object_set_new(status, fact->name,
				fact->text.at != NULL ? json_slice(fact->text)
						      : json_integer((json_int_t)fact->number));
	}
	r->options->numbers(r->options->context, add_number, numbers);
	(void)json_object_set_new(status, "postmaster", postmaster_write(r));
	(void)json_object_set_new(status, "listeners", listeners);
	(void)json_object_set_new(status, "numbers", numbers);
	answer_json(a, ANSWER_OK, status);
}

/* The Prometheus text format: names of [a-z_], "_total" for what only grows. */
static void add_metric(
	void *context, const char *group, const char *name, uint64_t value, bool is_total)
{
	struct buf *out = context;
	const char *suffix = is_total ? "_total" : "";

	if (!buf_add_format(out, "# TYPE mailvisor_%s_%s%s %s\nmailvisor_%s_%s%s %llu\n", group,
		    name, suffix, is_total ? "counter" : "gauge", group, name, suffix,
		    (unsigned long long)value))
		return; /* 64 KiB hold ten times our numbers */
}

void route_metrics(struct request *r, struct answer *a)
{
	a->status = ANSWER_OK;
	a->text.max = METRICS_BYTES_MAX;
	r->options->numbers(r->options->context, add_metric, &a->text);
}

static json_t *stage_write(const struct timeline_stage *s)
{
	char room[CLOCK_TEXT_BYTES];

	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "stage", stage_name(s->stage), "time",
		clock_text(s->wall_ns, room), "wall_ns", (json_int_t)s->wall_ns, "mono_ns",
		(json_int_t)s->mono_ns, "bytes", (json_int_t)s->bytes, "note", json_slice(s->note));
}

static json_t *trace_write(const struct trace *trace)
{
	json_t *stages = json_array();
	char room[ID_TEXT_BYTES + 1];

	for (size_t i = 0; i < trace->stage_count; i++)
		(void)json_array_append_new(stages, stage_write(&trace->stages[i]));
	return json_pack(
		"{s:o, s:o}", "id", json_slice(id_text(trace->id, room)), "stages", stages);
}

void route_trace(struct request *r, struct answer *a)
{
	const char *what = r->query(r->http, "what");
	struct error e = { .fault = FAULT_NONE };
	struct trace *found;
	size_t count;

	if (what == NULL || what[0] == '\0') {
		answer_problem(a, ANSWER_BAD_REQUEST, "say what: a Message-ID, an address or an id",
			S("what"));
		return;
	}
	if (!timelines_find(r->options->mail->timelines, slice_of(what), LIMIT_ADMIN_TRACES,
		    &r->arena, &found, &count, &e)) {
		answer_failure(a, &e);
		return;
	}
	json_t *traces = json_array();
	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(traces, trace_write(&found[i]));
	answer_json(a, ANSWER_OK, json_pack("{s:o}", "traces", traces));
}
