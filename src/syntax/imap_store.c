/* SPDX-License-Identifier: MIT */
/* STORE of imap_fetch.h. */
#include "syntax/imap_fetch.h"
#include "syntax/imap_word.h"

static void read_modifier(struct imap_reader *r, struct imap_store *s)
{
	static const char why[] = "STORE takes (UNCHANGEDSINCE n) before its flags";

	if (!imap_try(r, '('))
		return;
	if (!imap_try_word(r, S("UNCHANGEDSINCE")))
		imap_miss(r, why);
	imap_space(r);
	s->has_unchanged_since = true;
	s->unchanged_since = imap_modseq(r);
	imap_expect(r, ')', why);
	imap_space(r);
}

static void read_mode(struct imap_reader *r, struct imap_store *s)
{
	if (imap_try(r, '+'))
		s->mode = IMAP_STORE_ADD;
	else if (imap_try(r, '-'))
		s->mode = IMAP_STORE_REMOVE;
	if (imap_try_word(r, S("FLAGS.SILENT")))
		s->is_silent = true;
	else if (!imap_try_word(r, S("FLAGS")))
		imap_miss(r, "STORE takes FLAGS, +FLAGS or -FLAGS, each also with .SILENT");
}

bool imap_store_parse(struct imap_parse *p, struct slice args, struct imap_store *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_store s = { .set = imap_set_read(&r) };

	imap_space(&r);
	read_modifier(&r, &s);
	read_mode(&r, &s);
	imap_space(&r);
	s.flags = imap_flags_read(&r, true);
	if (!imap_reader_done(&r))
		return false;
	*ret = s;
	return true;
}
