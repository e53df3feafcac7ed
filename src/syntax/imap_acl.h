/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_acl - SETACL, DELETEACL, LISTRIGHTS; GETACL and MYRIGHTS are imap_mailbox_parse(). RFC 4314.
 *
 * Rights are bits. The old letters stand for the new ones: c for k and x, d for t and e: the first of the two readings that
 * RFC 4314 2.1.1 allows, so that whoever may delete messages may not delete the mailbox.
 * A letter nobody knows fails: SETACL is answered BAD (4314 3.1). Upper case is not a right.
 */
#include "base/buf.h"
#include "syntax/imap_line.h"

enum imap_right {                    /* in the order they are written in */
	IMAP_RIGHT_LOOKUP = 1 << 0,  /* l */
	IMAP_RIGHT_READ = 1 << 1,    /* r */
	IMAP_RIGHT_SEEN = 1 << 2,    /* s */
	IMAP_RIGHT_WRITE = 1 << 3,   /* w: flags but \Seen and \Deleted */
	IMAP_RIGHT_INSERT = 1 << 4,  /* i */
	IMAP_RIGHT_POST = 1 << 5,    /* p */
	IMAP_RIGHT_CREATE = 1 << 6,  /* k */
	IMAP_RIGHT_DELETE = 1 << 7,  /* x: the mailbox */
	IMAP_RIGHT_TRASH = 1 << 8,   /* t: \Deleted */
	IMAP_RIGHT_EXPUNGE = 1 << 9, /* e */
	IMAP_RIGHT_ADMIN = 1 << 10,  /* a */
	IMAP_RIGHT_ALL = (1 << 11) - 1,
};
enum imap_acl_change { IMAP_ACL_SET, IMAP_ACL_ADD, IMAP_ACL_REMOVE };
struct imap_acl {
	struct slice mailbox;
	struct slice identifier;     /* may begin with '-': negative rights */
	enum imap_acl_change change; /* SETACL */
	unsigned rights;
};
MUST_CHECK bool imap_setacl_parse(struct imap_parse *p, struct slice args, struct imap_acl *ret);
/* Mailbox and identifier: DELETEACL, LISTRIGHTS. */
MUST_CHECK bool imap_acl_who_parse(struct imap_parse *p, struct slice args, struct imap_acl *ret);
/* Letters without a sign; false when one is no right. */
MUST_CHECK bool imap_rights_parse(struct slice letters, unsigned *ret);
/* The letters; with_old adds c and d where some of what they stand for is there (4314 2.1.1: in ACL and MYRIGHTS). */
MUST_CHECK bool imap_rights_write(struct buf *out, unsigned rights, bool with_old);
