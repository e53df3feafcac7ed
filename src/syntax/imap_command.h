/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_command - the commands with few arguments; bigger ones have a file of their own.
 *
 * Which command takes which: imap_none_parse: CAPABILITY NOOP LOGOUT STARTTLS CHECK CLOSE UNSELECT EXPUNGE IDLE NAMESPACE
 * UNAUTHENTICATE. imap_mailbox_parse: DELETE SUBSCRIBE UNSUBSCRIBE. imap_copy_parse: COPY MOVE (and with UID).
 * imap_uid_set_parse: UID EXPUNGE. imap_word_parse: COMPRESS.
 * Secrets (LOGIN, AUTHENTICATE) stand in args and arena only.
 * Limits: LIMIT_IMAP_ID_FIELDS, LIMIT_IMAP_ENABLE_NAMES, LIMIT_IMAP_CANCEL_TAGS.
 */
#include "syntax/imap_set.h"

MUST_CHECK bool imap_none_parse(struct imap_parse *p, struct slice args);
MUST_CHECK bool imap_mailbox_parse(struct imap_parse *p, struct slice args, struct slice *ret);
MUST_CHECK bool imap_word_parse(struct imap_parse *p, struct slice args, struct slice *ret);
MUST_CHECK bool imap_uid_set_parse(struct imap_parse *p, struct slice args, struct imap_set *ret);

struct imap_login {
	struct slice user, password;
};
MUST_CHECK bool imap_login_parse(struct imap_parse *p, struct slice args, struct imap_login *ret);

struct imap_authenticate {
	struct slice mechanism;
	bool has_initial;     /* RFC 4959 */
	struct slice initial; /* base64 as written; "=" (an empty answer) gives the empty slice */
};
MUST_CHECK bool imap_authenticate_parse(
	struct imap_parse *p, struct slice args, struct imap_authenticate *ret);

struct imap_copy {
	struct imap_set set;
	struct slice mailbox;
};
MUST_CHECK bool imap_copy_parse(struct imap_parse *p, struct slice args, struct imap_copy *ret);

struct imap_rename {
	struct slice from, to;
};
MUST_CHECK bool imap_rename_parse(struct imap_parse *p, struct slice args, struct imap_rename *ret);

struct imap_create {
	struct slice mailbox;
	unsigned uses;        /* bits of enum imap_use (imap_flag.h) */
	bool has_unknown_use; /* USE named another attribute: NO [USEATTR], RFC 6154 3 */
};
MUST_CHECK bool imap_create_parse(struct imap_parse *p, struct slice args, struct imap_create *ret);

struct imap_names { /* ENABLE's capabilities, CANCELUPDATE's tags */
	const struct slice *at;
	size_t count;
};
MUST_CHECK bool imap_enable_parse(struct imap_parse *p, struct slice args, struct imap_names *ret);
MUST_CHECK bool imap_cancelupdate_parse(
	struct imap_parse *p, struct slice args, struct imap_names *ret);

struct imap_id_field {
	struct slice name, value; /* value.at is NULL for NIL */
};
struct imap_id { /* count 0 also for NIL */
	const struct imap_id_field *at;
	size_t count;
};
MUST_CHECK bool imap_id_parse(struct imap_parse *p, struct slice args, struct imap_id *ret);
