/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

static void take_targets(struct args *a)
{
	json_t *targets = json_array();

	for (size_t i = 1; i < a->word_count; i++)
		(void)json_array_append_new(targets, json_string(a->words[i]));
	(void)json_object_set_new(a->body, "targets", targets);
}

int alias_add(struct client *c, struct args *a)
{
	const struct call call = { .method = "POST", .collection = "aliases", .body = a->body };

	(void)json_object_set_new(a->body, "address", json_string(a->words[0]));
	take_targets(a);
	return change_send(c, &call, "alias", a->words[0], "added");
}

int alias_set(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "PATCH", .collection = "aliases", .name = a->words[0], .body = a->body
	};

	if (a->word_count > 1)
		take_targets(a);
	return change_send(c, &call, "alias", a->words[0], "changed");
}

int alias_remove(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "DELETE", .collection = "aliases", .name = a->words[0]
	};

	return change_send(c, &call, "alias", a->words[0], "removed");
}

/* A line a target; the alias stands in the first. */
static void add_rows(struct table *t, const json_t *alias)
{
	const json_t *targets = json_object_get(alias, "targets");

	for (size_t i = 0; i < json_array_size(targets); i++) {
		const char *target = json_string_value(json_array_get(targets, i));

		table_add(t, i == 0 ? text_of(alias, "address") : "");
		table_add(t, i > 0                                              ? ""
			     : json_is_true(json_object_get(alias, "disabled")) ? "disabled"
										: "on");
		table_add(t, target != NULL ? target : "");
	}
}

static struct table new_table(void)
{
	return (struct table){ .column_count = 3, .names = { "ALIAS", "STATE", "TARGETS" } };
}

int alias_list(struct client *c, struct args *a)
{
	return list_send(
		c, "aliases", a->word_count > 0 ? a->words[0] : NULL, new_table(), add_rows);
}

int alias_show(struct client *c, struct args *a)
{
	return show_send(c, "aliases", a->words[0], new_table(), add_rows);
}
