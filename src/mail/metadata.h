/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * metadata - what people note about mailboxes and about the server: METADATA, RFC 5464.
 *
 * An entry has a name of levels ("/shared/comment", lower case) and a value of any bytes. /shared is one for all, /private is
 * everybody's own. Entries of a mailbox stand with its owner and hang on the folder: RENAME takes them along, DELETE and the
 * end of the account remove them, /private ones of other people too. Entries of the server stand with whoever made them and
 * are all /private; what the server says of itself is not here (session/imap/metadata.c).
 * In the store: partition "M<account id>", key <folder id>'s'<name> or <folder id>'p'<reader's account id><name>, the folder id
 * being zero for the server; "c" is how many there are and how long they are.
 * Not here: rights, the grammar of names, the choice by DEPTH.
 * Limits: LIMIT_METADATA_VALUE_BYTES, LIMIT_METADATA_ENTRIES; LIMIT_METADATA_ACCOUNT_ENTRIES and _BYTES, _OTHERS_ENTRIES and
 * _BYTES.
 */
#include "base/arena.h"
#include "mail/mail.h"

enum {
	LIMIT_METADATA_VALUE_BYTES = 16
				     << 10, /* RFC 5464 4.3 asks for 1,024; people note comments */
	LIMIT_METADATA_ENTRIES =
		100, /* of a mailbox, shared ones and each reader's for themselves */
	/* Of all mailboxes of an account; with those of others under LIMIT_PARTITION_KEYS. Names and values, in no quota. */
	LIMIT_METADATA_ACCOUNT_ENTRIES = 38000,
	LIMIT_METADATA_ACCOUNT_BYTES = 4 << 20,
	/* What others noted for themselves about them, so that nobody takes the owner's room. */
	LIMIT_METADATA_OTHERS_ENTRIES = 10000,
	LIMIT_METADATA_OTHERS_BYTES = 1 << 20,
};

/* Of what, and as whom: a mailbox, or (folder all zero) the server. */
struct metadata_of {
	struct id owner; /* of the mailbox; for the server whoever asks */
	struct id folder;
	struct id reader; /* whose /private entries are meant */
};
struct metadata_entry {
	struct slice name;
	struct slice value; /* .at NULL: it is not there, or is to be removed */
};

/* The entry, or with `with_below` all that begin with its name and '/', too; by name, in the arena. */
MUST_CHECK bool metadata_read(struct mail *m, const struct metadata_of *of, struct slice name,
	bool with_below, struct arena *a, struct metadata_entry **ret, size_t *ret_count,
	struct error *e);

enum metadata_answer {
	METADATA_OK,
	METADATA_MISSING,  /* the mailbox is gone */
	METADATA_TOO_MANY, /* [METADATA TOOMANY] */
	METADATA_TOO_LONG, /* [METADATA MAXSIZE n] */
	METADATA_FAILED,
};
/* All of them or none. Who watches is told, but for `origin` (see changes_tell_entry). */
MUST_CHECK enum metadata_answer metadata_write(struct mail *m, const struct metadata_of *of,
	const struct metadata_entry *entries, size_t count, const void *origin, struct error *e);
