/* SPDX-License-Identifier: MIT */
/* THREAD: RFC 5256's example, the corners of its steps, and random mailboxes against thread_model.c. */
#include "base/buf.h"
#include "check.h"
#include "message/thread.h"
#include "thread_model.h"

#include <stdio.h>
#include <string.h>

struct said {
	struct buf text;
	bool was_number;
};

static void say(void *context, char mark, uint32_t number)
{
	struct said *s = context;

	check(!s->was_number || mark == ')' || buf_add_byte(&s->text, ' '));
	s->was_number = mark == 0;
	check(mark != 0 ? buf_add_byte(&s->text, mark) : buf_add_number(&s->text, number));
}

/* The answer to these messages; the caller frees it. */
static struct buf threaded(enum thread_how how, const struct thread_message *m, size_t count)
{
	struct said s = { .text = { .max = 16 << 20 } };
	struct thread *t = thread_new(how, 12345 + count);

	check(t != NULL);
	for (size_t i = 0; i < count; i++)
		check_row(thread_add(t, &m[i]), i);
	check(thread_finish(t));
	thread_say(t, say, &s);
	thread_free(t);
	return s.text;
}

static void check_threads(enum thread_how how, const struct thread_message *m, size_t count,
	struct slice expected, size_t row)
{
	struct buf text = threaded(how, m, count);

	if (!slice_same(buf_slice(&text), expected))
		print_error("row %zu: %.*s\n  is not %.*s\n", row, S_FMT(buf_slice(&text)),
			S_FMT(expected));
	check_row(slice_same(buf_slice(&text), expected), row);
	buf_done(&text);
}

/* RFC 5256 3's two answers, from messages that make them. */
static void test_example(void **state)
{
	static const uint32_t by_date[] = { 166, 167, 168, 169, 172, 170, 171, 173, 174, 175, 176,
		178, 181, 180, 179, 177, 183, 182, 188, 184, 185, 186, 187, 189, 190, 191, 192, 193,
		194, 195, 196, 197, 198, 199, 200, 202, 201, 203, 204, 205, 206, 207, 208 };
	static const struct {
		uint32_t number;
		struct slice subject, references;
		bool is_reply;
	} rows[] = {
		{ 170, S_INIT(""), S_INIT("<missing@x>"), false },
		{ 179, S_INIT(""), S_INIT("<missing@x>"), false },
		{ 174, S_INIT("A"), S_INIT(""), false },
		{ 175, S_INIT("A"), S_INIT(""), false },
		{ 176, S_INIT("A"), S_INIT(""), false },
		{ 178, S_INIT("A"), S_INIT(""), false },
		{ 181, S_INIT("A"), S_INIT(""), false },
		{ 180, S_INIT("A"), S_INIT(""), false },
		{ 177, S_INIT("B"), S_INIT(""), false },
		{ 183, S_INIT("B"), S_INIT(""), false },
		{ 182, S_INIT("B"), S_INIT(""), false },
		{ 188, S_INIT("B"), S_INIT(""), false },
		{ 184, S_INIT("B"), S_INIT("<188@x>"), false },
		{ 185, S_INIT("B"), S_INIT(""), false },
		{ 186, S_INIT("B"), S_INIT("<185@x>"), false },
		{ 187, S_INIT("B"), S_INIT(""), false },
		{ 189, S_INIT("B"), S_INIT("<188@x>"), false },
		{ 194, S_INIT("C"), S_INIT(""), false },
		{ 195, S_INIT("C"), S_INIT(""), false },
		{ 196, S_INIT("D"), S_INIT("<195@x>"), false },
		{ 197, S_INIT("D"), S_INIT(""), false },
		{ 198, S_INIT("D"), S_INIT("<197@x>"), false },
		{ 200, S_INIT("E"), S_INIT(""), false },
		{ 202, S_INIT("E"), S_INIT(""), true },
		{ 206, S_INIT("F"), S_INIT("<205@x>"), false },
		{ 207, S_INIT("F"), S_INIT("<206@x>"), true },
	};
	struct thread_message m[COUNT(by_date)];
	char ids[COUNT(by_date)][16], subjects[COUNT(by_date)][16];

	(void)state;
	for (uint32_t i = 0; i < COUNT(m); i++) {
		int id_len = snprintf(ids[i], sizeof ids[i], "<%u@x>", 166 + i);
		int subject_len = snprintf(subjects[i], sizeof subjects[i], "own %u", 166 + i);

		m[i] = (struct thread_message){ .number = 166 + i,
			.subject = { subjects[i], (size_t)subject_len },
			.message_id = { ids[i], (size_t)id_len } };
	}
	for (size_t i = 0; i < COUNT(by_date); i++)
		m[by_date[i] - 166].sent_s = (int64_t)i;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct thread_message *it = &m[rows[i].number - 166];

		it->references = rows[i].references;
		it->is_reply = rows[i].is_reply;
		if (rows[i].subject.len > 0)
			it->subject = rows[i].subject;
	}
	check_threads(THREAD_BY_SUBJECT, m, COUNT(m),
		S("(166)(167)(168)(169)(172)(170)(171)(173)(174 (175)(176)(178)(181)(180))(179)"
		  "(177 (183)(182)(188)(184)(185)(186)(187)(189))(190)(191)(192)(193)(194 195)"
		  "(196 (197)(198))(199)(200 202)(201)(203)(204)(205)(206 207)(208)"),
		0);
	check_threads(THREAD_BY_REFERENCES, m, COUNT(m),
		S("(166)(167)(168)(169)(172)((170)(179))(171)(173)((174)(175)(176)(178)(181)(180))"
		  "((177)(183)(182)(188 (184)(189))(185 186)(187))(190)(191)(192)(193)"
		  "((194)(195 196))(197 198)(199)(200 202)(201)(203)(204)(205 206 207)(208)"),
		1);
}

/* Messages as "ID REFERENCES… | SUBJECT", a letter an id, "-" for none; "re:" in front of the subject is a reply. */
static size_t read_messages(const char *text, struct thread_message *m, char room[][64])
{
	size_t count = 0;

	for (; *text != '\0'; count++) {
		char *at = room[count];
		struct thread_message *it = &m[count];
		const char *bar = strchr(text, '|');
		size_t subject_len;

		check(bar != NULL);
		*it = (struct thread_message){ .number = (uint32_t)count + 1,
			.sent_s = (int64_t)count,
			.references = { at + 5, 0 } };
		memcpy(at, (char[]){ '<', text[0], '@', 'x', '>' }, 5);
		if (text[0] != '-')
			it->message_id = (struct slice){ at, 5 };
		for (const char *ref = text + 1; ref < bar; ref++) {
			if (*ref == ' ')
				continue;
			memcpy(at + 5 + it->references.len,
				(char[]){ '<', *ref, '@', 'x', '>', ' ' }, 6);
			it->references.len += 6;
		}
		text = bar + 1;
		it->is_reply = strncmp(text, "re:", 3) == 0;
		text += it->is_reply ? 3 : 0;
		subject_len = strcspn(text, ";");
		it->subject = (struct slice){ text, subject_len };
		text += subject_len + (text[subject_len] == ';' ? 1 : 0);
	}
	return count;
}

static void test_steps(void **state)
{
	static const struct {
		const char *messages;
		struct slice references, subjects;
	} rows[] = {
		{ "", S_INIT(""), S_INIT("") },
		{ "a|s", S_INIT("(1)"), S_INIT("(1)") },
		{ "a|s;b a|t;c a b|u", S_INIT("(1 2 3)"), S_INIT("(1)(2)(3)") },
		/* the answer came before what it answers */
		{ "b a|t;a|s", S_INIT("(2 1)"), S_INIT("(1)(2)") },
		/* one answers, two answer what is not there */
		{ "b a|s", S_INIT("(1)"), S_INIT("(1)") },
		{ "b a|s;c a|t", S_INIT("((1)(2))"), S_INIT("(1)(2)") },
		/* dummies in a row, at the top and below a message */
		{ "d a b c|s;e a|t", S_INIT("((1)(2))"), S_INIT("(1)(2)") },
		{ "a|s;d a b c|t;e a b c|u", S_INIT("(1 (2)(3))"), S_INIT("(1)(2)(3)") },
		/* two with one id: the second has none */
		{ "a|s;a|t;b a|u", S_INIT("(1 3)(2)"), S_INIT("(1)(2)(3)") },
		/* no id: nobody can answer it */
		{ "-|s;-|t;b -|u", S_INIT("(1)(2)(3)"), S_INIT("(1)(2)(3)") },
		/* loops: of itself, of two, of three */
		{ "a a|s", S_INIT("(1)"), S_INIT("(1)") },
		{ "a b|s;b a|t", S_INIT("(2 1)"), S_INIT("(1)(2)") },
		{ "a c|s;b a|t;c b|u", S_INIT("(3 1 2)"), S_INIT("(1)(2)(3)") },
		/* others do not take away a parent that there is; the message itself does */
		{ "c a b|s;b x|t;d y b|u", S_INIT("(2 (1)(3))"), S_INIT("(1)(2)(3)") },
		{ "c a b|s;b|t;a|u", S_INIT("(2 1)(3)"), S_INIT("(1)(2)(3)") },
		/* subjects: the reply goes under the other, first or last */
		{ "a|s;b|re:s", S_INIT("(1 2)"), S_INIT("(1 2)") },
		{ "a|re:s;b|s", S_INIT("(2 1)"), S_INIT("(1 2)") },
		{ "a|s;b|s;c|re:s", S_INIT("((1)(2)(3))"), S_INIT("(1 (2)(3))") },
		{ "a|re:s;b|re:s", S_INIT("((1)(2))"), S_INIT("(1 2)") },
		/* without one they are not alike */
		{ "a|;b|re:", S_INIT("(1)(2)"), S_INIT("(1 2)") },
		/* a dummy and a message, two dummies */
		{ "b a|s;c a|t;d|s", S_INIT("((1)(2)(3))"), S_INIT("(1 3)(2)") },
		{ "b a|s;c a|t;e d|s;f d|u", S_INIT("((1)(2)(3)(4))"), S_INIT("(1 3)(2)(4)") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct thread_message m[16];
		char room[16][64];
		size_t count = read_messages(rows[i].messages, m, room);

		check_threads(THREAD_BY_REFERENCES, m, count, rows[i].references, i);
		check_threads(THREAD_BY_SUBJECT, m, count, rows[i].subjects, i);
	}
}

/* Small mailboxes of few ids, dates and subjects, so that everything meets everything. */
static void test_model(void **state)
{
	static const struct slice subjects[] = { S_INIT(""), S_INIT("s"), S_INIT("t") };
	uint64_t random = 1;

	(void)state;
	for (size_t round = 0; round < 4000; round++) {
		struct thread_message m[12];
		char room[COUNT(m)][64];
		size_t count = 1 + round % COUNT(m);
		char text[1024];

		for (size_t i = 0; i < count; i++) {
			char *at = room[i];
			size_t ref_count;

			random = random * 6364136223846793005u + 1442695040888963407u;
			m[i] = (struct thread_message){ .number = (uint32_t)i + 1,
				.sent_s = (int64_t)(random >> 20 & 3),
				.is_reply = (random >> 22 & 1) != 0,
				.subject = subjects[(random >> 24) % COUNT(subjects)],
				.references = { at + 5, 0 } };
			memcpy(at, (char[]){ '<', (char)('a' + (random >> 28) % 9), '@', 'x', '>' },
				5);
			if ((random >> 33) % 8 != 0)
				m[i].message_id = (struct slice){ at, 5 };
			ref_count = (random >> 37) % 5;
			for (size_t r = 0; r < ref_count; r++)
				memcpy(at + 5 + 6 * r,
					(char[]){ '<', (char)('a' + (random >> (40 + 4 * r)) % 9),
						'@', 'x', '>', ' ' },
					6);
			m[i].references.len = 6 * ref_count;
		}
		thread_model(m, count, text, sizeof text);
		check_threads(THREAD_BY_REFERENCES, m, count, slice_of(text), round);
	}
}

enum { MANY = 100000 };

/* Each answers the one before; in their order, backwards, and each with all of a hundred before it: not quadratic. */
static void test_chain(void **state)
{
	(void)state;
	for (unsigned how = 0; how < 3; how++) {
		struct said s = { .text = { .max = 16 << 20 } };
		struct thread *t = thread_new(THREAD_BY_REFERENCES, 7);
		size_t refs_max = how == 2 ? 20 : 1;

		check(t != NULL);
		for (uint32_t i = 1; i <= MANY; i++) {
			uint32_t own = how == 1 ? MANY - i + 1 : i;
			char id[16], refs[20 * 16];
			struct thread_message m = { .number = i,
				.sent_s = own,
				.message_id = { id, 0 },
				.references = { refs, 0 } };

			m.message_id.len = (size_t)snprintf(id, sizeof id, "<%u@x>", own);
			for (size_t r = refs_max < own - 1 ? refs_max : own - 1; r > 0; r--)
				m.references.len += (size_t)snprintf(refs + m.references.len,
					sizeof refs - m.references.len, "<%u@x> ",
					own - (uint32_t)r);
			check_row(thread_add(t, &m), i);
		}
		check(thread_finish(t));
		thread_say(t, say, &s);
		check(slice_starts(buf_slice(&s.text),
			how == 1 ? S("(100000 99999 99998 ") : S("(1 2 3 4 5 ")));
		check(slice_find(slice_skip(buf_slice(&s.text), 1), '(') == s.text.len - 1);
		buf_done(&s.text);
		thread_free(t);
	}
}

/* Deep ways that are cut and linked again: an id at the bottom of a chain gets answers that are above others. */
static void test_cut_and_link(void **state)
{
	struct said s = { .text = { .max = 16 << 20 } };
	struct thread *t = thread_new(THREAD_BY_REFERENCES, 7);
	size_t opened = 0;

	(void)state;
	check(t != NULL);
	for (uint32_t i = 1; i <= MANY; i++) {
		bool is_chain = i <= MANY / 2;
		uint32_t last = is_chain ? i - 1 : MANY / 2;
		char id[16], refs[48];
		struct thread_message m = {
			.number = i, .message_id = { id, 0 }, .references = { refs, 0 }
		};

		/* Behind the chain: "y" is named as the child of its end, and then says that it is nobody's. */
		m.message_id.len = (size_t)snprintf(id, sizeof id, is_chain ? "<%u@x>" : "<%u@y>",
			is_chain || i % 2 == 1 ? i : i - 1);
		if (is_chain && i > 1)
			m.references.len = (size_t)snprintf(refs, sizeof refs, "<%u@x>", last);
		else if (!is_chain && i % 2 == 1)
			m.references.len = (size_t)snprintf(
				refs, sizeof refs, "<%u@x> <%u@z> <%u@w>", last, i, i);
		check_row(thread_add(t, &m), i);
	}
	check(thread_finish(t));
	thread_say(t, say, &s);
	for (size_t i = 0; i < s.text.len; i++)
		opened += s.text.at[i] == '(' ? 1 : 0;
	/* The chain, the answers to its end, and those whose id was taken already. */
	check(opened == 1 + MANY / 4 + MANY / 4);
	buf_done(&s.text);
	thread_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_cut_and_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
