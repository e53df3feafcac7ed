/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * names - internationalised domains: one spelling for one domain (RFC 5890, libidn2), the only home of it.
 */
#include "base/buf.h"

/* Lower-case A-label form: "BÜCHER.example" and "xn--bcher-kva.example" both give the latter. False: not a domain. */
MUST_CHECK bool names_domain_key(struct slice domain, struct buf *ret);
/* U-label form for people. */
MUST_CHECK bool names_domain_text(struct slice domain, struct buf *ret);
/*
 * Caseless key of a local part, without its quotes (address_local_plain): ASCII letters lowered, UTF-8 in lower
 * case and NFC by libunistring, in which libidn2 itself is written. False: not UTF-8.
 * Limits: lower case, not case folding: "strasse" and the spelling with sharp s are two people.
 */
MUST_CHECK bool names_local_key(struct slice local, struct buf *ret);
