/* SPDX-License-Identifier: MIT */
/* What a value's type does not say: forms of addresses and names, and settings that do not go together. */
#include "cmd/config.h"
#include "deliver/smtp_client.h"
#include "syntax/address.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

/* One address for two services: the second could not be bound. Port 0 is another each time. */
static bool check_twice(
	const struct config *c, const char *name, struct slice word, struct error *e)
{
	if (slice_ends_nocase(word, S(":0")))
		return true;
	for (size_t i = 0; i < setting_count; i++) {
		const char *list = config_text(c, &settings[i]);
		struct slice other;

		if (settings[i].type != SETTING_LIST)
			continue;
		for (size_t at = 0; config_word(list, &at, &other);) {
			if (other.at == word.at)
				return true; /* itself: those before were looked at */
			if (slice_same(other, word))
				return fail(e, FAULT_NEVER, "set '%s': '%.*s' stands in '%s' too",
					name, S_FMT(word), settings[i].name);
		}
	}
	return true;
}

static bool check_listen(const struct config *c, const struct setting *s, struct error *e)
{
	const char *list = config_text(c, s);
	struct slice word;

	for (size_t at = 0; config_word(list, &at, &word);) {
		uint64_t port;

		if (!check_twice(c, s->name, word, e))
			return false;
		if (slice_starts(word, S("unix:")) || slice_starts(word, S("fd:")))
			continue;
		size_t colon = slice_find_last(word, ':');
		if (colon == word.len || !slice_number(slice_skip(word, colon + 1), 65535, &port))
			return fail(e, FAULT_NEVER,
				"set '%s': '%.*s' is no address: like 127.0.0.1:2525, [::1]:2525, "
				"unix:/run/x.sock",
				s->name, S_FMT(slice_first(word, 80)));
	}
	return true;
}

static bool check_relay(const char *host, struct error *e)
{
	struct slice s = slice_of(host);
	uint64_t port;

	if (s.len == 0 || slice_starts(s, S("lmtp:unix:")) || slice_starts(s, S("unix:")))
		return true;
	size_t colon = slice_find_last(s, ':');
	if (colon == s.len || !slice_number(slice_skip(s, colon + 1), 65535, &port) || port == 0)
		return fail(e, FAULT_NEVER,
			"set 'relay.host': '%.*s' is no next hop: like relay.example:25, "
			"[2001:db8::1]:25, lmtp:127.0.0.1:24, lmtp:unix:/run/lmtp.sock",
			S_FMT(slice_first(s, 80)));
	return true;
}

static bool is_host_byte(char byte)
{
	return isalnum((unsigned char)byte) != 0 || byte == '.' || byte == '-' || byte == '_';
}

/* It stands in every greeting and Received field, so it must not say more than one word. */
static bool check_host(const char *host, struct error *e)
{
	bool is_good = true;

	for (const char *at = host; *at != '\0'; at++)
		is_good = is_good && is_host_byte(*at);
	return is_good || address_is_literal(slice_of(host)) ||
	       fail(e, FAULT_NEVER, "set 'host': '%.80s' is no host name, like mail.a.example",
		       host);
}

static bool check_addresses(const struct config *c, struct error *e)
{
	struct address address;

	/* RFC 5322 3.2.3: what may stand in a name, but is none of its letters. */
	if (c->address_separator[0] != '\0' &&
		strchr("!#$%&'*+-/=?^_`{|}~", c->address_separator[0]) == NULL)
		return fail(e, FAULT_NEVER, "set 'address.separator': '%s' is no sign like + or -",
			c->address_separator);
	return c->postmaster[0] == '\0' ||
	       address_parse(slice_of(c->postmaster), false, &address) ||
	       fail(e, FAULT_NEVER, "set 'address.postmaster': '%.80s' is no address",
		       c->postmaster);
}

/* A path that leads nowhere; whether we may read it shows when root does. */
static bool check_path(const struct config *c, const char *name, const char *path, struct error *e)
{
	if (!config_is_given(c, name) || path[0] != '/' || access(path, F_OK) == 0 ||
		(errno != ENOENT && errno != ENOTDIR))
		return true;
	return fail(e, FAULT_NEVER, "set '%s': '%.100s': %m", name, path);
}

static bool check_paths(const struct config *c, struct error *e)
{
	if (c->tls_on && (!check_path(c, "tls.cert", c->tls_cert, e) ||
				 !check_path(c, "tls.key", c->tls_key, e)))
		return false;
	return c->relay_tls != SMTP_TLS_VERIFY || check_path(c, "relay.tls_ca", c->relay_tls_ca, e);
}

static bool check_relay_tls(const struct config *c, struct error *e)
{
	bool is_unix = strstr(c->relay_host, "unix:") != NULL;

	if (c->relay_tls >= SMTP_TLS_ENCRYPT && is_unix)
		return fail(e, FAULT_NEVER,
			"set 'relay.tls': there is no TLS to a Unix socket; say may or none");
	if (c->relay_tls != SMTP_TLS_VERIFY && c->relay_tls_name[0] != '\0')
		return fail(e, FAULT_NEVER,
			"set 'relay.tls_name': only relay.tls=verify looks at names");
	return true;
}

bool config_check(const struct config *c, struct error *e)
{
	for (size_t i = 0; i < setting_count; i++)
		if (settings[i].type == SETTING_LIST && !check_listen(c, &settings[i], e))
			return false;
	if (!check_host(c->host, e) || !check_addresses(c, e) || !check_paths(c, e) ||
		!check_relay(c->relay_host, e) || !check_relay_tls(c, e))
		return false;
	if (c->relay_retry_first_ms > c->relay_retry_most_ms)
		return fail(
			e, FAULT_NEVER, "set 'relay.retry_first': longer than relay.retry_most");
	if (!c->tls_on && ((config_is_given(c, "submissions.listen") && c->submissions_listen[0]) ||
				  (config_is_given(c, "pop3s.listen") && c->pop3s_listen[0]) ||
				  (config_is_given(c, "imaps.listen") && c->imaps_listen[0])))
		return fail(e, FAULT_NEVER,
			"set 'tls.enabled': 'no' contradicts submissions.listen, pop3s.listen and "
			"imaps.listen");
	return true;
}
