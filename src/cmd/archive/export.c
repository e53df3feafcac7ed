/* SPDX-License-Identifier: MIT */
#include "cmd/archive/archive.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ret->context NULL: it was told what is wrong. */
static int writer_open(const struct args *a, bool is_single, struct writer *ret)
{
	const char *format = text_of(a->options, "format"), *path = a->words[1];
	enum mbox_quotes quotes =
		json_is_true(json_object_get(a->options, "mboxo")) ? MBOX_QUOTES_O : MBOX_QUOTES_RD;

	if (strcmp(format, "mbox") == 0)
		return mbox_writer_open(path, is_single, quotes, ret) ? EXIT_DONE : EXIT_FAILED;
	if (format[0] == '\0' || strcmp(format, "maildir") == 0)
		return maildir_writer_open(path, is_single, ret) ? EXIT_DONE : EXIT_FAILED;
	(void)fprintf(stderr, "mailvisor: --format '%s': that is not maildir or mbox\n", format);
	return EXIT_USAGE;
}

static bool is_wanted(const json_t *mailbox, const char *only)
{
	const char *name = text_of(mailbox, "name");

	if (only[0] == '\0' || strcmp(only, name) == 0)
		return true;
	return strcmp(name, "INBOX") == 0 && strcasecmp(only, name) == 0;
}

static int export_mailboxes(const struct client *c, const struct args *a, const json_t *mailboxes,
	const struct writer *w, struct tally *t)
{
	const char *only = text_of(a->options, "mailbox");
	int status = EXIT_DONE;

	for (size_t i = 0; i < json_array_size(mailboxes) && status == EXIT_DONE; i++)
		if (is_wanted(json_array_get(mailboxes, i), only))
			status = receiving_run(c, a->words[0], json_array_get(mailboxes, i), w, t);
	if (status != EXIT_DONE || t->mailboxes > 0)
		return status;
	(void)fprintf(stderr, "mailvisor: %s: no such mailbox\n", only);
	return EXIT_FAILED;
}

static void report(const struct client *c, const struct tally *t)
{
	json_t *json = json_pack("{s:I, s:I, s:I, s:I}", "exported", (json_int_t)t->messages,
		"bytes", (json_int_t)t->bytes, "refused", (json_int_t)t->refused, "mailboxes",
		(json_int_t)t->mailboxes);

	if (!call_print_json(c, json))
		(void)printf("exported: %" PRIu64 " messages, %" PRIu64
			     " bytes; unreadable: %" PRIu64 "; mailboxes: %" PRIu64 "\n",
			t->messages, t->bytes, t->refused, t->mailboxes);
	json_decref(json);
}

int export_run(struct client *c, struct args *a)
{
	struct tally tally = { .is_quiet = json_is_true(json_object_get(a->options, "quiet")) };
	bool is_single = text_of(a->options, "mailbox")[0] != '\0';
	struct writer w = { .context = NULL };
	json_t *mailboxes = NULL, *subscriptions = NULL;
	int status = archive_mailboxes(c, a->words[0], &mailboxes, &subscriptions);

	if (status == EXIT_DONE)
		status = writer_open(a, is_single, &w);
	if (status == EXIT_DONE) {
		status = export_mailboxes(c, a, mailboxes, &w, &tally);
		if (status == EXIT_DONE && !is_single && !w.subscriptions(w.context, subscriptions))
			status = EXIT_FAILED;
		w.done(w.context);
		report(c, &tally);
	}
	json_decref(mailboxes);
	json_decref(subscriptions);
	return status == EXIT_DONE && tally.refused > 0 ? EXIT_FAILED : status;
}
