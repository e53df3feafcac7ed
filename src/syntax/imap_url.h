/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * imap_url - the relative IMAP URLs of CATENATE: "/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.5". RFC 5092, 4469.
 *
 * Only absolute paths on this server that name a message; a URL with a host ("imap://…") is refused, and so is one
 * with URLAUTH. The mailbox is percent-encoded UTF-8 and comes out canonical.
 */
#include "syntax/imap_section.h"

struct imap_url {
	struct slice mailbox;  /* empty: the selected one ("/;UID=20" or ";UID=20") */
	uint32_t uid_validity; /* 0 when not given */
	uint32_t uid;
	bool has_section;
	/* its partial is set from ;PARTIAL= too; bytes UINT32_MAX: to the end */
	struct imap_section section;
};
MUST_CHECK bool imap_url_parse(struct imap_parse *p, struct slice text, struct imap_url *ret);
