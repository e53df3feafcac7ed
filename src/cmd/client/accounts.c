/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include "cmd/units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The lines of `account add --file`, made into NDJSON as they are sent. */
struct import {
	FILE *file;
	const char *path;
	char *line;
	size_t line_room;
	unsigned number;
	char *out; /* JSON not sent yet */
	size_t out_at;
};

static bool is_hash(const char *text)
{
	return strncmp(text, "$argon2id$", 10) == 0 || strncmp(text, "{ARGON2ID}", 10) == 0 ||
	       strncmp(text, "$mv1$", 5) == 0 || strncmp(text, "$mv2$", 5) == 0;
}

static bool bad_line(const struct import *in, const char *what)
{
	(void)fprintf(stderr, "mailvisor: %s:%u: %s\n", in->path, in->number, what);
	return false;
}

/* "address password-or-hash [quota]". Empty lines and comments stay empty lines, so that numbers agree. */
static bool convert(struct import *in)
{
	static const char blanks[] = " \t\r\n";
	char *at = NULL;
	const char *address = strtok_r(in->line, blanks, &at),
		   *password = strtok_r(NULL, blanks, &at);
	const char *quota = strtok_r(NULL, blanks, &at);
	uint64_t bytes = 0;

	in->out_at = 0;
	if (address == NULL || address[0] == '#') {
		in->out = strdup("\n");
		return in->out != NULL;
	}
	if (password == NULL)
		return bad_line(in, "a line is: address password-or-hash [quota]");
	if (quota != NULL && (!units_read_size(slice_of(quota), &bytes) || bytes > INT64_MAX))
		return bad_line(in, "the third word is no size such as 500M");
	json_t *json = json_pack("{s:s, s:s, s:I}", "address", address,
		is_hash(password) ? "password_hash" : "password", password, "quota",
		(json_int_t)bytes);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	if (text == NULL || asprintf(&in->out, "%s\n", text) < 0)
		in->out = NULL;
	free(text);
	return in->out != NULL || bad_line(in, "not UTF-8, or out of memory");
}

static long more_lines(void *context, char *room, size_t size)
{
	struct import *in = context;

	if (in->out == NULL) {
		if (getline(&in->line, &in->line_room, in->file) < 0)
			return ferror(in->file) == 0 || bad_line(in, "it cannot be read on") ? 0
											     : -1;
		in->number++;
		if (!convert(in))
			return -1;
	}
	size_t left = strlen(in->out + in->out_at), count = left < size ? left : size;
	memcpy(room, in->out + in->out_at, count);
	in->out_at += count;
	if (count == left) {
		free(in->out);
		in->out = NULL;
	}
	return (long)count;
}

static int add_file(struct client *c, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	struct import in = { .file = is_stdin ? stdin : fopen(path, "re"), .path = path };
	const struct call call = {
		.method = "POST", .collection = "accounts", .more = more_lines, .context = &in
	};
	json_t *json = NULL;

	if (in.file == NULL) {
		(void)fprintf(stderr, "mailvisor: open '%s': %s\n", path, strerrordesc_np(errno));
		return EXIT_FAILED;
	}
	int status = call_send(c, &call, &json);
	if (status == EXIT_DONE && !call_print_json(c, json))
		(void)printf(
			"accounts added: %llu\n", (unsigned long long)number_of(json, "added"));
	json_decref(json);
	free(in.line);
	free(in.out);
	if (!is_stdin)
		(void)fclose(in.file);
	return status;
}

static bool has(const struct args *a, const char *option)
{
	return json_is_true(json_object_get(a->options, option));
}

/* Puts the password, asked for as the options say, into the body. */
static bool take_password(struct args *a, bool is_asked)
{
	char secret[SECRET_BYTES] = "";
	bool is_there;

	if (has(a, "no-password"))
		return json_object_set_new(a->body, "password", json_null()) == 0;
	if (!has(a, "password-stdin") && !is_asked)
		return true;
	is_there = has(a, "password-stdin") ? secret_stdin(secret)
					    : secret_prompt(a->words[0], secret);
	if (is_there && json_object_set_new(a->body, is_hash(secret) ? "password_hash" : "password",
				json_string(secret)) < 0) {
		(void)fputs("mailvisor: the password is not UTF-8\n", stderr);
		is_there = false;
	}
	explicit_bzero(secret, sizeof secret);
	return is_there;
}

int account_add(struct client *c, struct args *a)
{
	const struct call call = { .method = "POST", .collection = "accounts", .body = a->body };
	const char *path = text_of(a->options, "file");

	if ((path[0] != '\0') == (a->word_count > 0)) {
		(void)fputs("mailvisor: account add takes one ADDRESS, or --file FILE\n", stderr);
		return EXIT_USAGE;
	}
	if (path[0] != '\0')
		return add_file(c, path);
	(void)json_object_set_new(a->body, "address", json_string(a->words[0]));
	if (!take_password(a, true))
		return EXIT_FAILED;
	return change_send(c, &call, "account", a->words[0], "added");
}

int account_set(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "PATCH", .collection = "accounts", .name = a->words[0], .body = a->body
	};

	if (!take_password(a, has(a, "password")))
		return EXIT_FAILED;
	return change_send(c, &call, "account", a->words[0], "changed");
}

/* Mail that is gone is gone: a person at a terminal is asked. */
static bool is_sure(const struct args *a)
{
	char answer[16] = "";

	if (has(a, "yes") || isatty(STDIN_FILENO) == 0)
		return true;
	(void)printf("Remove %s with all its mail? [y/N] ", a->words[0]);
	(void)fflush(stdout);
	return fgets(answer, sizeof answer, stdin) != NULL &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

int account_remove(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "DELETE", .collection = "accounts", .name = a->words[0]
	};

	if (!is_sure(a))
		return EXIT_FAILED;
	return change_send(c, &call, "account", a->words[0], "removed, with its mail");
}

static void add_row(struct table *t, const json_t *account)
{
	table_add(t, text_of(account, "address"));
	table_add(t, json_is_true(json_object_get(account, "disabled")) ? "disabled" : "on");
	table_add(t, json_is_true(json_object_get(account, "may_login")) ? "yes" : "no");
	table_add_size(t, number_of(account, "quota"), "none");
	table_add_number(t, number_of(account, "quota_messages"), "any");
	table_add_size(t, number_of(account, "own_quota"), "none");
	table_add_number(t, number_of(account, "own_quota_messages"), "any");
}

static struct table new_table(void)
{
	return (struct table){ .column_count = 7,
		.names = { "ACCOUNT", "STATE", "LOGIN", "QUOTA", "MESSAGES", "OWN QUOTA",
			"OWN MESSAGES" },
		.is_right = { [3] = true, [4] = true, [5] = true, [6] = true } };
}

int account_list(struct client *c, struct args *a)
{
	return list_send(
		c, "accounts", a->word_count > 0 ? a->words[0] : NULL, new_table(), add_row);
}

int account_show(struct client *c, struct args *a)
{
	return show_send(c, "accounts", a->words[0], new_table(), add_row);
}
