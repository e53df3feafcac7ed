/* SPDX-License-Identifier: MIT */
#include "net/conn_layer.h"

#include "base/clock.h"
#include "net/tls.h"
#include "net/zstream.h"

/* Writing. */

static enum conn_answer write_raw(
	struct conn *c, struct slice head, struct slice body, uint64_t until_ns)
{
	enum conn_answer answer;

	if (c->tls == NULL)
		return wire_write(&c->wire, head, body, until_ns);
	answer = tls_write(c->tls, head, until_ns);
	return answer == CONN_OK ? tls_write(c->tls, body, until_ns) : answer;
}

struct deflated {
	struct conn *conn;
	uint64_t until_ns;
};

static bool write_deflated(void *context, struct slice deflated)
{
	const struct deflated *d = context;

	return write_raw(d->conn, S(""), deflated, d->until_ns) == CONN_OK;
}

bool conn_layer_write(
	struct conn *c, struct slice head, struct slice body, bool is_flush, uint64_t until_ns)
{
	struct deflated d = { c, until_ns };

	if (c->zstream == NULL)
		return write_raw(c, head, body, until_ns) == CONN_OK;
	return zstream_deflate(c->zstream, head, false, write_deflated, &d) &&
	       zstream_deflate(c->zstream, body, is_flush, write_deflated, &d);
}

/* Reading. */

static enum conn_answer read_raw(
	struct conn *c, char *room, size_t max, uint64_t until_ns, size_t *ret_count)
{
	return c->tls == NULL ? wire_read(&c->wire, room, max, until_ns, ret_count)
			      : tls_read(c->tls, room, max, until_ns, ret_count);
}

/* What comes may inflate to nothing at all, again and again: so the clock is looked at as well. */
static enum conn_answer read_inflated(
	struct conn *c, char *room, size_t max, uint64_t until_ns, size_t *ret_count)
{
	for (bool is_first = true;; is_first = false) { /* ends at the deadline */
		enum zstream_answer inflated = zstream_inflate(c->zstream, room, max, ret_count);
		enum conn_answer answer;
		size_t raw_max, count = 0;
		char *raw;

		c->is_garbled = inflated == ZSTREAM_BROKEN;
		if (inflated != ZSTREAM_EMPTY)
			return inflated == ZSTREAM_OK ? CONN_OK : CONN_GONE;
		if (!is_first && clock_mono_ns(&clock_real) >= until_ns)
			return CONN_QUIET;
		raw = zstream_room(c->zstream, &raw_max);
		if (raw == NULL)
			return CONN_GONE;
		answer = read_raw(c, raw, raw_max, until_ns, &count);
		if (answer != CONN_OK)
			return answer;
		zstream_came(c->zstream, count);
	}
}

enum conn_answer conn_layer_read(
	struct conn *c, char *room, size_t max, uint64_t until_ns, size_t *ret_count)
{
	return c->zstream == NULL ? read_raw(c, room, max, until_ns, ret_count)
				  : read_inflated(c, room, max, until_ns, ret_count);
}

/* TLS. */

bool conn_has_tls(const struct conn *c)
{
	return c->tls != NULL;
}

struct slice conn_tls_text(const struct conn *c)
{
	return c->tls == NULL ? S("") : tls_text(c->tls);
}

static bool before_tls(struct conn *c, struct error *e)
{
	invariant(c->tls == NULL && c->zstream == NULL);
	if (!conn_flush(c)) {
		c->is_gone = true;
		return fail(e, FAULT_GONE, "TLS handshake: the peer left");
	}
	c->is_dropping = false;
	conn_take(c, conn_unread(c).len);
	return true;
}

bool conn_start_tls(struct conn *c, struct tls_config *config, uint64_t until_ns, struct error *e)
{
	if (!before_tls(c, e))
		return false;
	if (tls_accept(config, &c->wire, until_ns, &c->tls, e))
		return true;
	c->is_gone = true;
	return false;
}

bool conn_start_tls_client(struct conn *c, struct slice name, const struct tls_trust *trust,
	uint64_t until_ns, struct error *e)
{
	if (!before_tls(c, e))
		return false;
	if (tls_connect(&c->wire, name, trust, until_ns, &c->tls, e))
		return true;
	c->is_gone = true;
	return false;
}

/* DEFLATE. */

bool conn_start_deflate(struct conn *c)
{
	invariant(c->zstream == NULL);
	if (!conn_flush(c))
		return false;
	c->zstream = zstream_new();
	if (c->zstream == NULL || !zstream_feed(c->zstream, conn_unread(c))) {
		c->is_gone = true;
		return false;
	}
	conn_take(c, conn_unread(c).len);
	return true;
}

bool conn_is_deflated(const struct conn *c)
{
	return c->zstream != NULL;
}

bool conn_is_garbled(const struct conn *c)
{
	return c->is_garbled;
}
