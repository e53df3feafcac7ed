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

int archive_mailboxes(const struct client *c, const char *account, json_t **ret_mailboxes,
	json_t **ret_subscriptions)
{
	const struct call call = { .method = "GET", .collection = "mailboxes", .name = account };
	json_t *json = NULL;
	int status = call_send(c, &call, &json);

	if (status == EXIT_DONE) {
		*ret_mailboxes = json_incref(json_object_get(json, "items"));
		*ret_subscriptions = json_incref(json_object_get(json, "subscriptions"));
	}
	json_decref(json);
	return status;
}

/* NULL: it is not there. */
static const json_t *find(const json_t *mailboxes, const char *name)
{
	for (size_t i = 0; i < json_array_size(mailboxes); i++) {
		const json_t *mailbox = json_array_get(mailboxes, i);

		if (strcmp(text_of(mailbox, "name"), name) == 0)
			return mailbox;
	}
	return NULL;
}

bool archive_has_mailbox(const json_t *mailboxes, const char *name)
{
	return find(mailboxes, name) != NULL;
}

uint64_t archive_messages(const json_t *mailboxes, const char *name)
{
	const json_t *mailbox = find(mailboxes, name);

	return mailbox != NULL ? number_of(mailbox, "messages") : 0;
}
