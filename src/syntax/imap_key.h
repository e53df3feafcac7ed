/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_key - the tree of search keys; for the imap_*.c of this folder only.
 */
#include "syntax/imap_search.h"
#include "syntax/imap_word.h"

/* One or more keys with spaces between, to the end of the text. */
const struct imap_key *imap_keys_read(struct imap_reader *r, bool *ret_has_modseq);
