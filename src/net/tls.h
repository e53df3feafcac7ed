/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * tls - certificates and the server's TLS settings; the only home of OpenSSL's libssl.
 *
 * A tls_config holds the current certificate; tls_config_reload() swaps it for sessions to come
 * (SIGHUP), sessions that run keep theirs. TLS 1.2 and up, session tickets, no renegotiation.
 * Threads: any.
 */
#include "base/error.h"
#include "base/slice.h"

struct tls_config;

MUST_CHECK bool tls_config_open(const char *cert_path, const char *key_path,
	struct tls_config **ret, struct error *e);
/* Reads both files again; on failure the old certificate stays and *e says why. */
MUST_CHECK bool tls_config_reload(struct tls_config *t, struct error *e);
void tls_config_close(struct tls_config *t);
/* The certificate's end, wall seconds since 1970, for `status`. */
uint64_t tls_config_expires_s(const struct tls_config *t);

/*
 * Makes a self-signed ECDSA P-256 certificate for the host name, good for 10 years, and its key
 * (mode 0600), by writing a temporary file, syncing and renaming. RFC 5280.
 */
MUST_CHECK bool tls_make_self_signed(const char *cert_path, const char *key_path, struct slice host,
	struct error *e);

/* For conn.c only. */
struct tls;
MUST_CHECK bool tls_accept(struct tls_config *t, int fd, uint64_t until_ns, struct tls **ret,
	struct error *e);
MUST_CHECK bool tls_connect(int fd, struct slice name, uint64_t until_ns, struct tls **ret,
	struct error *e);
void tls_close(struct tls *t);
