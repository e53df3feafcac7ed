/* SPDX-License-Identifier: MIT */
/* Where this was measured, and how to do it again. */
#include "lab/report/outputs.h"

#include "lab/report/words.h"

#include <inttypes.h>
#include <stdlib.h>

enum { FACT_DEPTH = 4 }; /* deeper facts are printed as they are */

static bool key_add(struct buf *to, const char *key)
{
	bool is_good = true;

	for (; *key != '\0' && is_good; key++)
		is_good = buf_add_byte(to, *key == '_' ? ' ' : *key);
	return is_good;
}

static bool fact_add(struct buf *to, const json_t *value, unsigned depth);

static bool list_add(struct buf *to, const json_t *list, unsigned depth)
{
	bool is_good = true;

	for (size_t i = 0; i < json_array_size(list) && is_good; i++)
		is_good = (i == 0 || buf_add_byte(to, ' ')) &&
			  fact_add(to, json_array_get(list, i), depth - 1);
	return is_good;
}

static bool object_add(struct buf *to, const json_t *object, unsigned depth)
{
	const char *key;
	const json_t *member;
	json_t *walked = json_deep_copy(object); /* the iterator wants a mutable one */
	size_t count = 0;
	bool is_good = true;

	json_object_foreach(walked, key, member)
	{
		is_good = is_good && (count++ == 0 || buf_add(to, S(", "))) && key_add(to, key) &&
			  buf_add_byte(to, ' ') && fact_add(to, member, depth - 1);
	}
	json_decref(walked);
	return is_good;
}

/* A fact as text: lists are joined by spaces, objects by commas. */
static bool fact_add(struct buf *to, const json_t *value, unsigned depth)
{
	if (json_is_string(value))
		return buf_add(to, slice_of(json_string_value(value)));
	if (json_is_array(value) && depth > 0)
		return list_add(to, value, depth);
	if (json_is_object(value) && depth > 0)
		return object_add(to, value, depth);
	auto_free char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
	return text != NULL && buf_add(to, slice_of(text));
}

static void facts(struct doc *d, const json_t *object)
{
	const char *key;
	const json_t *value;
	json_t *walked = json_deep_copy(object);

	doc_facts_begin(d);
	json_object_foreach(walked, key, value)
	{
		auto_buf name = { .max = 256 }, text = { .max = 64 << 10 };

		/* Too long for a page of facts: what fits of it. */
		(void)!(key_add(&name, key) && buf_add_byte(&name, '\0') &&
			fact_add(&text, value, FACT_DEPTH));
		doc_fact(d, json_is_array(value) || text.len > 60, name.at == NULL ? "" : name.at,
			buf_slice(&text));
	}
	doc_facts_end(d);
	json_decref(walked);
}

/* What the first measured trial of a platform really had. */
static const json_t *trial_facts(const struct summary *s, unsigned cell)
{
	for (size_t i = 0; i < s->trial_count; i++) {
		if (s->trials[i].cell == cell && s->trials[i].record.is_measured)
			return s->trials[i].record.facts;
	}
	return NULL;
}

void part_host(struct doc *d, const json_t *environment)
{
	doc_section(d, "Where this was measured");
	doc_part(d, "This machine");
	facts(d, json_object_get(environment, "host"));
}

void part_where(struct doc *d, const struct summary *s, const json_t *environment)
{
	const json_t *about_all = json_object_get(environment, "platforms");

	part_host(d, environment);
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const json_t *about = json_object_get(about_all, s->plan.x.cells[i].label);
		const json_t *had = trial_facts(s, i);

		if (!summary_is_compared(&s->cells[i]))
			continue;
		doc_part(d, words_title(s, i));
		if (json_object_size(about) > 0)
			facts(d, about);
		if (json_object_size(had) > 0)
			facts(d, had);
	}
}

void part_again(struct doc *d, const struct summary *s)
{
	doc_section(d, "Again, elsewhere");
	doc_text(d, "The order of all trials and every mail’s body follow from the seed. "
		    "`mailvisor-lab report` on the "
		    "folder of raw samples makes this page and its tables again, byte for byte; "
		    "`mailvisor-lab "
		    "compare` puts two such folders side by side.");
	doc_code(d,
		"mailvisor-lab run experiment.conf --out DIRECTORY\n\nexperiment     %s\nsha256    "
		"     "
		"%s\nseed           %" PRIu64 "\nplanned        %s\nmailvisor-lab  %s",
		s->plan.x.name, s->plan.hash, s->plan.x.seed, s->plan.created, s->plan.tool);
}
