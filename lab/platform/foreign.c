/* SPDX-License-Identifier: MIT */
#include "lab/platform/foreign.h"

#include "lab/platform/site.h"

#include <stdio.h>
#include <stdlib.h>

bool foreign_is(const struct deploy_plan *plan)
{
	return plan->server != NULL && plan->server->prepare != NULL;
}

bool foreign_prepare(struct deployment *d, const char *data, const char *inside, bool mounts_itself,
	struct server_start *ret, struct error *e)
{
	struct site *s = site_of(d);
	const struct deploy_plan *plan = s->plan;
	struct server_account accounts[PLATFORM_ACCOUNT_COUNT];
	struct server_plan want = { .folder = data,
		.inside = inside,
		.packages = plan->packages_path,
		.host = "mx.lab.example",
		.client = LAN_GATEWAY,
		.smtp_port = d->smtp_port,
		.pop3_port = d->pop3_port,
		.imap_port = d->imap_port,
		.domains = plan->domains,
		.domain_count = plan->domain_count,
		.accounts = accounts,
		.account_count = plan->account_count,
		.is_machine = d->platform->is_virtual,
		.mounts_itself = mounts_itself };

	if (!s->has_lan || plan->account_count > PLATFORM_ACCOUNT_COUNT)
		return fail(e, FAULT_NEVER,
			"'%s' needs a network of the lab's own, and at most %d accounts",
			plan->server->name, PLATFORM_ACCOUNT_COUNT);
	for (unsigned i = 0; i < plan->account_count; i++)
		accounts[i] = (struct server_account){ plan->accounts[i].address,
			plan->accounts[i].password };
	bool is_ready = plan->server->prepare(&want, ret, e);

	(void)json_object_set_new(s->facts, "server", json_string(plan->server->title));
	if (ret->facts != NULL)
		(void)json_object_update(s->facts, ret->facts);
	json_decref(ret->facts);
	ret->facts = NULL;
	if (ret->log[0] != '\0')
		(void)snprintf(d->timeline_path, sizeof d->timeline_path, "%s", ret->log);
	d->submission_port = 0;
	return is_ready;
}
