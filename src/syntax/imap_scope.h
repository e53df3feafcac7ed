/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_scope - which mailboxes NOTIFY and ESEARCH mean: RFC 5465 6, RFC 7377 2.2.
 *
 * Limits: LIMIT_IMAP_SCOPE_NAMES names in one scope, LIMIT_IMAP_SCOPES scopes in one command.
 */
#include "syntax/imap_line.h"

enum imap_scope_kind {
	IMAP_SCOPE_SELECTED,
	IMAP_SCOPE_SELECTED_DELAYED, /* only NOTIFY */
	IMAP_SCOPE_INBOXES,
	IMAP_SCOPE_PERSONAL,
	IMAP_SCOPE_SUBSCRIBED,
	IMAP_SCOPE_MAILBOXES,
	IMAP_SCOPE_SUBTREE,
	IMAP_SCOPE_SUBTREE_ONE, /* only ESEARCH: the named ones and their children */
};
struct imap_scope {
	enum imap_scope_kind kind;
	const struct slice *names; /* canonical; of the last three */
	size_t name_count;
};
