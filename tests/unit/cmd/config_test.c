/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/config.h"

#include <stdio.h>
#include <string.h>

static void test_defaults_read_back(void **state)
{
	struct config c, again;
	auto_buf text = { .max = 1 << 16 };

	(void)state;
	config_init(&c);
	config_init(&again);
	for (size_t i = 0; i < setting_count; i++) {
		struct error e = { .fault = FAULT_NONE };

		check_row(!c.is_given[i], i);
		buf_clear(&text);
		check_row(config_print_value(&c, &settings[i], &text), i);
		check_row(slice_same(buf_slice(&text), slice_of(settings[i].fallback)), i);
		check_row(config_set(&again, slice_of(settings[i].name), buf_slice(&text), &e), i);
		check_row(again.is_given[i], i);
	}
	memcpy(again.is_given, c.is_given, sizeof c.is_given);
	check(memcmp(&c, &again, sizeof c) == 0);
	struct error e = { .fault = FAULT_NONE };
	check(config_check(&c, &e));
}

static void test_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *s = &settings[i];
		size_t help = strlen(s->help);

		check_row(s->offset < sizeof(struct config), i);
		check_row(help > 10 && s->help[help - 1] == '.', i);
		check_row((s->type == SETTING_CHOICE) == (s->choices != NULL), i);
		for (size_t k = 0; k < i; k++)
			check_row(strcmp(s->name, settings[k].name) != 0 &&
					  s->offset != settings[k].offset,
				i);
	}
}

/* Every number: the least and the most are taken, one less and one more are not. */
static void test_ranges(void **state)
{
	struct config c;

	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *s = &settings[i];
		const char *unit = s->type == SETTING_TIME ? "ms" : "";
		const struct {
			uint64_t number;
			bool is_good;
		} rows[] = { { s->least, true }, { s->least - 1, false }, { s->most, true },
			{ s->most + 1, false } };

		if (s->type != SETTING_COUNT && s->type != SETTING_SIZE && s->type != SETTING_TIME)
			continue;
		for (size_t k = 0; k < COUNT(rows); k++) {
			struct error e = { .fault = FAULT_NONE };
			char text[40];
			int len = snprintf(text, sizeof text, "%llu%s",
				(unsigned long long)rows[k].number, unit);

			config_init(&c);
			if (k == 1 && s->least == 0)
				continue; /* nothing is less than zero */
			check_row(
				config_set(&c, slice_of(s->name),
					(struct slice){ text, (size_t)len }, &e) == rows[k].is_good,
				i);
			check_row(rows[k].is_good || strstr(e.text, s->name) != NULL, i);
		}
	}
}

static void test_text_lengths(void **state)
{
	char long_text[2048];
	struct config c;

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	config_init(&c);
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *s = &settings[i];
		struct error e = { .fault = FAULT_NONE }, e2 = e, e3 = e;

		if (s->type != SETTING_TEXT && s->type != SETTING_LIST)
			continue;
		check_row(
			config_set(&c, slice_of(s->name), (struct slice){ long_text, s->most }, &e),
			i);
		check_row(!config_set(&c, slice_of(s->name),
				  (struct slice){ long_text, s->most + 1 }, &e2),
			i);
		check_row(config_set(&c, slice_of(s->name), S(" "), &e3) == (s->least == 0), i);
	}
}

static void test_set(void **state)
{
	static const struct {
		struct slice pair;
		const char *says; /* NULL: good */
	} rows[] = {
		{ S_INIT("workers=8"), NULL },
		{ S_INIT(" workers = 8 "), NULL },
		{ S_INIT("limit.message_size=1G"), NULL },
		{ S_INIT("limit.message_size=1 g"), NULL },
		{ S_INIT("wait.command=90s"), NULL },
		{ S_INIT("log.level=DEBUG"), NULL },
		{ S_INIT("login.plain=on"), NULL },
		{ S_INIT("relay.host="), NULL },
		{ S_INIT("workers"), "not key=value" },
		{ S_INIT("workers=0"), "out of range: 1 to 1024" },
		{ S_INIT("workers=1025"), "out of range" },
		{ S_INIT("workers=99999999999999999999"), "not a number" },
		{ S_INIT("workers=-1"), "not a number" },
		{ S_INIT("worker=1"), "did you mean 'workers'?" },
		{ S_INIT("wait.comand=1s"), "did you mean 'wait.command'?" },
		{ S_INIT("zzzzzzzzzzzzz=1"), "no such setting" },
		{ S_INIT("=1"), "no such setting" },
		{ S_INIT("wait.command=90"), "a time with its unit" },
		{ S_INIT("wait.command=90 years"), "a time with its unit" },
		{ S_INIT("limit.message_size=18446744073709551615G"), "not a size" },
		{ S_INIT("login.plain=perhaps"), "yes or no" },
		{ S_INIT("log.level="), "not one of: error, warn, info, debug" },
		{ S_INIT("tls.cert="), "must not be empty" },
	};
	struct config c;

	(void)state;
	config_init(&c);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		bool is_good = config_set_pair(&c, rows[i].pair, &e);

		check_row(is_good == (rows[i].says == NULL), i);
		check_row(
			is_good || (e.fault == FAULT_NEVER && strstr(e.text, rows[i].says) != NULL),
			i);
	}
	check(c.workers == 8 && c.message_bytes == 1 << 30 && c.wait_command_ms == 90000 &&
		c.login_plain == 1);
}

static void test_check(void **state)
{
	static const struct {
		struct slice pairs[2];
		const char *says;
	} rows[] = {
		{ { S_INIT("smtp.listen=127.0.0.1:0 [::]:25,unix:/run/x fd:3") }, NULL },
		{ { S_INIT("smtp.listen=localhost") }, "'localhost' is no address" },
		{ { S_INIT("pop3.listen=127.0.0.1:65536") }, "no address" },
		{ { S_INIT("relay.host=[2001:db8::1]:25") }, NULL },
		{ { S_INIT("relay.host=lmtp:unix:/run/lmtp.sock") }, NULL },
		{ { S_INIT("relay.host=relay.example:0") }, "no next hop" },
		{ { S_INIT("relay.retry_first=2h"), S_INIT("relay.retry_most=1h") },
			"longer than" },
		{ { S_INIT("tls.enabled=no") }, NULL },
		{ { S_INIT("host=mail_1.a.example") }, NULL },
		{ { S_INIT("host=[192.0.2.1]") }, NULL },
		{ { S_INIT("host=two words") }, "no host name" },
		{ { S_INIT("host=a\rb") }, "no host name" },
		{ { S_INIT("host=b\xc3\xbc.example") }, "no host name" },
		{ { S_INIT("address.separator=-") }, NULL },
		{ { S_INIT("address.separator=") }, NULL },
		{ { S_INIT("address.separator=@") }, "no sign" },
		{ { S_INIT("address.separator=a") }, "no sign" },
		{ { S_INIT("address.postmaster=alice@a.example") }, NULL },
		{ { S_INIT("address.postmaster=alice") }, "no address" },
		{ { S_INIT("smtp.listen=127.0.0.1:2525"), S_INIT("pop3.listen=127.0.0.1:2525") },
			"set 'pop3.listen': '127.0.0.1:2525' stands in 'smtp.listen' too" },
		{ { S_INIT("smtp.listen=127.0.0.1:25 127.0.0.1:25") }, "stands in" },
		{ { S_INIT("smtp.listen=127.0.0.1:0 127.0.0.1:0"),
			  S_INIT("pop3.listen=127.0.0.1:0") },
			NULL },
		{ { S_INIT("tls.cert=/nowhere/cert.pem") }, "set 'tls.cert': '/nowhere/cert.pem'" },
		{ { S_INIT("tls.cert=/nowhere/cert.pem"), S_INIT("tls.enabled=no") }, NULL },
		{ { S_INIT("relay.tls=verify"), S_INIT("relay.tls_ca=/nowhere") }, "relay.tls_ca" },
		{ { S_INIT("tls.enabled=no"), S_INIT("pop3s.listen=127.0.0.1:1") }, "contradicts" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error e = { .fault = FAULT_NONE };
		struct config c;

		config_init(&c);
		for (size_t k = 0; k < 2 && rows[i].pairs[k].len > 0; k++)
			check_row(config_set_pair(&c, rows[i].pairs[k], &e), i);
		check_row(config_check(&c, &e) == (rows[i].says == NULL), i);
		check_row(rows[i].says == NULL || strstr(e.text, rows[i].says) != NULL, i);
	}
}

static void test_words(void **state)
{
	static const char list[] = "  a:1,b:2 \t c:3 ";
	struct slice word;
	size_t at = 0;

	(void)state;
	check(config_word(list, &at, &word) && slice_same(word, S("a:1")));
	check(config_word(list, &at, &word) && slice_same(word, S("b:2")));
	check(config_word(list, &at, &word) && slice_same(word, S("c:3")));
	check(!config_word(list, &at, &word));
	at = 0;
	check(!config_word("", &at, &word));
}

static void add_name(void *context, const struct setting *s)
{
	check(buf_add_format(context, "%s ", s->name));
}

static void test_reload(void **state)
{
	struct config c, fresh, kept;
	struct error e = { .fault = FAULT_NONE };
	char room[64];
	struct buf stuck = BUF_OVER(room);

	(void)state;
	config_init(&c);
	config_init(&fresh);
	config_init(&kept);
	check(config_set_pair(&fresh, S("limit.errors=3"), &e) &&
		config_set_pair(&fresh, S("workers=3"), &e) &&
		config_set_pair(&fresh, S("log.file=x"), &e) &&
		config_set_pair(&fresh, S("limit.logins=3"), &e) &&
		config_set_pair(&kept, S("limit.logins=9"), &e));
	config_reload(&c, &fresh, &kept, add_name, &stuck);
	check(c.errors == 3 && config_is_given(&c, "limit.errors"));
	check(c.workers == 64 && strcmp(c.log_file, "-") == 0 && c.logins == 5);
	check(slice_same(buf_slice(&stuck), S("log.file workers ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_read_back),
		cmocka_unit_test(test_the_table),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_text_lengths),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_reload),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
