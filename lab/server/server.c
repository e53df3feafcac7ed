/* SPDX-License-Identifier: MIT */
#include "lab/server/server.h"

#include "lab/server/list.h"

const struct server server_mailvisor = {
	.name = "mailvisor",
	.title = "Mailvisor",
	.log = &log_mailvisor,
};

/* Only its log: it runs somewhere else. */
static const struct server server_dovecot = {
	.name = "dovecot",
	.title = "Dovecot",
	.log = &log_dovecot,
};

/* The study's server: Windows only. */
static const struct server server_hmailserver = {
	.name = "hmailserver",
	.title = "hMailServer",
	.log = &log_hmailserver,
};

const struct server *const servers[] = { &server_mailvisor, &server_postfix, &server_exim,
	&server_opensmtpd, &server_dovecot, &server_hmailserver, NULL };

const struct server *server_find(struct slice name)
{
	for (size_t i = 0; servers[i] != NULL; i++) {
		if (slice_same(slice_of(servers[i]->name), name))
			return servers[i];
	}
	return NULL;
}

bool server_is_elsewhere(const struct server *s)
{
	return s->prepare == NULL && s != &server_mailvisor;
}
