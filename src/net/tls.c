/* SPDX-License-Identifier: MIT */
#include "net/tls.h"

#include "base/lock.h"
#include "net/tls_lib.h"
#include "net/wire.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct tls_config {
	char *cert_path, *key_path;
	struct lock lock;
	/* under lock: */
	SSL_CTX *context;
	uint64_t expires_s;
};

struct tls {
	SSL *ssl;
	struct wire *wire;
	uint64_t until_ns; /* of the call that runs: the BIO below reads it */
	bool is_broken;
	char text[64];
};

/* The oldest error in OpenSSL's queue is the cause; the rest are its echoes. */
static const char *cause(char room[static 200])
{
	unsigned long code = ERR_get_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	if (ERR_SYSTEM_ERROR(code)) {
		errno = ERR_GET_REASON(code);
		(void)snprintf(room, 200, "%m");
	} else if (reason != NULL)
		(void)snprintf(room, 200, "%s", reason);
	else if (code != 0)
		ERR_error_string_n(code, room, 200);
	else
		(void)snprintf(room, 200, "no reason given");
	ERR_clear_error();
	return room;
}

void tls_lib_forget(void)
{
	ERR_clear_error();
}

bool tls_lib_fail(struct error *e, enum fault fault, const char *what, const char *on)
{
	char room[200];

	return fail(e, fault, "%s '%s': %s", what, on, cause(room));
}

void tls_lib_settle(SSL_CTX *context)
{
	(void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	(void)SSL_CTX_set_options(context,
		SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* An idle connection keeps no 16 KiB record buffers. */
	(void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
						SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(context, 1); /* head and body of a record in one read */
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

/* A key of another kind is taken, and the certificate forgotten; one of the same kind is refused. */
static void key_take(const struct tls_config *t, SSL_CTX *context, struct error *e)
{
	int is_taken = SSL_CTX_use_PrivateKey_file(context, t->key_path, SSL_FILETYPE_PEM);
	bool is_other = is_taken == 1
				? SSL_CTX_check_private_key(context) != 1
				: ERR_GET_REASON(ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;

	if (is_other)
		(void)fail(e, FAULT_NEVER, "the key '%s' is not that of the certificate '%s'",
			t->key_path, t->cert_path);
	else if (is_taken != 1)
		(void)tls_lib_fail(e, FAULT_NEVER, "read the private key", t->key_path);
}

static SSL_CTX *context_open(const struct tls_config *t, struct error *e)
{
	static const unsigned char id[] = "mailvisor";
	SSL_CTX *context;

	ERR_clear_error();
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL) {
		(void)tls_lib_fail(e, FAULT_LATER, "make a TLS context for", t->cert_path);
		return NULL;
	}
	tls_lib_settle(context);
	(void)SSL_CTX_set_session_id_context(context, id, sizeof id - 1);
	(void)SSL_CTX_set_num_tickets(
		context, 1); /* two are for clients that open many connections */
	if (SSL_CTX_use_certificate_chain_file(context, t->cert_path) != 1)
		(void)tls_lib_fail(e, FAULT_NEVER, "read the certificate", t->cert_path);
	else
		key_take(t, context, e);
	if (e->fault == FAULT_NONE)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

static uint64_t context_expires_s(SSL_CTX *context)
{
	const X509 *cert = SSL_CTX_get0_certificate(context);
	struct tm end;
	time_t at;

	if (cert == NULL || ASN1_TIME_to_tm(X509_get0_notAfter(cert), &end) != 1)
		return 0;
	at = timegm(&end);
	return at < 0 ? 0 : (uint64_t)at;
}

bool tls_config_reload(struct tls_config *t, struct error *e)
{
	SSL_CTX *fresh = context_open(t, e), *old;
	uint64_t expires_s;

	if (fresh == NULL)
		return false;
	expires_s = context_expires_s(fresh);
	{
		HOLDING(&t->lock);
		old = t->context;
		t->context = fresh;
		t->expires_s = expires_s;
	}
	SSL_CTX_free(old); /* sessions that run hold their own reference */
	return true;
}

bool tls_config_open(
	const char *cert_path, const char *key_path, struct tls_config **ret, struct error *e)
{
	struct tls_config *t = calloc(1, sizeof *t);

	if (t == NULL)
		return fail(e, FAULT_LATER, "open the certificate '%s': %m", cert_path);
	lock_init(&t->lock, RANK_TLS);
	t->cert_path = strdup(cert_path);
	t->key_path = strdup(key_path);
	if (t->cert_path == NULL || t->key_path == NULL)
		(void)fail(e, FAULT_LATER, "open the certificate '%s': %m", cert_path);
	else if (tls_config_reload(t, e)) {
		*ret = t;
		return true;
	}
	tls_config_close(t);
	return false;
}

void tls_config_close(struct tls_config *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->context);
	lock_done(&t->lock);
	free(t->cert_path);
	free(t->key_path);
	free(t);
}

uint64_t tls_config_expires_s(struct tls_config *t)
{
	HOLDING(&t->lock);
	return t->expires_s;
}

/* The BIO: OpenSSL reads and writes through the wire, whose deadlines then hold for TLS too. */

static int bio_read(BIO *bio, char *room, size_t max, size_t *ret_count)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	switch (wire_read(t->wire, room, max, t->until_ns, ret_count)) {
	case CONN_OK:
		return 1;
	case CONN_QUIET:
		BIO_set_retry_read(bio);
		return 0;
	case CONN_TOO_LONG:
	case CONN_BARE:
	case CONN_GONE:
		break;
	}
	BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
	return 0;
}

static int bio_write(BIO *bio, const char *at, size_t count, size_t *ret_count)
{
	struct tls *t = BIO_get_data(bio);

	BIO_clear_retry_flags(bio);
	if (wire_write(t->wire, (struct slice){ at, count }, S(""), t->until_ns) != CONN_OK)
		return 0;
	*ret_count = count;
	return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_EOF)
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	return command == BIO_CTRL_FLUSH;
}

/* Made once, when first needed, and kept. */
static struct {
	pthread_once_t method_once, client_once;
	BIO_METHOD *method;
	SSL_CTX *client;
} shared = { .method_once = PTHREAD_ONCE_INIT, .client_once = PTHREAD_ONCE_INIT };

static void method_open(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");

	if (method != NULL && BIO_meth_set_read_ex(method, bio_read) == 1 &&
		BIO_meth_set_write_ex(method, bio_write) == 1 &&
		BIO_meth_set_ctrl(method, bio_control) == 1)
		shared.method = method;
}

static void client_open(void)
{
	shared.client = SSL_CTX_new(TLS_client_method());
	if (shared.client == NULL)
		return;
	tls_lib_settle(shared.client);
	/* Opportunistic: TLS against listeners, no proof of who answers (RFC 7435). */
	SSL_CTX_set_verify(shared.client, SSL_VERIFY_NONE, NULL);
}

static struct tls *tls_new(SSL_CTX *context, struct wire *wire, uint64_t until_ns)
{
	struct tls *t = calloc(1, sizeof *t);
	BIO *bio;

	(void)pthread_once(&shared.method_once, method_open);
	if (t == NULL || shared.method == NULL) {
		free(t);
		return NULL;
	}
	t->wire = wire;
	t->until_ns = until_ns;
	t->ssl = SSL_new(context);
	bio = t->ssl == NULL ? NULL : BIO_new(shared.method);
	if (bio == NULL) {
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	BIO_set_data(bio, t);
	BIO_set_init(bio, 1);
	SSL_set_bio(t->ssl, bio, bio); /* the ssl owns it now */
	return t;
}

/* Shakes hands; on failure frees t. */
static bool shake(struct tls *t, struct tls **ret, struct error *e)
{
	char room[200];
	long verified;
	int rc;

	ERR_clear_error();
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1) {
		(void)snprintf(t->text, sizeof t->text, "%s %s", SSL_get_version(t->ssl),
			SSL_get_cipher_name(t->ssl));
		*ret = t;
		return true;
	}
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		(void)fail(e, FAULT_GONE, "TLS handshake: no answer in time");
		break;
	case SSL_ERROR_SSL:
		verified = SSL_get_verify_result(t->ssl);
		if (verified != X509_V_OK && (SSL_get_verify_mode(t->ssl) & SSL_VERIFY_PEER) != 0)
			(void)fail(e, FAULT_GONE, "TLS: the host's certificate is not good: %s",
				X509_verify_cert_error_string(verified));
		else
			(void)fail(e, FAULT_GONE, "TLS handshake: %s", cause(room));
		break;
	default:
		(void)fail(e, FAULT_GONE, "TLS handshake: the peer left");
		break;
	}
	t->is_broken = true;
	tls_close(t);
	return false;
}

bool tls_accept(struct tls_config *config, struct wire *wire, uint64_t until_ns, struct tls **ret,
	struct error *e)
{
	SSL_CTX *context;
	struct tls *t;

	{
		HOLDING(&config->lock);
		context = config->context;
		invariant(SSL_CTX_up_ref(context) == 1);
	}
	t = tls_new(context, wire, until_ns);
	SSL_CTX_free(context);
	if (t == NULL)
		return fail(e, FAULT_LATER, "TLS handshake: out of memory");
	SSL_set_accept_state(t->ssl);
	return shake(t, ret, e);
}

static bool is_address(const char *name)
{
	return strchr(name, ':') != NULL || strspn(name, "0123456789.") == strlen(name);
}

bool tls_connect(struct wire *wire, struct slice name, const struct tls_trust *trust,
	uint64_t until_ns, struct tls **ret, struct error *e)
{
	char text[256];
	struct tls *t;

	if (!slice_text(name, text, sizeof text))
		return fail(e, FAULT_NEVER, "TLS handshake: the host's name is too long");
	(void)pthread_once(&shared.client_once, client_open);
	SSL_CTX *context = trust != NULL ? trust->context : shared.client;
	t = context == NULL ? NULL : tls_new(context, wire, until_ns);
	if (t == NULL || (trust != NULL && !tls_trust_expect(t->ssl, text))) {
		tls_close(t);
		return fail(e, FAULT_LATER, "TLS handshake: out of memory");
	}
	SSL_set_connect_state(t->ssl);
	/* RFC 6066 3: no literal addresses in SNI. */
	if (text[0] != '\0' && !is_address(text))
		(void)SSL_set_tlsext_host_name(t->ssl, text);
	return shake(t, ret, e);
}

static enum conn_answer answer_for(struct tls *t, int rc)
{
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return CONN_QUIET;
	case SSL_ERROR_ZERO_RETURN:
		return CONN_GONE;
	default:
		/* After SSL_ERROR_SSL and SSL_ERROR_SYSCALL even SSL_shutdown is forbidden. */
		t->is_broken = true;
		ERR_clear_error();
		return CONN_GONE;
	}
}

enum conn_answer tls_read(
	struct tls *t, char *room, size_t max, uint64_t until_ns, size_t *ret_count)
{
	int rc;

	t->until_ns = until_ns;
	rc = SSL_read_ex(t->ssl, room, max, ret_count);
	return rc == 1 ? CONN_OK : answer_for(t, rc);
}

enum conn_answer tls_write(struct tls *t, struct slice s, uint64_t until_ns)
{
	t->until_ns = until_ns;
	while (s.len > 0) {
		size_t done = 0;
		int rc = SSL_write_ex(t->ssl, s.at, s.len, &done);

		if (rc != 1) {
			/* A deadline that passes half-way through a record also ends the stream. */
			t->is_broken = true;
			return answer_for(t, rc);
		}
		s = slice_skip(s, done);
	}
	return CONN_OK;
}

bool tls_has_input(const struct tls *t)
{
	return SSL_has_pending(t->ssl) == 1;
}

struct slice tls_text(const struct tls *t)
{
	return slice_of(t->text);
}

void tls_close(struct tls *t)
{
	if (t == NULL)
		return;
	t->until_ns = 0;
	if (!t->is_broken)
		(void)SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	ERR_clear_error();
	free(t);
}
