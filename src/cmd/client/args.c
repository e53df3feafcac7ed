/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include "cmd/units.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	FIELDS_MAX = 16,
	LETTER_FIELD = 1000 /* getopt's answer for the first of a verb's own options */
};

static const struct option common[] = {
	{ "data", required_argument, NULL, 'd' },
	{ "socket", required_argument, NULL, 'u' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
};

static bool has_value(const struct field *f)
{
	return f->type == FIELD_TEXT || f->type == FIELD_OPTION || f->type == FIELD_SIZE ||
	       f->type == FIELD_COUNT;
}

int args_usage(const struct verb *v, bool is_asked)
{
	FILE *out = is_asked ? stdout : stderr;

	(void)fprintf(out, "usage: mailvisor %s%s%s%s%s [options]\n", v->noun,
		v->verb[0] ? " " : "", v->verb, v->words[0] ? " " : "", v->words);
	for (size_t i = 0; i < v->field_count; i++) {
		char option[64];

		(void)snprintf(option, sizeof option, "--%s%s", v->fields[i].option,
			has_value(&v->fields[i]) ? " VALUE" : "");
		(void)fprintf(out, "  %-22s  %s\n", option, v->fields[i].help);
	}
	(void)fputs(
		"  --json                  print what the server says\n"
		"  --data DIR              the server's data directory, when it is not the usual "
		"one\n"
		"  --socket PATH           its control socket\n",
		out);
	return is_asked ? EXIT_DONE : EXIT_USAGE;
}

static int bad_value(const struct field *f, const char *value, const char *wanted)
{
	(void)fprintf(stderr, "mailvisor: --%s '%s': that is not %s\n", f->option, value, wanted);
	return EXIT_USAGE;
}

/* -1: go on. */
static int take_field(const struct field *f, const char *value, struct args *a)
{
	uint64_t number = 0;
	json_t *json = NULL;

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_OPTION:
		json = json_string(value);
		if (json == NULL)
			return bad_value(f, value, "UTF-8");
		break;
	case FIELD_SIZE:
		if (!units_read_size(slice_of(value), &number) || number > INT64_MAX)
			return bad_value(f, value, "a size such as 500M or 2G");
		json = json_integer((json_int_t)number);
		break;
	case FIELD_COUNT:
		if (!slice_number(slice_of(value), INT64_MAX, &number))
			return bad_value(f, value, "a number");
		json = json_integer((json_int_t)number);
		break;
	case FIELD_TRUE:
	case FIELD_FALSE:
	case FIELD_FLAG:
		json = json_boolean(f->type != FIELD_FALSE);
		break;
	case FIELD_NULL:
		json = json_null();
		break;
	}
	bool is_option = f->type == FIELD_OPTION || f->type == FIELD_FLAG;
	(void)json_object_set_new(is_option ? a->options : a->body, f->member, json);
	return -1;
}

static int take_common(const struct verb *v, int letter, struct client *c, const char **data)
{
	switch (letter) {
	case 'd':
		*data = optarg;
		return -1;
	case 'u':
		(void)snprintf(c->socket, sizeof c->socket, "%s", optarg);
		return -1;
	case 'j':
		c->is_json = true;
		return -1;
	default:
		return args_usage(v, letter == 'h');
	}
}

static int find_socket(struct client *c, const char *data)
{
	struct error e = { .fault = FAULT_NONE };

	if (!where_data(data, c->data, &e))
		c->data[0] = '\0';
	if (c->socket[0] != '\0' ||
		(e.fault == FAULT_NONE && where_join(c->data, S("control.sock"), c->socket, &e)))
		return -1;
	(void)fprintf(stderr, "mailvisor: %s\n", e.text);
	return EXIT_FAILED;
}

int args_read(const struct verb *v, int argc, char **argv, struct client *c, struct args *ret)
{
	struct option longs[COUNT(common) + FIELDS_MAX + 1] = { 0 };
	const char *data = NULL;
	int letter, status = -1;

	invariant(v->field_count <= FIELDS_MAX);
	memcpy(longs, common, sizeof common);
	for (size_t i = 0; i < v->field_count; i++)
		longs[COUNT(common) + i] = (struct option){ v->fields[i].option,
			has_value(&v->fields[i]) ? required_argument : no_argument, NULL,
			LETTER_FIELD + (int)i };
	*ret = (struct args){ .body = json_object(), .options = json_object() };
	while (status < 0 && (letter = getopt_long(argc, argv, "", longs, NULL)) != -1)
		status = letter >= LETTER_FIELD
				 ? take_field(&v->fields[letter - LETTER_FIELD], optarg, ret)
				 : take_common(v, letter, c, &data);
	if (status >= 0)
		return status;
	ret->words = argv + optind;
	ret->word_count = (size_t)(argc - optind);
	if (ret->word_count < v->least || ret->word_count > v->most)
		return args_usage(v, false);
	return find_socket(c, data);
}

void args_done(struct args *a)
{
	json_decref(a->body);
	json_decref(a->options);
}
