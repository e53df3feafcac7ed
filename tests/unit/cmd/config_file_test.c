/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "cmd/config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct told {
	unsigned count, first_line;
	char first[256];
};

static void tell(void *context, const char *path, unsigned line, const char *text)
{
	struct told *t = context;

	check(strncmp(path, "/tmp/", 5) == 0);
	if (t->count++ > 0)
		return;
	t->first_line = line;
	(void)snprintf(t->first, sizeof t->first, "%s", text);
}

static bool read_text(const char *text, struct config *ret, struct told *told)
{
	char path[] = "/tmp/config-test-XXXXXX";
	int fd = mkstemp(path);
	size_t len = strlen(text);

	*told = (struct told){ .count = 0 };
	check(fd >= 0 && write(fd, text, len) == (ssize_t)len && close(fd) == 0);
	config_init(ret);
	bool is_good = config_read(ret, path, tell, told);
	check(unlink(path) == 0);
	return is_good;
}

static void test_good(void **state)
{
	static const char *const rows[] = {
		"",
		"# nothing\n; at all\n\n",
		"workers = 9\n",
		"workers=9",
		"\xef\xbb\xbfworkers = 9\r\n",
		"workers = 9 ; and why\n",
		"[limit]\nerrors = 7\n[wait]\ncommand = 1m\n",
		"smtp.listen = 127.0.0.1:1\n  127.0.0.1:2\n\t127.0.0.1:3\n",
		"smtp.listen = 127.0.0.1:1\nsmtp.listen = 127.0.0.1:2\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct told told;
		struct config c;

		check_row(read_text(rows[i], &c, &told) && told.count == 0, i);
		check_row(i < 2 || i > 5 || c.workers == 9, i);
		check_row(i != 6 || (c.errors == 7 && c.wait_command_ms == 60000), i);
		check_row(
			i != 7 || strcmp(c.smtp_listen, "127.0.0.1:1 127.0.0.1:2 127.0.0.1:3") == 0,
			i);
		check_row(i != 8 || strcmp(c.smtp_listen, "127.0.0.1:1 127.0.0.1:2") == 0, i);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text;
		unsigned count, line;
		const char *says;
	} rows[] = {
		{ "\n\nwrokers = 9\n", 1, 3, "did you mean 'workers'?" },
		{ "[nowhere]\nworkers = 9\n", 1, 2, "nowhere.workers" },
		{ "workers = 0\nlimit.errors = 0\nnope = 1\n", 3, 1, "out of range" },
		{ "workers = 1\n\nworkers = 2\n", 1, 3, "on line 1" },
		{ "workers\n", 1, 1, "neither" },
		{ "[limit\nerrors = 3\n", 2, 2, "no such setting" },
		{ "smtp.listen = nowhere\n", 1, 0, "no address" },
		{ "workers = 9\n  10\n", 1, 2, "on line 1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct told told;
		struct config c;

		check_row(!read_text(rows[i].text, &c, &told), i);
		check_row(told.count == rows[i].count, i);
		check_row(told.first_line == rows[i].line, i);
		check_row(strstr(told.first, rows[i].says) != NULL, i);
	}
}

/* The first length inside, the first outside: libinih reads 198 bytes and a newline. */
static void test_line_length(void **state)
{
	(void)state;
	for (size_t len = 198; len <= 199; len++) {
		char text[256];
		struct told told;
		struct config c;

		(void)snprintf(text, sizeof text, "host = %0*d\nworkers = 9\n", (int)len - 7, 0);
		check_row(read_text(text, &c, &told) == (len == 198), len);
		check_row(c.workers == 9, len);
		check_row(len == 198 || (told.count == 1 && told.first_line == 1), len);
	}
}

static void test_no_file(void **state)
{
	struct told told = { .count = 0 };
	struct config c;

	(void)state;
	config_init(&c);
	check(!config_read(&c, "/tmp/no-such-folder-here/file", tell, &told));
	check(told.count == 1 && told.first_line == 0 &&
		strstr(told.first, "No such file") != NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_line_length),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests_name("config_file", tests, NULL, NULL);
}
