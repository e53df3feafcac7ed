/* SPDX-License-Identifier: MIT */
#include "cmd/archive/archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TELL_EVERY = 5000 /* messages: every few seconds */ };

void tally_add(struct tally *t, const char *mailbox, uint64_t bytes)
{
	t->messages++;
	t->bytes += bytes;
	if (t->is_quiet || t->messages + t->present < t->told + TELL_EVERY)
		return;
	t->told = t->messages + t->present;
	(void)fprintf(stderr, "mailvisor: %s: %" PRIu64 " messages, %" PRIu64 " MB so far\n",
		mailbox, t->messages, t->bytes / 1000000);
}

void tally_refuse(struct tally *t, const char *path, uint64_t line, const char *what)
{
	t->refused++;
	if (line > 0)
		(void)fprintf(stderr, "mailvisor: %s:%" PRIu64 ": %s\n", path, line, what);
	else
		(void)fprintf(stderr, "mailvisor: %s: %s\n", path, what);
}

int archive_mailboxes(const struct client *c, const char *account, json_t **ret)
{
	const struct call call = { .method = "GET", .collection = "mailboxes", .name = account };
	json_t *json = NULL;
	int status = call_send(c, &call, &json);

	if (status == EXIT_DONE)
		*ret = json_incref(json_object_get(json, "items"));
	json_decref(json);
	return status;
}

uint64_t archive_messages(const json_t *mailboxes, const char *name)
{
	for (size_t i = 0; i < json_array_size(mailboxes); i++) {
		const json_t *mailbox = json_array_get(mailboxes, i);

		if (strcmp(text_of(mailbox, "name"), name) == 0)
			return number_of(mailbox, "messages");
	}
	return 0;
}
