/* SPDX-License-Identifier: MIT */
#include "lab/report/outputs.h"

#include "lab/report/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { FACT_DEPTH = 4 }; /* deeper facts are printed as they are */

/* What the study claimed; the lab re-tests what it can. */
static const struct {
	const char *id, *text, *fast, *slow;
	uint32_t size_bytes;
} claims[] = {
	{ "C1", "1 KB: KVM about 40 % better than VirtualBox", "kvm", "virtualbox", 1 << 10 },
	{ "C2", "1 KB: VMware about 25 % better than VirtualBox", "vmware", "virtualbox", 1 << 10 },
	{ "C3", "3 KB: KVM about 40 % better than VirtualBox", "kvm", "virtualbox", 3 << 10 },
	{ "C4", "3 KB: KVM about 40 % better than VMware", "kvm", "vmware", 3 << 10 },
	{ "C5", "VMware rises by 55 ms from 1 to 3 KB", "vmware", "vmware", 3 << 10 },
	{ "C6", "10 KB: KVM about 30 % better than VirtualBox", "kvm", "virtualbox", 10 << 10 },
	{ "C7", "10 KB: KVM about 30 % better than VMware", "kvm", "vmware", 10 << 10 },
	{ "C8", "10 KB: VMware close to VirtualBox, but better", "vmware", "virtualbox", 10 << 10 },
	{ "C9", "KVM best at every size", "kvm", "virtualbox", 1 << 10 },
};

static bool cell_of(const struct summary *s, const char *label, unsigned *ret)
{
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (strcmp(s->plan.x.cells[i].label, label) == 0 && s->cells[i].is_measured) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* Our sentence for a claim's pair, when both platforms were measured at that size. */
static void claim_result(struct page *p, const struct summary *s, size_t claim)
{
	unsigned a = 0, b = 0;
	auto_buf text = { .max = 4096 };

	char ms[WORDS_NUMBER_BYTES];

	if (!cell_of(s, claims[claim].fast, &a) || !cell_of(s, claims[claim].slow, &b)) {
		put(p, "not measured");
		return;
	}
	/* C5 is about one platform: what its second size costs more than its first. */
	if (a == b && s->plan.x.size_count > 1)
		put(p, "%s ms more",
			words_ms(s->cells[a].sizes[1].mean - s->cells[a].sizes[0].mean, ms));
	for (size_t i = 0; i < s->pair_count && a != b; i++) {
		const struct summary_pair *pair = &s->pairs[i];
		bool is_it = (pair->a == a && pair->b == b) || (pair->a == b && pair->b == a);

		if (is_it && s->plan.x.sizes[pair->size] == claims[claim].size_bytes &&
			words_pair(s, pair, &text))
			put_text(p, buf_slice(&text));
	}
	if (text.len == 0 && a != b)
		put(p, "not measured");
}

static void study(struct page *p, const struct summary *s)
{
	put(p, "<section>\n<h2>The study&rsquo;s claims</h2>\n<p>Khaji, Potluri and Kakelli, "
	       "&ldquo;A Performance Analysis "
	       "of Virtual Mail Server on Type-2 Hypervisors&rdquo;, Walailak J. Sci. &amp; Tech. "
	       "18(13), 2021, "
	       "doi&nbsp;10.48048/wjst.2021.9845. KVM here means a guest with hardware "
	       "virtualisation; software "
	       "emulation of the same machine is no stand-in for it.</p>\n<div "
	       "class=\"wide\"><table class=\"dense "
	       "words\"><thead><tr><th>claim</th><th>in the "
	       "study</th><th>here</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < COUNT(claims); i++) {
		put(p, "<tr><th scope=\"row\">%s</th><td>", claims[i].id);
		put_text(p, slice_of(claims[i].text));
		put(p, "</td><td>");
		claim_result(p, s, i);
		put(p, "</td></tr>\n");
	}
	put(p, "</tbody></table></div>\n</section>\n");
}

static void quality_row(struct page *p, const struct summary *s, unsigned cell)
{
	const struct summary_cell *c = &s->cells[cell];
	const uint64_t counts[] = { c->sent, c->delivered, c->refused, c->broken, c->lost,
		c->corrupt, c->duplicated, c->late, c->strange };
	char room[WORDS_NUMBER_BYTES];

	put(p, "<tr><th scope=\"row\">");
	put_text(p, slice_of(words_title(s, cell)));
	put(p, "</th>");
	for (size_t i = 0; i < COUNT(counts); i++)
		put(p, "<td>%" PRIu64 "</td>", counts[i]);
	put(p, "<td>%u</td><td>%s</td></tr>\n", c->failed_trials, words_ms(c->resolution_ms, room));
}

static void noise(struct page *p, const struct summary *s)
{
	char size[WORDS_NUMBER_BYTES], low[WORDS_NUMBER_BYTES], high[WORDS_NUMBER_BYTES];
	char ratio[WORDS_NUMBER_BYTES];

	if (s->noise_count == 0)
		return;
	put(p,
		"<p>%s was measured twice, under two names. The second took, as a multiple of the "
		"first with its 95&nbsp;%% interval: ",
		words_title(s, s->noise[0].b));
	for (size_t i = 0; i < s->noise_count; i++) {
		const struct comparison *c = &s->noise[i].comparison;

		put(p, "%s%s %s (%s to %s)", i > 0 ? ", " : "",
			words_size(s->plan.x.sizes[s->noise[i].size], size),
			words_ratio(c->ratio, ratio), words_ratio(c->ratio_ci.low, low),
			words_ratio(c->ratio_ci.high, high));
	}
	put(p, ". That is noise: a difference between platforms within such an interval means "
	       "nothing.</p>\n");
}

static void delivered_share(struct page *p, const struct summary *s)
{
	uint64_t sent = 0, delivered = 0;

	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		sent += s->cells[i].sent;
		delivered += s->cells[i].delivered;
	}
	struct interval share = stats_proportion(delivered, sent);
	if (sent > 0)
		put(p,
			"<p>Delivered and intact: %" PRIu64 " of %" PRIu64
			"; by Wilson&rsquo;s 95&nbsp;%% interval that stands for %.2f to "
			"%.2f&nbsp;%%.</p>\n",
			delivered, sent, 100 * share.low, 100 * share.high);
}

static void quality(struct page *p, const struct summary *s)
{
	char a[WORDS_NUMBER_BYTES], b[WORDS_NUMBER_BYTES];

	put(p, "<section>\n<h2>Can these numbers be trusted?</h2>\n<p>Every mail carries its run, "
	       "number, size and the "
	       "SHA-256 of its body; sender and receiver are one process with one clock. "
	       "Resolution is the "
	       "largest time between two looks into the mailbox (95 of 100 mails; 0 means the "
	       "first look found "
	       "the mail).</p>\n<div class=\"wide\"><table class=\"dense\"><thead><tr><th "
	       "scope=\"col\">Platform</th>"
	       "<th>sent</th><th>delivered</th><th>refused</th><th>broken</th><th>lost</"
	       "th><th>altered</th>"
	       "<th>doubled</th><th>late</th><th>strange</th><th>failed trials</th><th>resolution, "
	       "ms</th></tr>"
	       "</thead><tbody>\n");
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		if (s->cells[i].is_measured)
			quality_row(p, s, i);
	}
	put(p, "</tbody></table></div>\n");
	delivered_share(p, s);
	noise(p, s);
	put(p,
		"<p>Between becoming due and the connect the instrument needs %s&nbsp;ms (99 of "
		"100 mails); it is not part "
		"of the times. ",
		words_ms(s->instrument_ms, a));
	if (isfinite(s->flush_us))
		put(p,
			"A flush of 4&nbsp;KiB on the disk below takes %.0f&nbsp;&micro;s (median "
			"before the trials). ",
			s->flush_us);
	if (isfinite(s->steal_max))
		put(p,
			"At most %.1f&nbsp;%% of a trial&rsquo;s time was stolen by other "
			"machines. ",
			s->steal_max);
	put(p,
		"The canary &mdash; fixed work before each trial &mdash; took %s times its median "
		"in the slowest "
		"twentieth.</p>\n</section>\n",
		words_ratio(s->spin_spread, b));
}

static void put_key(struct page *p, const char *key)
{
	for (; *key != '\0'; key++)
		put_text(p, *key == '_' ? S(" ") : (struct slice){ key, 1 });
}

/* A fact as text: lists are joined by spaces, objects by commas. */
static void fact_value(struct page *p, const json_t *value, unsigned depth)
{
	if (json_is_string(value)) {
		put_text(p, slice_of(json_string_value(value)));
	} else if (json_is_array(value) && depth > 0) {
		for (size_t i = 0; i < json_array_size(value); i++) {
			put(p, "%s", i > 0 ? " " : "");
			fact_value(p, json_array_get(value, i), depth - 1);
		}
	} else if (json_is_object(value) && depth > 0) {
		const char *key, *between = "";
		const json_t *member;
		json_t *walked = json_deep_copy(value); /* the iterator wants a mutable one */

		json_object_foreach(walked, key, member)
		{
			put(p, "%s", between);
			put_key(p, key);
			put(p, " ");
			fact_value(p, member, depth - 1);
			between = ", ";
		}
		json_decref(walked);
	} else {
		char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));

		put_text(p, slice_of(text));
		memory_free(&text);
	}
}

static void facts(struct page *p, const json_t *object)
{
	const char *key;
	const json_t *value;
	json_t *walked = json_deep_copy(object);

	put(p, "<dl>\n");
	json_object_foreach(walked, key, value)
	{
		put(p, json_is_array(value) ? "<div class=\"long\"><dt>" : "<div><dt>");
		put_key(p, key);
		put(p, "</dt><dd>");
		fact_value(p, value, FACT_DEPTH);
		put(p, "</dd></div>\n");
	}
	put(p, "</dl>\n");
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

static void environment_section(struct page *p, const struct summary *s, const json_t *environment)
{
	const json_t *about_all = json_object_get(environment, "platforms");

	put(p, "<section>\n<h2>Where this was measured</h2>\n<h3>This machine</h3>\n");
	facts(p, json_object_get(environment, "host"));
	for (unsigned i = 0; i < s->plan.x.cell_count; i++) {
		const json_t *about = json_object_get(about_all, s->plan.x.cells[i].label);
		const json_t *had = trial_facts(s, i);

		if (!s->cells[i].is_measured || s->cells[i].cell->is_control)
			continue;
		put(p, "<h3>");
		put_text(p, slice_of(words_title(s, i)));
		put(p, "</h3>\n");
		if (json_object_size(about) > 0)
			facts(p, about);
		if (json_object_size(had) > 0)
			facts(p, had);
	}
	put(p, "</section>\n");
}

static void again(struct page *p, const struct summary *s)
{
	put(p,
		"<section>\n<h2>Again, elsewhere</h2>\n<p>The order of all trials and every "
		"mail&rsquo;s body follow from the "
		"seed. Beside this file lie the raw samples (<code>blocks/</code>, "
		"<code>samples.csv</code>), "
		"<code>results.csv</code>, <code>comparisons.csv</code> and "
		"<code>summary.json</code>; "
		"<code>mailvisor-lab report</code> on this folder makes this page again, byte for "
		"byte.</p>\n<pre>"
		"mailvisor-lab run experiment.conf --out DIRECTORY\n\nexperiment  %s\nsha256      "
		"%s\nseed        "
		"%" PRIu64 "\nplanned     %s\nmailvisor-lab %s</pre>\n</section>\n",
		s->plan.x.name, s->plan.hash, s->plan.x.seed, s->plan.created, s->plan.tool);
}

void html_appendix(struct page *p, const struct summary *s, const json_t *environment)
{
	study(p, s);
	quality(p, s);
	environment_section(p, s, environment);
	again(p, s);
}
