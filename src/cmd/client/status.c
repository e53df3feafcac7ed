/* SPDX-License-Identifier: MIT */
#include "cmd/client/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static void print_duration(uint64_t seconds)
{
	if (seconds >= 86400)
		(void)printf("%" PRIu64 " d %" PRIu64 " h", seconds / 86400, seconds / 3600 % 24);
	else if (seconds >= 3600)
		(void)printf("%" PRIu64 " h %" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
	else
		(void)printf("%" PRIu64 " min %" PRIu64 " s", seconds / 60, seconds % 60);
}

static void print_facts(const json_t *status)
{
	const char *relay = text_of(status, "relay"), *sandbox = text_of(status, "sandbox");
	const char *postmaster = text_of(status, "postmaster");
	uint64_t now = (uint64_t)time(NULL), ends = number_of(status, "certificate_expires");
	uint64_t started = number_of(status, "started");

	(void)printf("mailvisor %s, process %" PRIu64 ", up ", text_of(status, "version"),
		number_of(status, "pid"));
	print_duration(now > started ? now - started : 0);
	(void)printf("\ndata        %s (%s)\nrelay       %s\nsandbox     %s\n",
		text_of(status, "data"), text_of(status, "store"),
		relay[0] != '\0' ? relay : "none: mail to other domains is refused",
		sandbox[0] != '\0' ? sandbox : "off");
	(void)printf("postmaster  %s\n",
		postmaster[0] != '\0' ? postmaster
				      : "NOBODY: mail to postmaster is refused; add an account, or "
					"name one by domain set --postmaster");
	if (ends == 0)
		(void)puts("TLS         off");
	else
		(void)printf("TLS         the certificate %s %" PRIu64 " days\n",
			ends > now ? "is good for" : "EXPIRED, since",
			(ends > now ? ends - now : now - ends) / 86400);
}

/* What was never counted is left out, and a group with nothing else. */
static void print_group(const char *group, json_t *members)
{
	bool is_first = true;

	for (void *at = json_object_iter(members); at != NULL;
		at = json_object_iter_next(members, at)) {
		int64_t value = json_integer_value(json_object_iter_value(at));

		if (value == 0)
			continue;
		if (is_first)
			(void)printf("\n%-11s ", group);
		(void)printf(" %s=%" PRId64, json_object_iter_key(at), value);
		is_first = false;
	}
}

static void print_numbers(const json_t *status)
{
	json_t *groups = json_object_get(status, "numbers");

	for (void *at = json_object_iter(groups); at != NULL;
		at = json_object_iter_next(groups, at))
		print_group(json_object_iter_key(at), json_object_iter_value(at));
	(void)putchar('\n');
}

int status_show(struct client *c, struct args *a)
{
	const struct call call = { .method = "GET", .collection = "status" };
	struct table t = { .column_count = 2, .names = { "SERVICE", "ADDRESS" } };
	json_t *json = NULL;
	int status = call_send(c, &call, &json);

	(void)a;
	if (status != EXIT_DONE)
		return status;
	if (!call_print_json(c, json)) {
		const json_t *listeners = json_object_get(json, "listeners");

		print_facts(json);
		(void)putchar('\n');
		for (size_t i = 0; i < json_array_size(listeners); i++) {
			table_add(&t, text_of(json_array_get(listeners, i), "name"));
			table_add(&t, text_of(json_array_get(listeners, i), "address"));
		}
		table_print(&t);
		print_numbers(json);
	}
	json_decref(json);
	return EXIT_DONE;
}
