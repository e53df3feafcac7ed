/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * attributes - what a Maildir or mbox cannot say of a mailbox, in a text file of ours beside it.
 *
 * Its name is mailvisor-mailbox in a Maildir, and .NAME.mailvisor-mailbox beside the mbox NAME. The first line is
 * "# mailvisor-mailbox 1"; other lines that begin with # are passed over. Lines (see src/admin/archive.h, which makes and reads
 * all but the last two):
 *
 *     use \Sent                        a special use
 *     acl lrs bob@a.example            rights of somebody else; -bob@a.example: denied
 *     metadata /private/comment text   an entry of METADATA
 *     server-metadata /private/x text  of INBOX's file: an entry of the account itself
 *     keyword 26 Word                  a keyword without a letter, of a Maildir
 *     name Work/2026                   what it is called, when that is too long for the name of a file (maildir_short_write())
 *
 * In values and addresses stand control characters, '%' and bytes that are no UTF-8 as %XX.
 * Subscriptions stand in a file for the whole archive (subscriptions.h).
 */
#include "base/buf.h"
#include "cmd/archive/archive.h"

enum {
	ATTRIBUTES_BYTES =
		8
		<< 20, /* all of a mailbox: 100 entries of 16 KB, three times that when written as %XX */
};
/* The file of a mailbox; room has MAILDIR_PATH_BYTES. False: the path is too long. */
MUST_CHECK bool attributes_path(const char *mailbox, bool is_maildir, char *room);
/* Every line but comments, into a function; when there is no file, none. False: it was told why, or the function gave up. */
MUST_CHECK bool attributes_read(
	const char *path, bool (*take)(void *context, struct slice line), void *context);
/* The line "name", without its word; .at NULL: there is none. In room, which has MAILDIR_PATH_BYTES. */
struct slice attributes_name(const char *mailbox, bool is_maildir, char *room);
/* Its lines; empty and not `is_kept`: there is to be no file. False: it was told why. */
MUST_CHECK bool attributes_write(const char *path, struct slice lines, bool is_kept);

/* Adds such a line. */
MUST_CHECK bool attributes_name_add(struct buf *lines, const char *mailbox);

/* The server's lines of a mailbox; the exit status. */
int attributes_fetch(
	const struct client *c, const char *account, const char *mailbox, struct buf *ret);
/* Makes the mailbox, unless it is there, with the lines of its file and (-1: as it comes) subscribed or not. */
int attributes_send(const struct client *c, const char *account, const char *mailbox,
	const char *path, int is_subscribed);
/* Subscribes a name, whether it is a mailbox or not. */
int attributes_subscribe(const struct client *c, const char *account, const char *mailbox);
