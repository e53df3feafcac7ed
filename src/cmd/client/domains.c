/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include <stdio.h>

int domain_add(struct client *c, struct args *a)
{
	const struct call call = { .method = "POST", .collection = "domains", .body = a->body };

	bool has_postmaster = json_object_get(a->body, "postmaster") != NULL ||
			      json_object_get(a->body, "catch_all") != NULL ||
			      json_object_get(a->body, "alias_of") != NULL;

	(void)json_object_set_new(a->body, "name", json_string(a->words[0]));
	int status = change_send(c, &call, "domain", a->words[0], "added");
	if (status == EXIT_DONE && !has_postmaster && !c->is_json)
		(void)printf("its first account also gets the mail for postmaster@%s; "
			     "domain set --postmaster names another\n",
			a->words[0]);
	return status;
}

int domain_set(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "PATCH", .collection = "domains", .name = a->words[0], .body = a->body
	};

	return change_send(c, &call, "domain", a->words[0], "changed");
}

int domain_remove(struct client *c, struct args *a)
{
	const struct call call = {
		.method = "DELETE", .collection = "domains", .name = a->words[0]
	};

	return change_send(c, &call, "domain", a->words[0], "removed");
}

static void add_row(struct table *t, const json_t *domain)
{
	table_add(t, text_of(domain, "name"));
	table_add(t, json_is_true(json_object_get(domain, "disabled")) ? "disabled" : "on");
	table_add(t, text_of(domain, "alias_of"));
	table_add(t, text_of(domain, "catch_all"));
	table_add(t, text_of(domain, "postmaster"));
	table_add_number(t, number_of(domain, "accounts"), NULL);
	table_add_number(t, number_of(domain, "accounts_max"), "any");
	table_add_size(t, number_of(domain, "quota"), "none");
	table_add_size(t, number_of(domain, "message_size"), "default");
}

static struct table new_table(void)
{
	return (struct table){ .column_count = 9,
		.names = { "DOMAIN", "STATE", "ALIAS OF", "CATCH-ALL", "POSTMASTER", "ACCOUNTS",
			"MOST", "QUOTA", "MESSAGE" },
		.is_right = { [5] = true, [6] = true, [7] = true, [8] = true } };
}

int domain_list(struct client *c, struct args *a)
{
	(void)a;
	return list_send(c, "domains", NULL, new_table(), add_row);
}

int domain_show(struct client *c, struct args *a)
{
	return show_send(c, "domains", a->words[0], new_table(), add_row);
}
