/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * tls_lib - what tls.c, tls_trust.c and self_signed.c share of OpenSSL. Private to net.
 */
#include "net/tls.h"

#include <openssl/ssl.h>

/* "what 'on': OpenSSL's reason"; empties the queue and returns false. */
bool tls_lib_fail(struct error *e, enum fault fault, const char *what, const char *on);
/* Empties OpenSSL's queue of errors. */
void tls_lib_forget(void);
/* What server and client share: TLS 1.2 and up, no renegotiation, small buffers. */
void tls_lib_settle(SSL_CTX *context);

struct tls_trust {
	SSL_CTX *context; /* verifies, and knows the authorities */
};
/* The certificate must be for this name or address. False: out of memory. */
MUST_CHECK bool tls_trust_expect(SSL *ssl, const char *name);
