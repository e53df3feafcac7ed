/* SPDX-License-Identifier: MIT */
#include "cmd/archive/archive.h"
#include "cmd/archive/attributes.h"
#include "cmd/archive/known.h"
#include "cmd/archive/maildir.h"
#include "cmd/archive/subscriptions.h"
#include "cmd/archive/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct import {
	const struct client *client;
	const char *account;
	json_t *mailboxes; /* of the account before we began */
	/* What the archive says is subscribed: names here, false when it was done. NULL: it says nothing. */
	json_t *subscriptions;
	enum maildir_date date;
	enum mbox_quotes quotes;
	bool has_duplicates; /* also what is there already */
	struct tally tally;
	struct known known; /* of the mailbox that we are at */
	struct sending sending;
	struct letter_reader reader;
	int status; /* why it stopped */
};

static bool known_take_id(void *context, struct digest_id id)
{
	return known_add(context, id) || fputs("mailvisor: out of memory\n", stderr) == EOF;
}

/* INBOX is one name, whatever its letters. */
static bool is_inbox(const char *mailbox)
{
	return strcasecmp(mailbox, "INBOX") == 0;
}

static int known_read(struct import *i, const char *mailbox)
{
	known_done(&i->known);
	if (i->has_duplicates ||
		archive_messages(i->mailboxes, is_inbox(mailbox) ? "INBOX" : mailbox) == 0)
		return EXIT_DONE;
	return receiving_digests(i->client, i->account, mailbox, known_take_id, &i->known);
}

/* Takes the letter over. */
static int letter_take(struct import *i, struct letter *l)
{
	struct error e = { .fault = FAULT_NONE };

	if (!letter_measure(&i->reader, l, &e)) {
		tally_refuse(&i->tally, l->path, l->line, e.text);
	} else if (known_take(&i->known, l->id)) {
		i->tally.present++;
	} else {
		return sending_add(&i->sending, l);
	}
	letter_done(l);
	return EXIT_DONE;
}

/* A source of letters: one of the two formats. */
struct source {
	bool (*next)(void *reader, struct letter *ret, bool *ret_found, struct error *e);
	void *reader;
};

static bool maildir_next(void *reader, struct letter *ret, bool *ret_found, struct error *e)
{
	return maildir_reader_next(reader, ret, ret_found, e);
}

static bool mbox_next(void *reader, struct letter *ret, bool *ret_found, struct error *e)
{
	return mbox_reader_next(reader, ret, ret_found, e);
}

static int letters_take(struct import *i, const struct source *source, const char *path)
{
	struct error e = { .fault = FAULT_NONE };
	int status = EXIT_DONE;

	for (bool is_found = true; is_found && status == EXIT_DONE;) { /* ends with the letters */
		struct letter l;

		if (!source->next(source->reader, &l, &is_found, &e)) {
			/* What came before it is good. */
			tally_refuse(&i->tally, path, 0, e.text);
			break;
		}
		if (is_found)
			status = letter_take(i, &l);
	}
	return status == EXIT_DONE ? sending_flush(&i->sending) : status;
}

/* 1: subscribe it, 0: do not, -1: leave it. Who says nothing of subscriptions wants to see what he brings in. */
static int subscription_of(struct import *i, const char *mailbox, bool is_new)
{
	if (json_object_get(i->subscriptions, mailbox) == NULL)
		return !is_new ? -1 : i->subscriptions == NULL ? 1 : 0;
	(void)json_object_set_new(i->subscriptions, mailbox, json_false());
	return 1;
}

static int attributes_take(struct import *i, bool is_maildir, const char *path, const char *mailbox)
{
	const char *name = is_inbox(mailbox) ? "INBOX" : mailbox;
	bool is_new = !archive_has_mailbox(i->mailboxes, name);
	char room[MAILDIR_PATH_BYTES];

	if (attributes_path(path, is_maildir, room))
		return attributes_send(
			i->client, i->account, mailbox, room, subscription_of(i, name, is_new));
	tally_refuse(&i->tally, path, 0, "the path is too long");
	return EXIT_DONE;
}

/* Names that are subscribed and are no mailboxes of the archive. */
static int subscriptions_end(struct import *i)
{
	int status = EXIT_DONE;
	const char *name;
	json_t *is_left;

	json_object_foreach(i->subscriptions, name, is_left)
	{
		if (status == EXIT_DONE && json_is_true(is_left))
			status = attributes_subscribe(i->client, i->account, name);
	}
	return status;
}

static bool import_mailbox(
	void *context, enum tree_format format, const char *path, const char *mailbox)
{
	struct import *i = context;
	bool is_maildir = format == TREE_MAILDIR;
	struct error e = { .fault = FAULT_NONE };
	struct source source = { is_maildir ? maildir_next : mbox_next, NULL };

	source.reader = is_maildir ? (void *)maildir_reader_open(path, i->date, &e)
				   : (void *)mbox_reader_open(path, i->quotes, &e);
	if (source.reader == NULL) {
		tally_refuse(&i->tally, path, 0, e.text);
		return true;
	}
	i->sending.mailbox = mailbox;
	i->tally.mailboxes++;
	i->status = attributes_take(i, is_maildir, path, mailbox);
	if (i->status == EXIT_DONE)
		i->status = known_read(i, mailbox);
	if (i->status == EXIT_DONE)
		i->status = letters_take(i, &source, path);
	if (is_maildir)
		maildir_reader_close(source.reader);
	else
		mbox_reader_close(source.reader);
	return i->status == EXIT_DONE;
}

/* ---- The command ---- */

/* False: it was told what is wrong. */
static bool options_take(struct import *i, struct tree *tree, const struct args *a)
{
	const char *format = text_of(a->options, "format"), *date = text_of(a->options, "date");
	const char *mailbox = text_of(a->options, "mailbox");

	tree->top = mailbox[0] != '\0' ? mailbox : "INBOX";
	i->has_duplicates = json_is_true(json_object_get(a->options, "duplicates"));
	i->tally.is_quiet = json_is_true(json_object_get(a->options, "quiet"));
	i->quotes =
		json_is_true(json_object_get(a->options, "mboxo")) ? MBOX_QUOTES_O : MBOX_QUOTES_RD;
	i->date = strcmp(date, "name") == 0 ? MAILDIR_DATE_NAME : MAILDIR_DATE_MTIME;
	if (date[0] != '\0' && strcmp(date, "name") != 0 && strcmp(date, "mtime") != 0) {
		(void)fprintf(stderr, "mailvisor: --date '%s': that is not mtime or name\n", date);
		return false;
	}
	if (strcmp(format, "maildir") == 0)
		tree->format = TREE_MAILDIR;
	else if (strcmp(format, "mbox") == 0)
		tree->format = TREE_MBOX;
	else if (format[0] != '\0') {
		(void)fprintf(
			stderr, "mailvisor: --format '%s': that is not maildir or mbox\n", format);
		return false;
	}
	return true;
}

static void report(const struct client *c, const struct import *i)
{
	const struct tally *t = &i->tally;
	json_t *json = json_pack("{s:I, s:I, s:I, s:I, s:I}", "imported", (json_int_t)t->messages,
		"bytes", (json_int_t)t->bytes, "present", (json_int_t)t->present, "refused",
		(json_int_t)t->refused, "mailboxes", (json_int_t)t->mailboxes);

	if (!call_print_json(c, json))
		(void)printf("imported: %" PRIu64 " messages, %" PRIu64
			     " bytes; there already: %" PRIu64 "; refused: %" PRIu64
			     "; mailboxes: %" PRIu64 "\n",
			t->messages, t->bytes, t->present, t->refused, t->mailboxes);
	json_decref(json);
}

static int import_from(struct import *i, struct tree *tree, const char *path)
{
	struct error e = { .fault = FAULT_NONE };
	json_t *subscribed = NULL;
	int status = archive_mailboxes(i->client, i->account, &i->mailboxes, &subscribed);

	json_decref(subscribed);
	if (status != EXIT_DONE)
		return status;
	if (!subscriptions_read(path, tree->top, &i->subscriptions))
		return EXIT_FAILED;
	if (!tree_walk(tree, path, &i->tally.refused, &e)) {
		(void)fprintf(stderr, "mailvisor: %s\n", e.text);
		return EXIT_FAILED;
	}
	if (i->status == EXIT_DONE)
		i->status = subscriptions_end(i);
	report(i->client, i);
	if (i->status != EXIT_DONE)
		return i->status;
	return i->tally.refused > 0 ? EXIT_FAILED : EXIT_DONE;
}

int import_run(struct client *c, struct args *a)
{
	struct import *i = calloc(1, sizeof *i);
	struct tree tree = { .visit = import_mailbox, .context = i };
	int status = EXIT_USAGE;

	if (i == NULL)
		return EXIT_LATER;
	i->client = c;
	i->account = a->words[0];
	i->sending.client = c;
	i->sending.account = i->account;
	i->sending.tally = &i->tally;
	if (options_take(i, &tree, a))
		status = import_from(i, &tree, a->words[1]);
	sending_done(&i->sending);
	known_done(&i->known);
	json_decref(i->mailboxes);
	json_decref(i->subscriptions);
	free(i);
	return status;
}
