/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mailbox - what the commands about mailboxes share: mailbox.c, list.c, status.c, copy.c, append.c.
 */
#include "mail/mailbox.h"
#include "session/imap/imap.h"

/* The answer when it is not MAILBOX_OK; `missing` is the code for one that does not exist. */
enum next imap_mailbox_no(
	struct imap *s, enum mailbox_answer answer, struct slice missing, const struct error *e);
/* Opens one for reading; NULL: the answer was said and *ret_next is what follows. */
MUST_CHECK struct folder *imap_mailbox_open(
	struct imap *s, struct slice name, struct slice missing, enum next *ret_next);

/* mailbox.c */
enum next imap_create(struct imap *s, struct slice args);
enum next imap_delete(struct imap *s, struct slice args);
enum next imap_rename(struct imap *s, struct slice args);
enum next imap_subscribe(struct imap *s, struct slice args);
enum next imap_unsubscribe(struct imap *s, struct slice args);

/* acl.c */
enum next imap_setacl(struct imap *s, struct slice args);
enum next imap_deleteacl(struct imap *s, struct slice args);
enum next imap_getacl(struct imap *s, struct slice args);
enum next imap_listrights(struct imap *s, struct slice args);
enum next imap_myrights(struct imap *s, struct slice args);
/* "* MYRIGHTS name lrs…" */
void imap_put_my_rights(struct imap *s, struct slice name, unsigned rights);

/* list.c */
enum next imap_list(struct imap *s, struct slice args);
enum next imap_lsub(struct imap *s, struct slice args);
/* \HasChildren or \HasNoChildren; and " \Sent", nothing when there is no use. */
struct slice imap_children_word(const struct mailbox *box);
void imap_put_uses(struct imap *s, unsigned uses);

/* status.c */
enum next imap_status(struct imap *s, struct slice args);
/* The client asked for these: HIGHESTMODSEQ enables CONDSTORE. Before a STATUS is said. */
void imap_status_asked(struct imap *s, unsigned items);
/* "* STATUS name (…)": items are bits of enum imap_status_item. */
void imap_put_status(struct imap *s, struct slice name, struct folder *f, unsigned items);
