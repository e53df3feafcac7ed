/* SPDX-License-Identifier: MIT */
#include "syntax/imap_acl.h"

#include "syntax/imap_word.h"

#define LETTERS "lrswipkxtea" /* in the order of the bits */

static const char letters[] = LETTERS;

enum {
	OLD_CREATE = IMAP_RIGHT_CREATE | IMAP_RIGHT_DELETE, /* c */
	OLD_DELETE = IMAP_RIGHT_TRASH | IMAP_RIGHT_EXPUNGE, /* d */
};

bool imap_rights_parse(struct slice text, unsigned *ret)
{
	unsigned rights = 0;

	for (size_t i = 0; i < text.len; i++) {
		size_t bit = slice_find(S(LETTERS), text.at[i]);

		if (text.at[i] == 'c')
			rights |= OLD_CREATE;
		else if (text.at[i] == 'd')
			rights |= OLD_DELETE;
		else if (bit < sizeof letters - 1)
			rights |= 1u << bit;
		else
			return false;
	}
	*ret = rights;
	return true;
}

bool imap_rights_write(struct buf *out, unsigned rights, bool with_old)
{
	for (size_t i = 0; i < sizeof letters - 1; i++) {
		if ((rights & 1u << i) != 0 && !buf_add_byte(out, letters[i]))
			return false;
	}
	if (!with_old)
		return true;
	if ((rights & OLD_CREATE) != 0 && !buf_add_byte(out, 'c'))
		return false;
	return (rights & OLD_DELETE) == 0 || buf_add_byte(out, 'd');
}

static void read_who(struct imap_reader *r, struct imap_acl *acl)
{
	acl->mailbox = imap_mailbox(r);
	imap_space(r);
	acl->identifier = imap_astring(r);
	if (acl->identifier.len == 0)
		imap_miss(r, "the identifier is empty");
}

bool imap_acl_who_parse(struct imap_parse *p, struct slice args, struct imap_acl *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_acl acl = { 0 };

	read_who(&r, &acl);
	if (!imap_reader_done(&r))
		return false;
	*ret = acl;
	return true;
}

bool imap_setacl_parse(struct imap_parse *p, struct slice args, struct imap_acl *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_acl acl = { 0 };
	struct slice change;

	read_who(&r, &acl);
	imap_space(&r);
	change = imap_astring(&r);
	if (slice_starts(change, S("+")))
		acl.change = IMAP_ACL_ADD;
	else if (slice_starts(change, S("-")))
		acl.change = IMAP_ACL_REMOVE;
	if (!imap_rights_parse(slice_skip(change, acl.change == IMAP_ACL_SET ? 0 : 1), &acl.rights))
		imap_miss(&r, "the rights are letters of lrswipkxtea (and c, d), + or - before");
	if (!imap_reader_done(&r))
		return false;
	*ret = acl;
	return true;
}
