/* SPDX-License-Identifier: MIT */
#include "check.h"
#include "lab/report/page.h"
#include "lab/report/words.h"

#include <math.h>
#include <string.h>

static void test_numbers(void **state)
{
	static const struct {
		double ms;
		const char *text;
	} rows[] = { { 0.5, "0.50" }, { 9.994, "9.99" }, { 12.34, "12.3" }, { 123.4, "123" } };
	char room[WORDS_NUMBER_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(strcmp(words_ms(rows[i].ms, room), rows[i].text) == 0, i);
	check(strcmp(words_ms((double)INFINITY, room), "never") == 0);
	check(strcmp(words_ms((double)NAN, room), "–") == 0);
	check(strcmp(words_size(1024, room), "1 KB") == 0 &&
		strcmp(words_size(1 << 20, room), "1 MB") == 0);
	check(strcmp(words_size(1500, room), "1500 octets") == 0);
	check(strcmp(words_p(0.0004, room), "< 0.001") == 0 &&
		strcmp(words_p(0.0234, room), "0.023") == 0);
}

static struct summary *summary_of(double ratio, enum verdict verdict)
{
	struct summary *s = calloc(1, sizeof *s);

	check(s != NULL);
	s->plan.x = (struct experiment){ .cell_count = 2,
		.size_count = 1,
		.sizes = { 1024 },
		.cells = { { .label = "kvm" }, { .label = "virtualbox" } } };
	s->pairs = calloc(1, sizeof *s->pairs);
	check(s->pairs != NULL);
	s->pairs[0] = (struct summary_pair){ .a = 0,
		.b = 1,
		.comparison = { .blocks = 12,
			.ratio = ratio,
			.ratio_ci = { ratio * 0.94, ratio * 1.08 },
			.p_holm = 0.004,
			.verdict = verdict,
			.blocks_needed = 30 } };
	s->pair_count = 1;
	return s;
}

/* The definition of a percent sentence, both ways round. */
static void test_sentences(void **state)
{
	static const struct {
		double ratio;
		enum verdict verdict;
		const char *says, *ends;
	} rows[] = {
		{ 0.62, VERDICT_BETTER,
			"QEMU/KVM delivers 1 KB mail in 38 % less time than VirtualBox (95 % CI "
			"33..42 %, 1.61 times as fast, 12 blocks, p_Holm 0.004)",
			": better." },
		{ 1 / 0.62, VERDICT_WORSE,
			"VirtualBox delivers 1 KB mail in 38 % less time than QEMU/KVM",
			": better." },
		{ 0.98, VERDICT_EQUIVALENT, "in 2.0 % less time", ": equivalent." },
		{ 0.9, VERDICT_INCONCLUSIVE, "in 10 % less time", "would need about 30 blocks." },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct summary *s = summary_of(rows[i].ratio, rows[i].verdict);
		auto_buf text = { .max = 4096 };

		check_row(words_pair(s, &s->pairs[0], &text) && buf_add_byte(&text, '\0'), i);
		check_row(strstr(text.at, rows[i].says) != NULL, i);
		check_row(strstr(text.at, rows[i].ends) != NULL, i);
		summary_done(s);
		free(s);
	}
}

static void test_pages(void **state)
{
	struct page p = { .is_broken = false };

	(void)state;
	put_text(&p, S("<a href=\"x\">&</a>"));
	put(&p, "%d", 7);
	put_csv(&p, "a\"b");
	put_real(&p, (double)INFINITY);
	put_real(&p, (double)NAN);
	check(slice_same(buf_slice(&p.text),
		S("&lt;a href=&quot;x&quot;&gt;&amp;&lt;/a&gt;7\"a\"\"b\",inf,")));
	buf_done(&p.text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
