/* SPDX-License-Identifier: MIT */
#include "syntax/imap_select.h"

#include "syntax/imap_word.h"

/* Two sets of numbers that only grow, RFC 7162 3.2.5.2. */
static bool is_ascending(struct imap_set set)
{
	for (size_t i = 1; i < set.count; i++) {
		if (set.at[i - 1].last >= set.at[i].first)
			return false;
	}
	return true;
}

static void read_matches(struct imap_reader *r, struct imap_select *s)
{
	imap_expect(r, '(', "QRESYNC takes message numbers and UIDs in parentheses");
	s->match_numbers = imap_known_set_read(r);
	imap_space(r);
	s->match_uids = imap_known_set_read(r);
	imap_expect(r, ')', "the message numbers and UIDs of QRESYNC do not end");
	if (!is_ascending(s->match_numbers) || !is_ascending(s->match_uids) ||
		imap_set_size(s->match_numbers) != imap_set_size(s->match_uids))
		imap_miss(r, "QRESYNC wants as many message numbers as UIDs, both ascending");
}

static void read_qresync(struct imap_reader *r, struct imap_select *s)
{
	imap_space(r);
	imap_expect(r, '(', "QRESYNC takes (uidvalidity modseq ...)");
	s->has_qresync = true;
	s->uid_validity = (uint32_t)imap_number(r, 1, UINT32_MAX, "UIDVALIDITY is a number over 0");
	imap_space(r);
	s->modseq = imap_number(r, 1, INT64_MAX, "a mod-sequence is a number over 0 of 63 bits");
	if (imap_try(r, ' ') && !imap_at(r, '(')) {
		s->known_uids = imap_known_set_read(r);
		if (imap_try(r, ' '))
			read_matches(r, s);
	} else if (imap_at(r, '(')) {
		read_matches(r, s);
	}
	imap_expect(r, ')', "the arguments of QRESYNC do not end");
}

static void read_parameters(struct imap_reader *r, struct imap_select *s)
{
	imap_space(r);
	imap_expect(r, '(', "parameters stand in parentheses after the mailbox");
	do {
		if (imap_try_word(r, S("CONDSTORE")))
			s->wants_condstore = true;
		else if (!s->has_qresync && imap_try_word(r, S("QRESYNC")))
			read_qresync(r, s);
		else
			imap_miss(r, "the parameters are CONDSTORE and QRESYNC (...), once each");
	} while (imap_try(r, ' '));
	imap_expect(r, ')', "the parameters do not end");
}

bool imap_select_parse(struct imap_parse *p, struct slice args, struct imap_select *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_select s = { .mailbox = imap_mailbox(&r) };

	if (!cursor_at_end(&r.c))
		read_parameters(&r, &s);
	if (!imap_reader_done(&r))
		return false;
	*ret = s;
	return true;
}
