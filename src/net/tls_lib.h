/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * tls_lib - what tls.c and self_signed.c share: OpenSSL's error queue as our failure. Private to net.
 */
#include "base/error.h"

/* "what 'on': OpenSSL's reason"; empties the queue and returns false. */
bool tls_lib_fail(struct error *e, enum fault fault, const char *what, const char *on);
