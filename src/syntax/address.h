/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * address - mailboxes and domains as SMTP writes them: RFC 5321 4.1.2, RFC 6531 3.3.
 *
 * Slices into the input; nothing is decoded but quoted local parts, which address_local_plain() unquotes.
 * Limits: LIMIT_LOCAL_PART_BYTES, LIMIT_DOMAIN_BYTES.
 */
#include "base/slice.h"

struct address {
	struct slice local; /* as written, with its quotes if it has any */
	/* Without the dot at its end; "[192.0.2.1]" for a literal; empty for a bare <postmaster>. */
	struct slice domain;
	bool is_literal;
	bool needs_utf8; /* has bytes over 127 */
};

/*
 * Mailbox = Local-part "@" ( Domain / address-literal ); with postmaster_ok also a bare "postmaster", whose
 * domain is empty. A dot at the domain's end is taken and left out.
 */
MUST_CHECK bool address_parse(struct slice s, bool postmaster_ok, struct address *ret);
/*
 * A domain of letters, digits, hyphens and dots, or UTF-8 labels (RFC 5890 U-labels); no empty label, no dot
 * at the end. Whether a U-label is one that DNS can have, names_domain_key() says.
 */
bool address_is_domain(struct slice s);
bool address_is_literal(struct slice s); /* "[1.2.3.4]", "[IPv6:…]" */
/* Removes quotes and backslashes from a local part into room (s.len bytes at least). */
struct slice address_local_plain(struct slice local, char *room);
