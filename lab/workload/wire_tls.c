/* SPDX-License-Identifier: MIT */
#include "lab/workload/wire_tls.h"

#include "base/clock.h"
#include "lab/workload/wire.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

struct wire_tls {
	SSL_CTX *context;
	pthread_mutex_t lock;
	SSL_SESSION *last; /* under lock; NULL: none yet, or none wanted */
	bool resumes;
};

struct wire_end {
	SSL *ssl;
	bool is_broken;
};

static bool tls_fail(struct error *e, const char *what)
{
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);

	ERR_clear_error();
	return fail(e, FAULT_LATER, "%s: %s", what,
		reason != NULL ? reason : "the server ended the connection");
}

/* A ticket came (in TLS 1.3 behind the handshake, with the first bytes read). Keeps it: returns 1. */
static int ticket_came(SSL *ssl, SSL_SESSION *session)
{
	struct wire_tls *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	(void)pthread_mutex_lock(&t->lock);
	SSL_SESSION_free(t->last);
	t->last = session;
	(void)pthread_mutex_unlock(&t->lock);
	return 1;
}

bool wire_tls_open(bool resumes, struct wire_tls **ret, struct error *e)
{
	struct wire_tls *t = calloc(1, sizeof *t);

	if (t == NULL)
		return fail(e, FAULT_LATER, "set TLS up: no memory");
	(void)pthread_mutex_init(&t->lock, NULL);
	t->resumes = resumes;
	t->context = SSL_CTX_new(TLS_client_method());
	if (t->context == NULL || SSL_CTX_set_app_data(t->context, t) != 1) {
		wire_tls_close(t);
		return tls_fail(e, "set TLS up");
	}
	SSL_CTX_set_verify(t->context, SSL_VERIFY_NONE, NULL);
	/* A wait's end, a send that goes on elsewhere: as with a plain socket. */
	(void)SSL_CTX_set_mode(
		t->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	if (resumes) {
		(void)SSL_CTX_set_session_cache_mode(
			t->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
		SSL_CTX_sess_set_new_cb(t->context, ticket_came);
	}
	*ret = t;
	return true;
}

void wire_tls_close(struct wire_tls *t)
{
	if (t == NULL)
		return;
	SSL_SESSION_free(t->last);
	SSL_CTX_free(t->context);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

/* Offers the last ticket, if there is one. */
static void ticket_offer(struct wire_tls *t, SSL *ssl)
{
	(void)pthread_mutex_lock(&t->lock);
	if (t->last != NULL)
		(void)SSL_set_session(ssl, t->last);
	(void)pthread_mutex_unlock(&t->lock);
}

/* What a call that did not finish waits for; 0: it has failed. */
static short events_of(struct wire_end *t, int status)
{
	switch (SSL_get_error(t->ssl, status)) {
	case SSL_ERROR_WANT_READ:
		return POLLIN;
	case SSL_ERROR_WANT_WRITE:
		return POLLOUT;
	default:
		t->is_broken = true;
		return 0;
	}
}

static bool shake(struct wire_end *t, int fd, uint64_t until_ns, struct error *e)
{
	for (;;) {
		ERR_clear_error();
		int status = SSL_connect(t->ssl);
		short events = status == 1 ? 0 : events_of(t, status);

		if (status == 1)
			return true;
		if (events == 0)
			return tls_fail(e, "TLS handshake");
		if (!wire_wait(fd, events, until_ns, e))
			return fail_in(e, "TLS handshake");
	}
}

bool wire_secure(
	struct wire *w, struct wire_tls *t, uint64_t until_ns, uint32_t *ret_us, struct error *e)
{
	uint64_t from_ns = wire_now_ns();
	struct wire_end *end = calloc(1, sizeof *end);

	invariant(w->tls == NULL);
	if (end != NULL)
		end->ssl = SSL_new(t->context);
	if (end == NULL || end->ssl == NULL || SSL_set_fd(end->ssl, w->fd) != 1) {
		wire_end_free(end);
		return fail(e, FAULT_LATER, "TLS handshake: no memory");
	}
	/* What came before the handshake in clear would be taken for what came in it (RFC 3207 6). */
	if (w->count > 0) {
		wire_end_free(end);
		return fail(e, FAULT_NEVER, "TLS handshake: the server spoke before it");
	}
	if (t->resumes)
		ticket_offer(t, end->ssl);
	if (!shake(end, w->fd, until_ns, e)) {
		wire_end_free(end);
		return false;
	}
	w->tls = end;
	uint64_t took_us = (wire_now_ns() - from_ns) / NS_PER_US;

	*ret_us = took_us == 0 ? 1 : took_us > UINT32_MAX ? UINT32_MAX : (uint32_t)took_us;
	return true;
}

bool wire_is_resumed(const struct wire *w)
{
	return w->tls != NULL && SSL_session_reused(w->tls->ssl) == 1;
}

/* -1 with errno set, as a socket says it. */
static ssize_t wait_or_gone(struct wire_end *t, int status, short *ret_events)
{
	*ret_events = events_of(t, status);
	ERR_clear_error();
	errno = *ret_events != 0 ? EAGAIN : ECONNRESET;
	return -1;
}

ssize_t wire_end_recv(struct wire_end *t, char *room, size_t max, short *ret_events)
{
	size_t count = 0;

	ERR_clear_error();
	int status = SSL_read_ex(t->ssl, room, max, &count);

	if (status == 1)
		return (ssize_t)count;
	if (SSL_get_error(t->ssl, status) == SSL_ERROR_ZERO_RETURN)
		return 0;
	return wait_or_gone(t, status, ret_events);
}

ssize_t wire_end_send(struct wire_end *t, struct slice bytes, short *ret_events)
{
	size_t count = 0;

	ERR_clear_error();
	int status = SSL_write_ex(t->ssl, bytes.at, bytes.len, &count);

	return status == 1 ? (ssize_t)count : wait_or_gone(t, status, ret_events);
}

bool wire_end_has_input(const struct wire_end *t)
{
	return SSL_has_pending(t->ssl) == 1;
}

void wire_end_free(struct wire_end *t)
{
	if (t == NULL)
		return;
	if (t->ssl != NULL && !t->is_broken && SSL_is_init_finished(t->ssl) == 1)
		(void)SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	free(t);
}
