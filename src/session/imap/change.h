/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * change - the commands that change messages: store.c, copy.c, expunge.c, append.c (REPLACE too); and the quotas that limit them.
 */
#include "mail/directory.h"
#include "session/imap/mailbox.h"

/* The session's account as a target, with its quotas. False: *ret_next is what follows the answer. */
MUST_CHECK bool imap_own_target(struct imap *s, struct target *ret, enum next *ret_next);

/* Where messages are put: a mailbox that takes them, whose owner pays for them. */
struct imap_into {
	struct folder *folder;
	struct target target; /* the owner */
	unsigned rights;      /* of this session there: RFC 4314 4, which flags go along */
};
/* RFC 9051 6.3.12: who may not select it hears no UIDs of it. */
bool imap_into_tells(const struct imap_into *into);
/* MAILBOX_MISSING is [TRYCREATE]. Give ret->folder back. */
MUST_CHECK enum mailbox_answer imap_into_open(
	struct imap *s, struct slice name, struct imap_into *ret, struct error *e);

/* quota.c */
enum next imap_getquota(struct imap *s, struct slice args);
enum next imap_getquotaroot(struct imap *s, struct slice args);
enum next imap_setquota(struct imap *s, struct slice args);

enum next imap_store(struct imap *s, struct slice args);
enum next imap_copy(struct imap *s, struct slice args);
enum next imap_move(struct imap *s, struct slice args);
enum next imap_expunge(struct imap *s, struct slice args);
enum next imap_append(struct imap *s, struct slice args);
enum next imap_replace(struct imap *s, struct slice args);
