/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * tls - certificates, the server's TLS settings and a client's trust; the only home of OpenSSL's libssl.
 *
 * A tls_config holds the current certificate; tls_config_reload() swaps it for sessions to come
 * (SIGHUP), sessions that run keep theirs. TLS 1.2 and up, session tickets, no renegotiation.
 * Threads: any, but one at a time for one struct tls.
 */
#include "base/error.h"
#include "base/slice.h"
#include "net/conn.h"

struct tls_config;

MUST_CHECK bool tls_config_open(
	const char *cert_path, const char *key_path, struct tls_config **ret, struct error *e);
/* Reads both files again; on failure the old certificate stays and *e says why. */
MUST_CHECK bool tls_config_reload(struct tls_config *t, struct error *e);
void tls_config_close(struct tls_config *t);
/* The certificate's end, wall seconds since 1970, for `status`. */
uint64_t tls_config_expires_s(struct tls_config *t);

/*
 * Makes a self-signed ECDSA P-256 certificate for the host name, good for 10 years, and its key
 * (mode 0600), by writing a temporary file, syncing and renaming. RFC 5280.
 */
MUST_CHECK bool tls_make_self_signed(
	const char *cert_path, const char *key_path, struct slice host, struct error *e);

/*
 * Whom a client believes: the authorities in a PEM file, or in a directory of them (openssl-rehash(1)). A peer must show a
 * certificate that one of them vouches for, that is valid now, and that is for the name asked for: RFC 5280, RFC 7817, RFC 9525.
 * The names are those of subjectAltName, "*" stands for one whole first label; a common name counts for nothing.
 */
struct tls_trust;
MUST_CHECK bool tls_trust_open(const char *ca_path, struct tls_trust **ret, struct error *e);
void tls_trust_close(struct tls_trust *t);

/* For conn.c only: TLS over a wire (net/wire.h), which the caller keeps and closes. */
struct tls;
struct wire;
MUST_CHECK bool tls_accept(struct tls_config *t, struct wire *wire, uint64_t until_ns,
	struct tls **ret, struct error *e);
/* Without trust (NULL) anybody is taken (RFC 7435). */
MUST_CHECK bool tls_connect(struct wire *wire, struct slice name, const struct tls_trust *trust,
	uint64_t until_ns, struct tls **ret, struct error *e);
/* As wire_read and wire_write. */
MUST_CHECK enum conn_answer tls_read(
	struct tls *t, char *room, size_t max, uint64_t until_ns, size_t *ret_count);
MUST_CHECK enum conn_answer tls_write(struct tls *t, struct slice s, uint64_t until_ns);
/* Bytes that came and were not read: decrypted, or part of a record. */
bool tls_has_input(const struct tls *t);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384". */
struct slice tls_text(const struct tls *t);
/* Says goodbye without waiting (unless the connection is broken) and frees. NULL is fine. */
void tls_close(struct tls *t);
