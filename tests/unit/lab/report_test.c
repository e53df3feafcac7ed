/* SPDX-License-Identifier: MIT */
/* The report's parts without files: tables in three forms, text in two, records' costs, the rules of claims. */
#include "check.h"
#include "lab/report/claims.h"
#include "lab/report/costs.h"
#include "lab/report/doc.h"
#include "lab/report/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool page_is(struct page *p, const char *want)
{
	bool is_same = !p->is_broken && slice_same(buf_slice(&p->text), slice_of(want));

	if (!is_same)
		(void)fprintf(stderr, "is <%.*s>\n", S_FMT(buf_slice(&p->text)));
	buf_done(&p->text);
	*p = (struct page){ .is_broken = false };
	return is_same;
}

static bool page_has(const struct page *p, const char *words)
{
	return memmem(p->text.at, p->text.len, words, strlen(words)) != NULL;
}

/* What users name their platforms cannot break a table, whatever the form. */
static void test_sheet(void **state)
{
	auto_sheet t = { .columns = 0 };
	struct page p = { .is_broken = false };

	(void)state;
	sheet_begin(&t, "name", "a <b> | c");
	sheet_heads(&t, "who\thow \"much\"");
	sheet_group(&t, "1 %s", "KB");
	sheet_row(&t, "best");
	sheet_cell(&t, "a|b<%s>", "x\x1ey");
	sheet_cell(&t, "%d", 7);
	sheet_small(&t, "6 – 8");
	sheet_row(&t, "missing");
	sheet_cell(&t, "c");
	sheet_rest(&t, "not measured");
	sheet_markdown(&t, &p);
	check(page_is(&p,
		"a &lt;b&gt; \\| c\n\n| who | how &quot;much&quot; |\n|---|---:|\n| **1 KB** | |\n"
		"| a\\|b&lt;x y&gt; | 7 (6 – 8) |\n| c | not measured |\n\n"));
	sheet_csv(&t, &p);
	check(page_is(&p,
		"\"group\",\"who\",\"how \"\"much\"\"\"\r\n\"1 KB\",\"a|b<x y>\",\"7 (6 – 8)\"\r\n"
		"\"1 KB\",\"c\",\"not measured\"\r\n"));
	sheet_html(&t, &p);
	check(page_has(&p, "<p class=\"caption\">a &lt;b&gt; | c</p>\n"));
	check(page_has(&p, "<tr class=\"best\"><th scope=\"row\">a|b&lt;x y&gt;</th><td>7<small>6 "
			   "– 8</small></td></tr>"));
	check(page_has(&p, "<th scope=\"rowgroup\" colspan=\"2\">1 KB</th>"));
	check(page_has(&p, "<td colspan=\"1\">not measured</td></tr>\n</tbody></table></div>\n"));
	buf_done(&p.text);
}

static void test_empty_sheet_is_nothing(void **state)
{
	auto_sheet t = { .columns = 0 };
	struct page p = { .is_broken = false };

	(void)state;
	sheet_begin(&t, "name", "caption");
	sheet_heads(&t, "who");
	sheet_group(&t, "nobody");
	sheet_html(&t, &p);
	sheet_markdown(&t, &p);
	check(p.text.len == 0);
}

static void test_doc(void **state)
{
	static const struct figures none;
	static const struct {
		bool is_markdown;
		const char *want;
	} rows[] = {
		{ true, "## S\n\n**a** `b` &lt;c&gt;\n\n- one\n- two\n\nlast\n\n```\nx < "
			"y\n```\n\n" },
		{ false, "<section>\n<h2>S</h2>\n<p><b>a</b> <code>b</code> &lt;c&gt;</p>\n"
			 "<ul class=\"sentences\">\n<li class=\"sure\">one</li>\n<li "
			 "class=\"open\">two</li>\n"
			 "</ul>\n<p>last</p>\n<pre>x &lt; y</pre>\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct doc d = { .is_markdown = rows[i].is_markdown, .figures = &none };

		doc_section(&d, "S");
		doc_text(&d, "**a** `b` %s", "<c>");
		doc_item(&d, "sure", "one");
		doc_item(&d, "open", "two");
		doc_figure(&d, "nowhere");
		doc_text(&d, "last");
		doc_code(&d, "x < y");
		check_row(page_is(&d.out, rows[i].want), i);
	}
}

/* One trial's record, and what two of them come to. */
static void test_costs(void **state)
{
	static const char text[] =
		"{\"cpu_ms_per_mail\": 2.5, \"flushes_per_mail\": null, \"exits_per_mail\": "
		"\"many\","
		" \"stages\": [{\"name\": \"look\", \"by\": \"client\", \"ms\": 9, \"n\": 5},"
		" {\"name\": \"commit\", \"by\": \"server\", \"in\": \"accept\", \"ms\": 0.5, "
		"\"n\": 5}, 7],"
		" \"load\": {\"knee\": 50, \"steps\": [{\"rate\": null}, {\"rate\": 50, "
		"\"sent\": 298, \"p50_ms\": 4, \"p99_ms\": 9,"
		" \"meets_slo\": true}]}}";
	struct costs one, two, both;
	const struct costs *trials[] = { &one, &two };
	json_t *doc = json_loads(text, 0, NULL);

	(void)state;
	costs_read(doc, &one);
	json_decref(doc);
	check(one.stages.count == 1 && fabs(cost_find(&one.stages, "commit")->value - 0.5) < 1e-12);
	check(one.mail.count == 1 && fabs(cost_find(&one.mail, "CPU, ms")->value - 2.5) < 1e-12);
	check(one.step_count == 1 && one.steps[0].meets && fabs(one.knee - 50) < 1e-12);
	/* 298 mails carry no p99. */
	check(isnan(one.steps[0].p99));
	two = one;
	two.stages.items[0].value = 1.5;
	two.steps[0].meets = false;
	two.knee = 100;
	costs_join(trials, 2, &both);
	check(fabs(cost_find(&both.stages, "commit")->value - 1) < 1e-12);
	check(fabs(cost_find(&both.stages, "commit")->n - 10) < 1e-12);
	check(both.step_count == 1 && !both.steps[0].meets && fabs(both.steps[0].p50 - 4) < 1e-12);
	check(fabs(both.knee - 50) < 1e-12 && cost_find(&both.mail, "VM exits") == NULL);
	costs_read(NULL, &one);
	check(one.stages.count == 0 && one.mail.count == 0 && one.step_count == 0);
}

/* "About 40 %", ten points: where supported ends and contradicted begins. */
static void test_claim_about(void **state)
{
	static const struct {
		double estimate, low, high;
		bool is_proven;
		enum claim_verdict want;
	} rows[] = {
		{ 40, 35, 45, true, CLAIM_SUPPORTED },
		{ 31, 25, 38, true, CLAIM_SUPPORTED },
		{ 40, 35, 45, false, CLAIM_INCONCLUSIVE },
		{ 29, 25, 33, true, CLAIM_INCONCLUSIVE }, /* the estimate is not what was claimed */
		{ 40, 19, 55, true, CLAIM_INCONCLUSIVE }, /* too wide to be about anything */
		{ 20, 10, 29.9, true, CLAIM_CONTRADICTED },
		{ 60, 50.1, 70, true, CLAIM_CONTRADICTED },
		{ -40, -50, -30, true, CLAIM_CONTRADICTED }, /* the other way round */
		{ 40, (double)NAN, (double)NAN, false, CLAIM_INCONCLUSIVE },
		{ (double)NAN, 0, 0, false, CLAIM_NOT_MEASURED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(claim_about(rows[i].estimate,
				  (struct interval){ rows[i].low, rows[i].high }, rows[i].is_proven,
				  40, 10) == rows[i].want,
			i);
}

/* Three platforms at one size, as a summary: the kinds of claims that compare. */
static struct summary *summary_of(double kvm_vbox, double kvm_vmware, double vmware_vbox)
{
	static const char *const labels[] = { "kvm", "vmware", "virtualbox" };
	const struct {
		unsigned a, b;
		double ratio;
	} pairs[] = { { 0, 1, kvm_vmware }, { 0, 2, kvm_vbox }, { 1, 2, vmware_vbox } };
	struct summary *s = calloc(1, sizeof *s);

	check(s != NULL);
	s->plan.x.cell_count = COUNT(labels);
	s->plan.x.size_count = 1;
	s->plan.x.sizes[0] = 1024;
	for (unsigned i = 0; i < COUNT(labels); i++) {
		(void)snprintf(s->plan.x.cells[i].label, LABEL_BYTES, "%s", labels[i]);
		s->cells[i].cell = &s->plan.x.cells[i];
		s->cells[i].is_measured = true;
	}
	s->pairs = calloc(COUNT(pairs), sizeof *s->pairs);
	check(s->pairs != NULL);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		double r = pairs[i].ratio;

		s->pairs[s->pair_count++] = (struct summary_pair){ .a = pairs[i].a,
			.b = pairs[i].b,
			.comparison = { .blocks = 12,
				.ratio = r,
				.ratio_ci = { r * 0.98, r * 1.02 },
				.ratio_ci90 = { r * 0.985, r * 1.015 },
				.p_holm = fabs(r - 1) > 0.02 ? 0.001 : 0.8,
				.verdict = r < 1 ? VERDICT_BETTER : VERDICT_WORSE } };
	}
	return s;
}

static void test_claims(void **state)
{
	static const struct claim claims[] = {
		{ "L", "", CLAIM_LESS, "kvm", "virtualbox", 1024, 0, 40, 10 },
		{ "C", "", CLAIM_CLOSE, "vmware", "virtualbox", 1024, 0, 0, 10 },
		{ "B", "", CLAIM_BEST, "kvm", "virtualbox, vmware", 0, 0, 0, 0 },
	};
	static const struct {
		double kvm_vbox, kvm_vmware, vmware_vbox;
		enum claim_verdict less, close, best;
	} rows[] = {
		{ 0.6, 0.65, 0.95, CLAIM_SUPPORTED, CLAIM_SUPPORTED, CLAIM_SUPPORTED },
		{ 0.9, 0.99, 0.80, CLAIM_CONTRADICTED, CLAIM_CONTRADICTED, CLAIM_INCONCLUSIVE },
		{ 1.4, 1.3, 1.05, CLAIM_CONTRADICTED, CLAIM_CONTRADICTED, CLAIM_CONTRADICTED },
		{ 0.55, 0.6, 0.99, CLAIM_SUPPORTED, CLAIM_INCONCLUSIVE, CLAIM_SUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct summary *s =
			summary_of(rows[i].kvm_vbox, rows[i].kvm_vmware, rows[i].vmware_vbox);

		memcpy(s->plan.x.claims, claims, sizeof claims);
		s->plan.x.claim_count = COUNT(claims);
		claims_judge(s);
		check_row(s->claims[0].verdict == rows[i].less, i);
		check_row(s->claims[1].verdict == rows[i].close, i);
		check_row(s->claims[2].verdict == rows[i].best, i);
		check_row(s->claims[0].says[0] != '\0', i);
		/* Without the rival no claim can be judged: nothing stands in for it. */
		s->cells[2].is_measured = false;
		claims_judge(s);
		check_row(s->claims[0].verdict == CLAIM_NOT_MEASURED, i);
		check_row(strstr(s->claims[0].says, "VirtualBox") != NULL, i);
		summary_done(s);
		free(s);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = { { 3, "3" }, { -0.25, "−0.250" }, { 1234.5, "1234" }, { 15.04, "15.0" },
		{ 2.345, "2.35" } };
	char room[WORDS_NUMBER_BYTES], range[WORDS_RANGE_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(strcmp(words_number(rows[i].value, room), rows[i].text) == 0, i);
	check(strcmp(words_range(1, 2, words_number, range), "1 – 2") == 0);
	check(strcmp(words_range((double)NAN, 2, words_number, range), "–") == 0);
	check(strcmp(words_change(0.9, room), "−10 %") == 0 &&
		strcmp(words_change(1.1, room), "+10 %") == 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sheet),
		cmocka_unit_test(test_empty_sheet_is_nothing),
		cmocka_unit_test(test_doc),
		cmocka_unit_test(test_costs),
		cmocka_unit_test(test_claim_about),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
