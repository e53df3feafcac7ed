/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * archive - `mailvisor import` and `mailvisor export`: mail of an account from and to a Maildir or mbox.
 *
 *   import: tree (which mailboxes) -> maildir_read, mbox_read (which messages) -> letter (their bytes)
 *           -> known (there already?) -> sending (many in one request, one transaction of the server)
 *   export: receiving (a streamed answer) -> maildir_write, mbox_write
 *
 * Both speak to the running server through its control socket, see src/admin/archive.h. Memory is bounded by numbers
 * in these headers, but for 24 bytes a message that a mailbox has when more is imported into it (known.h).
 * Threads: one.
 */
#include "cmd/archive/letter.h"
#include "cmd/client/client.h"

/* ---- What both count and tell ---- */
struct tally {
	uint64_t mailboxes, messages, bytes;
	uint64_t present; /* import: there already */
	uint64_t refused; /* and told */
	bool is_quiet;
	uint64_t told; /* messages when progress was told last */
};
/* One more message was done in this mailbox: a word on stderr now and then. */
void tally_add(struct tally *t, const char *mailbox, uint64_t bytes);
/* "mailvisor: PATH:LINE: what" */
void tally_refuse(struct tally *t, const char *path, uint64_t line, const char *what);

/* The account's mailboxes as the server lists them, and the names that are subscribed: objects and texts in arrays that the
 * caller owns. The exit status. */
int archive_mailboxes(const struct client *c, const char *account, json_t **ret_mailboxes,
	json_t **ret_subscriptions);
/* Is this one of them? */
bool archive_has_mailbox(const json_t *mailboxes, const char *name);
/* The number of messages of one of them; 0 also when it is not there. */
uint64_t archive_messages(const json_t *mailboxes, const char *name);

/* ---- sending.c ---- */
enum {
	SENDING_MESSAGES = 500,  /* of one request */
	SENDING_BYTES = 8 << 20, /* then it is sent; a message may be larger */
};
struct sending {
	const struct client *client;
	const char *account, *mailbox;
	struct tally *tally;
	struct letter letters[SENDING_MESSAGES];
	size_t count;
	uint64_t bytes;
	/* while it is sent: */
	size_t at;
	char *head; /* of letters[at], not sent yet */
	size_t head_at;
	bool is_open;
	uint64_t sent; /* of letters[at] */
	struct slice piece;
	struct letter_reader reader;
	bool is_full; /* there was no room for some */
};
/* Takes the letter, measured; sends when there is enough. EXIT_DONE, or why it ends (told). */
int sending_add(struct sending *s, struct letter *l);
int sending_flush(struct sending *s);
void sending_done(struct sending *s);

/* ---- receiving.c ---- */
struct received {
	const char *mailbox;
	uint32_t uid, uid_validity;
	uint64_t received_ns;
	int32_t zone_min;    /* of it, east of UTC */
	bool keeps_lf;       /* its lines end in LF, and are stored so */
	const json_t *flags; /* names */
};
/* Where messages go. False: it was told why. Bytes come with the line ends that they are to have. */
struct writer {
	bool (*mailbox_begin)(
		void *context, const char *mailbox, uint32_t uid_validity, uint32_t *ret_after);
	bool (*message_begin)(void *context, const struct received *head);
	bool (*message_bytes)(void *context, struct slice bytes);
	bool (*message_end)(void *context);
	/* With the lines of its attributes (attributes.h). */
	bool (*mailbox_end)(void *context, const char *mailbox, struct slice attributes);
	/* Of all mailboxes: the names that are subscribed. */
	bool (*subscriptions)(void *context, const json_t *names);
	void (*done)(void *context);
	void *context;
};
/* All messages of a mailbox into the writer; the exit status. */
int receiving_run(const struct client *c, const char *account, const json_t *mailbox,
	const struct writer *w, struct tally *t);
/* Their digests alone, into a function. */
int receiving_digests(const struct client *c, const char *account, const char *mailbox,
	bool (*take)(void *context, struct digest_id id), void *context);

/* maildir_write.c and mbox_write.c: into the directory, or for one mailbox the file. False: it was told why. */
MUST_CHECK bool maildir_writer_open(const char *path, bool is_single, struct writer *ret);
MUST_CHECK bool mbox_writer_open(
	const char *path, bool is_single, enum mbox_quotes quotes, struct writer *ret);

verb_fn import_run, export_run;
