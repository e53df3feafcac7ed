/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include "cmd/units.h"

#include <stdio.h>

static int put(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "PUT", .collection = "quota", .name = a->words[0], .body = a->body
	};
	uint64_t bytes;

	if (!units_read_size(slice_of(a->words[1]), &bytes) || bytes > INT64_MAX) {
		(void)fprintf(
			stderr, "mailvisor: '%s' is no size such as 500M or 2G\n", a->words[1]);
		return EXIT_USAGE;
	}
	(void)json_object_set_new(a->body, "quota", json_integer((json_int_t)bytes));
	return change_send(c, &call, "quota", a->words[0], "set");
}

int quota_set(struct client *c, struct args *a)
{
	return put(c, a);
}

/* Only where there was none: what is there already is not overwritten by mistake. */
int quota_add(struct client *c, struct args *a)
{
	const struct call call = { .method = "GET", .collection = "quota", .name = a->words[0] };
	json_t *json = NULL;
	int status = call_send(c, &call, &json);

	if (status != EXIT_DONE)
		return status;
	bool has_one = number_of(json, "quota") > 0 || number_of(json, "quota_messages") > 0;
	json_decref(json);
	if (!has_one)
		return put(c, a);
	(void)fprintf(stderr, "mailvisor: %s: it has a quota already; quota set changes it\n",
		a->words[0]);
	return EXIT_FAILED;
}

int quota_remove(struct client *c, struct args *a)
{
	const struct call call = { .method = "DELETE", .collection = "quota", .name = a->words[0] };

	return change_send(c, &call, "quota", a->words[0], "removed");
}

static void add_row(struct table *t, const json_t *row)
{
	uint64_t quota = number_of(row, "quota"), used = number_of(row, "used");
	uint64_t own = number_of(row, "own_quota");
	uint64_t counts = own > 0 && (quota == 0 || own < quota) ? own : quota;
	char share[16] = "";

	if (counts > 0)
		(void)snprintf(
			share, sizeof share, "%.0f%%", 100.0 * (double)used / (double)counts);
	table_add(t, text_of(row, "name"));
	table_add_size(t, used, NULL);
	table_add_size(t, quota, "none");
	table_add_size(t, own, "none");
	table_add(t, share);
	table_add_number(t, number_of(row, "messages"), NULL);
	table_add_number(t, number_of(row, "quota_messages"), "any");
	table_add_number(t, number_of(row, "own_quota_messages"), "any");
}

static struct table new_table(void)
{
	return (struct table){ .column_count = 8,
		.names = { "NAME", "USED", "QUOTA", "OWN QUOTA", "FULL", "MESSAGES", "LIMIT",
			"OWN LIMIT" },
		.is_right = { [1] = true,
			[2] = true,
			[3] = true,
			[4] = true,
			[5] = true,
			[6] = true,
			[7] = true } };
}

int quota_list(struct client *c, struct args *a)
{
	return list_send(c, "quota", a->word_count > 0 ? a->words[0] : NULL, new_table(), add_row);
}

int quota_show(struct client *c, struct args *a)
{
	return show_send(c, "quota", a->words[0], new_table(), add_row);
}
