/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_notify - NOTIFY, RFC 5465.
 *
 * Checked here: MessageNew and MessageExpunge come together, FlagChange and AnnotationChange only with them, message
 * events only once per mailbox kind where the RFC says so (SELECTED and SELECTED-DELAYED not both). An event that
 * we do not know fails with is_unknown_event, for NO [BADEVENT (…)].
 */
#include "syntax/imap_fetch.h"
#include "syntax/imap_scope.h"

enum imap_event { /* bits */
	IMAP_EVENT_MESSAGE_NEW = 1,
	IMAP_EVENT_MESSAGE_EXPUNGE = 2,
	IMAP_EVENT_FLAG_CHANGE = 4,
	IMAP_EVENT_MAILBOX_NAME = 8,
	IMAP_EVENT_SUBSCRIPTION_CHANGE = 16,
	IMAP_EVENT_MAILBOX_METADATA_CHANGE = 32,
	IMAP_EVENT_SERVER_METADATA_CHANGE = 64,
};
struct imap_notify_group {
	struct imap_scope scope;
	unsigned events;                   /* 0: NONE */
	struct imap_fetch_items new_items; /* MessageNew (…), of the selected mailbox */
};
struct imap_notify {
	bool is_none;      /* NOTIFY NONE */
	bool wants_status; /* SET STATUS */
	const struct imap_notify_group *groups;
	size_t group_count;
	bool is_unknown_event; /* after a failure */
};
MUST_CHECK bool imap_notify_parse(struct imap_parse *p, struct slice args, struct imap_notify *ret);
