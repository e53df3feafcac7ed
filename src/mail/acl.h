/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * acl - who besides its owner may do what with a mailbox. RFC 4314.
 *
 * An entry gives rights to an account, or to everybody of the owner's domain ("anyone"), or takes them away (negative). What
 * somebody has is what anyone and he himself are given, without what anyone or he is denied. The owner has all rights and
 * stands in no list. Entries name accounts by id: whoever gets an address that was removed gets none of its rights.
 * A new mailbox has the list of the nearest mailbox above it (RFC 4314 4); a list goes with its mailbox.
 * In the store: key "r<folder id>" beside the account's names, so that names and rights are one snapshot; and for whoever is
 * given something a key <folder id> in "g<account or domain id>", by which his LIST finds it. Those may be stale, never missing.
 * Not here: which right which command needs (session/imap/place.h), how mailboxes of others are called.
 * Limits: LIMIT_ACL_ENTRIES, LIMIT_ACL_BYTES, LIMIT_SHARES.
 */
#include "mail/mailbox.h"
#include "syntax/imap_acl.h"

enum {
	LIMIT_ACL_ENTRIES = 100, /* of one mailbox; people have five */
	/* of them all: LIMIT_MAILBOX_DEPTH new levels inherit it in one commit, LIMIT_COMMIT_BYTES */
	LIMIT_ACL_BYTES = 12 << 10,
	/* mailboxes that one account, or all of a domain, are given; each LIST looks at them */
	LIMIT_SHARES = 10000,
};

struct acl_entry {
	struct id who; /* an account, or the domain whose accounts are all meant */
	bool is_anyone, is_negative;
	unsigned rights;      /* bits of enum imap_right */
	struct slice address; /* of the account when the entry was made; of anyone empty */
};
struct acl {
	struct slice owner; /* address */
	struct acl_entry *at;
	size_t count;
};

/* Somebody who wants to see mailboxes of others. */
struct acl_reader {
	struct id account, domain;
};
/* Of an account, by its address. False: failed, or (with FAULT_NONE) there is no such account. */
enum acl_person { ACL_PERSON_OK, ACL_PERSON_UNKNOWN, ACL_PERSON_FAILED };
enum acl_person acl_person(struct mail *m, struct slice address, struct arena *a,
	struct slice *ret_address, struct acl_reader *ret, struct error *e);

/* What the list (NULL: nobody) gives to somebody who is not the owner. */
unsigned acl_rights(const struct acl *acl, const struct acl_reader *who);

/* What `who` may do with a mailbox of the owner, by name or by folder; the owner all. MAILBOX_MISSING: it is no mailbox. */
enum mailbox_answer acl_rights_of(struct mail *m, struct id owner, struct slice name,
	const struct acl_reader *who, unsigned *ret, struct error *e);
enum mailbox_answer acl_rights_in(struct mail *m, struct id owner, struct id folder,
	const struct acl_reader *who, unsigned *ret, struct error *e);
/* What he may do with the nearest mailbox above a name; 0: there is none. */
MUST_CHECK bool acl_rights_above(struct mail *m, struct id owner, struct slice name,
	const struct acl_reader *who, unsigned *ret, struct error *e);

/* The list; all in the arena. */
enum mailbox_answer acl_get(struct mail *m, struct id owner, struct slice name, struct arena *a,
	struct acl *ret, struct error *e);
/* SETACL: the entry's rights replace, are added to or are taken from those of whom it names. No rights: no entry. */
struct acl_change {
	struct slice owner; /* its address */
	struct acl_entry entry;
	enum imap_acl_change how;
};
enum mailbox_answer acl_change(struct mail *m, struct id owner, struct slice name,
	const struct acl_change *change, struct error *e);

/* A mailbox of somebody else that may be looked up. */
struct acl_shared {
	struct mailbox box; /* the name is the owner's */
	struct id owner;
	struct slice owner_address;
	unsigned rights;
};
/* All of them, owner by owner; in the arena. */
MUST_CHECK bool acl_list_shared(struct mail *m, const struct acl_reader *who, struct arena *a,
	struct acl_shared **ret, size_t *ret_count, struct error *e);
