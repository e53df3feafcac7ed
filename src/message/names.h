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
/* Caseless key of a local part: ASCII letters lowered, UTF-8 in NFC and lower case where libunistring
 * (libidn2's companion) does it. */
MUST_CHECK bool names_local_key(struct slice local, struct buf *ret);
