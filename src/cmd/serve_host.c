/* SPDX-License-Identifier: MIT */
#include "cmd/server.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * No look-up in the DNS: it could take seconds, before the first greeting. RFC 5321 4.1.3 wants a name that
 * resolves, or an address literal; a bare host name is at least true, and `host` is the setting for it.
 */
void serve_host_name(const struct server *s, char ret[256])
{
	if (s->config.host[0] != '\0') {
		(void)snprintf(ret, 256, "%s", s->config.host);
		return;
	}
	if (gethostname(ret, 255) < 0 || ret[0] == '\0' || strcmp(ret, "(none)") == 0)
		(void)snprintf(ret, 256, "localhost");
	ret[255] = '\0';
}

static void on_end(void *context, struct slice peer_address)
{
	struct server *s = context;

	listen_client_gone(s->listen, peer_address);
}

static struct session_host *host_new(struct server *s)
{
	const struct config *c = &s->config;
	struct session_host *h = calloc(1, sizeof *h);

	if (h == NULL)
		return NULL;
	atomic_init(&h->users, 1);
	h->mail = &s->mail;
	h->clock = &clock_real;
	h->tls = s->tls;
	serve_host_name(s, h->name);
	h->message_bytes_max = c->message_bytes;
	h->rcpt_max = (unsigned)c->recipients;
	h->command_wait_ms = (unsigned)c->wait_command_ms;
	h->data_wait_ms = (unsigned)c->wait_data_ms;
	h->progress_wait_ms = SESSION_PROGRESS_MS;
	h->idle_wait_ms = (unsigned)c->wait_idle_ms;
	h->min_bytes_per_s = (unsigned)c->body_rate;
	h->errors_max = (unsigned)c->errors;
	h->logins_max = (unsigned)c->logins;
	h->rcpts_refused_max = (unsigned)c->unknown_recipients;
	h->may_login_plain = c->login_plain != 0;
	h->distrusts_loopback = c->trust_loopback == 0;
	h->may_vrfy = c->vrfy != 0;
	(void)snprintf(h->relay_to, sizeof h->relay_to, "%s", c->relay_host);
	h->counters = &s->counters;
	h->on_end = s->is_single ? NULL : on_end;
	h->on_end_context = s;
	return h;
}

bool serve_host_make(struct server *s, struct error *e)
{
	struct session_host *made = host_new(s), *before;

	if (made == NULL)
		return fail(e, FAULT_LATER, "make the sessions' settings: out of memory");
	{
		HOLDING(&s->lock);
		before = s->host;
		s->host = made;
	}
	if (before != NULL)
		session_host_drop(before);
	return true;
}

void serve_host_end(struct server *s)
{
	if (s->host != NULL)
		session_host_drop(s->host);
	s->host = NULL;
}

struct session_host *serve_host_take(struct server *s)
{
	HOLDING(&s->lock);
	return session_host_take(s->host);
}

bool serve_tls_open(struct server *s, struct error *e)
{
	char cert[WHERE_PATH_BYTES], key[WHERE_PATH_BYTES], host[256];

	if (!s->config.tls_on || s->tls != NULL)
		return true;
	if (!where_join(s->data, slice_of(s->config.tls_cert), cert, e) ||
		!where_join(s->data, slice_of(s->config.tls_key), key, e))
		return false;
	/* Only our own place is filled: a mistyped path of a real certificate must not be hidden. */
	bool is_ours =
		!config_is_given(&s->config, "tls.cert") && !config_is_given(&s->config, "tls.key");
	if (is_ours && access(cert, F_OK) < 0 && access(key, F_OK) < 0) {
		serve_host_name(s, host);
		if (!tls_make_self_signed(cert, key, slice_of(host), e))
			return false;
		(void)fprintf(stderr, "made a self-signed certificate for '%s': %s\n", host, cert);
	}
	return tls_config_open(cert, key, &s->tls, e);
}

static void say_problem(void *context, const char *path, unsigned line, const char *text)
{
	(void)context;
	log_event(LOG_LEVEL_ERROR, "serve.config_problem", LOG_TEXT("file", slice_of(path)),
		LOG_COUNT("line", line), LOG_TEXT("why", slice_of(text)));
}

struct stuck {
	struct server *server;
	const struct config *fresh;
};

/* Ports would need root again, a store its files closed: what the file says now and what holds until the restart. */
static void say_stuck(void *context, const struct setting *setting)
{
	const struct stuck *k = context;
	auto_buf wanted = { .max = CONFIG_LIST_BYTES }, now = { .max = CONFIG_LIST_BYTES };

	if (config_print_value(k->fresh, setting, &wanted) &&
		config_print_value(&k->server->config, setting, &now))
		log_event(LOG_LEVEL_WARN, "serve.needs_restart",
			LOG_TEXT("setting", slice_of(setting->name)),
			LOG_TEXT("wanted", buf_slice(&wanted)), LOG_TEXT("now", buf_slice(&now)));
}

/* Either the whole file is taken over or nothing of it. */
static void reload_config(struct server *s)
{
	struct config fresh;
	struct error e = { .fault = FAULT_NONE };
	struct stuck stuck = { s, &fresh };

	config_init(&fresh);
	if (s->options.config_path[0] != '\0' &&
		!config_read(&fresh, s->options.config_path, say_problem, NULL))
		return;
	for (size_t i = 0; i < s->options.set_count; i++)
		if (!config_set_pair(&fresh, slice_of(s->options.sets[i]), &e))
			return; /* it was good when we started, and the command line is the same */
	config_reload(&s->config, &fresh, &s->setup_config, say_stuck, &stuck);
	if (!serve_host_make(s, &e))
		log_event(
			LOG_LEVEL_ERROR, "serve.config_problem", LOG_TEXT("why", slice_of(e.text)));
}

void serve_reload(struct server *s)
{
	struct error e = { .fault = FAULT_NONE };

	reload_config(s);
	log_reopen((enum log_level)s->config.log_level);
	if (s->tls != NULL && !tls_config_reload(s->tls, &e))
		log_event(LOG_LEVEL_ERROR, "serve.certificate_kept",
			LOG_TEXT("why", slice_of(e.text)));
	log_event(LOG_LEVEL_INFO, "serve.reloaded",
		LOG_TEXT("config", slice_of(s->options.config_path)));
}
