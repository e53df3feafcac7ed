/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_inner - grammar that stands inside several commands; for the imap_*.c of this folder only.
 */
#include "syntax/imap_fetch.h"
#include "syntax/imap_metadata.h"
#include "syntax/imap_scope.h"
#include "syntax/imap_word.h"

/* Up to "]" or the end; only_part: numbers alone (BINARY). */
void imap_section_read(struct imap_reader *r, bool only_part, struct imap_section *s);
/* One item, a macro, or a list in parentheses. */
struct imap_fetch_items imap_fetch_items_read(struct imap_reader *r);
/* "1:500", "-1:-100" */
struct imap_partial imap_partial_read(struct imap_reader *r);
/* "(MESSAGES UIDNEXT)" as bits of enum imap_status_item. */
unsigned imap_status_items_read(struct imap_reader *r);
/* Which scopes are meant: ESEARCH and NOTIFY each have words of their own. */
enum imap_scope_use { IMAP_SCOPE_OF_NOTIFY, IMAP_SCOPE_OF_ESEARCH };
struct imap_scope imap_scope_read(struct imap_reader *r, enum imap_scope_use use);
/* The name of a METADATA entry, in lower case. */
struct slice imap_entry_read(struct imap_reader *r);
/* "(DEPTH 1 MAXSIZE 10)" from the "(" on. */
void imap_metadata_options_read(struct imap_reader *r, struct imap_metadata_ask *ask);
/* One entry, or a list in parentheses. */
void imap_entries_read(struct imap_reader *r, struct imap_metadata_ask *ask);
