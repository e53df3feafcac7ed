/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * maildir - one message a file: cur/ (with flags behind ":2," in its name), new/, tmp/.
 *
 * Flags are D F P R S T (P is $Forwarded) and a to z, whose keywords stand in Dovecot's file dovecot-keywords ("0 Name"); more
 * keywords and the zone of the date stand in the names that we write (maildir_file.h). The date is the file's time of change, or
 * the number its name begins with (seconds). Messages come in the order of maildir_order(), whatever that of the directory; at
 * most MAILDIR_WINDOW names are in memory.
 * Names of Maildir++ folders: ".Work.2026", levels between dots, each in modified UTF-7; a dot inside of a level is
 * written "&AC4-".
 */
#include "base/buf.h"
#include "base/error.h"
#include "cmd/archive/maildir_file.h"

enum {
	MAILDIR_WINDOW = 10000, /* names of 40 to 80 bytes: about a megabyte */
	MAILDIR_PATH_BYTES = 4096,
};
enum maildir_date { MAILDIR_DATE_MTIME, MAILDIR_DATE_NAME };

struct letter;
struct maildir_reader;
bool maildir_is(const char *path); /* it has a cur or a new */
struct maildir_reader *maildir_reader_open(
	const char *path, enum maildir_date date, struct error *e);
/* The next message, to be measured yet. A file that is no message is passed over with a word on stderr. */
MUST_CHECK bool maildir_reader_next(
	struct maildir_reader *m, struct letter *ret, bool *ret_found, struct error *e);
void maildir_reader_close(struct maildir_reader *m);

/* Flags by their letters; both are also for writing. NULL after the last. */
const char *maildir_flag(size_t number, char *ret_letter);

/* ".Work.2026" (without its first dot) and "Work/2026". False: it has no such name, or it is too long. */
MUST_CHECK bool maildir_name_read(struct slice folder, struct buf *mailbox);
MUST_CHECK bool maildir_name_write(struct slice mailbox, struct buf *folder);
/* What a mailbox is called whose name is too long for a file: '+' and 32 hexadecimal digits. The name itself stands in its
 * attributes (attributes.h). */
MUST_CHECK bool maildir_short_write(struct slice mailbox, struct buf *out);
bool maildir_is_short(struct slice name);
/* One level of a name of a nested directory or an mbox: modified UTF-7 where it is that, else as it stands. */
MUST_CHECK bool maildir_level_read(struct slice level, struct buf *mailbox);
