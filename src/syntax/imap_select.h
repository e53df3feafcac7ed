/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_select - SELECT and EXAMINE with their parameters: RFC 9051 6.3.2, RFC 7162 3.1.8 (CONDSTORE) and 3.2.5 (QRESYNC).
 *
 * Not here: whether QRESYNC is enabled.
 */
#include "syntax/imap_set.h"

struct imap_select {
	struct slice mailbox;
	bool wants_condstore;
	bool has_qresync; /* all below; the sets have no "*" and no "$" */
	uint32_t uid_validity;
	uint64_t modseq;
	struct imap_set known_uids;                /* count 0: not given, 1:* is meant */
	struct imap_set match_numbers, match_uids; /* count 0: not given; the same size otherwise */
};
MUST_CHECK bool imap_select_parse(struct imap_parse *p, struct slice args, struct imap_select *ret);
