/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * archive - whole mailboxes through the control interface: what `mailvisor import` and `mailvisor export` speak.
 *
 *     GET  /v1/mailboxes/ADDRESS            {"items": [{"name", "messages", "bytes", "uid_validity"}], "subscriptions": [names]}
 *     GET  /v1/attributes/ADDRESS?mailbox=NAME   {"attributes": [lines]}
 *     PUT  /v1/attributes/ADDRESS?mailbox=NAME   the same, and maybe "subscribed": {"left": [{"line", "what"}]}
 *     GET  /v1/mail/ADDRESS?mailbox=NAME&after=UID&bytes=no
 *     POST /v1/mail/ADDRESS?mailbox=NAME    makes the mailbox when it is not there
 *
 * Attributes are what there is to say of a mailbox besides its messages, as lines of text:
 *
 *     use \Sent                        a special use, RFC 6154
 *     acl lrs bob@a.example            rights of somebody else (anyone; -bob@a.example: denied), RFC 4314
 *     metadata /private/comment text   an entry, shared or the owner's own, RFC 5464
 *     server-metadata /private/x text  of INBOX: one of the account itself
 *
 * Values and addresses are written by syntax/percent.h. A PUT with lines makes the mailbox when it is not there, without the rights
 * of the one above; what a line asks for and cannot be had is left, and told. Without lines it only subscribes, or ends that.
 *
 * Mail carries messages as a JSON object on a line, ended by LF, and then "size" bytes of message as they are stored.
 * Members going in: size; maybe flags (\Seen ... and keywords), received_ns, zone_min (its zone, east of UTC), verbatim (its
 * line ends must come out as they are). Coming out also: uid, digest (message/digest.h), to_lf: its lines end in CRLF and an
 * archive writes LF, and keeps_lf: they are stored with LF, which an import must not change. A
 * message that cannot be read is {"uid", "problem"} without bytes. The last line of a complete answer is {"end": count};
 * with bytes=no no bytes follow.
 *
 * A POST is one transaction of at most APPEND_MAX messages: {"taken": count, "refused": [{"at", "what"}], "is_full"}. What
 * is refused is left out, `at` counts from 0; is_full: there was no room for the first that is in neither, and all after
 * it were left out. A connection that breaks before the end has put in nothing.
 * Threads: one request, one thread. Memory: one chunk of a message, whatever its size.
 */
#include "admin/request.h"

enum {
	LIMIT_ARCHIVE_HEAD_BYTES =
		16 << 10, /* LIMIT_IMAP_FLAGS keywords of LIMIT_IMAP_KEYWORD_BYTES */
	/* of one message: what the administrator brings in need not keep limit.message_size, but a client must hold it */
	LIMIT_ARCHIVE_MESSAGE_BYTES = 1 << 30,
};

/* The account of the path as a target; false: *a says what is wrong. In the arena. */
bool archive_account(struct request *r, struct arena *arena, struct target *ret, struct answer *a);
/* The mailbox of the query, in its canonical spelling; false: *a says what is wrong. */
bool archive_mailbox(struct request *r, struct arena *arena, struct slice *ret, struct answer *a);
/* "\Seen" ...; 0: it is a keyword. And back; NULL after the last. */
uint32_t archive_flag_of(struct slice name);
const char *archive_flag_name(size_t number, uint32_t *ret_flag);

/* The body of a POST as it comes. */
bool taking_begin(struct request *r);
void taking_feed(struct request *r, struct slice bytes);
void taking_end(struct request *r, struct answer *a);
void taking_free(struct request *r);
