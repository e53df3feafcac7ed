/* SPDX-License-Identifier: MIT */
#include "mail/directory_parts.h"
#include "mail/parts.h"

static bool mail_open_parts(const struct mail_options *options, struct mail *m, struct error *e)
{
	return changes_open(&m->changes, e) &&
	       timelines_open(m->store, m->clock, options->timeline_keep_hours, &m->timelines, e) &&
	       quota_open(&m->quota, e) &&
	       folders_open(m->store, m->clock, m->quota, m->changes, &m->folders, e) &&
	       mailboxes_open(m, &m->mailboxes, e) &&
	       spool_open(m->store, m->clock, &m->spool, e) &&
	       directory_open(m, options, &m->directory, e) &&
	       password_open(options, &m->password, e);
}

bool mail_open(
	struct store *store, const struct mail_options *options, struct mail *ret, struct error *e)
{
	struct error later = { .fault = FAULT_NONE };

	*ret = (struct mail){ .store = store, .clock = options->clock };
	if (!mail_open_parts(options, ret, e)) {
		mail_close(ret);
		return false;
	}
	/* On a full disk the server starts all the same; the next start goes on. */
	if (!accounts_remove_go_on(ret->directory, &later))
		error_clear(&later);
	return true;
}

void mail_close(struct mail *m)
{
	password_close(m->password);
	directory_close(m->directory);
	spool_close(m->spool);
	mailboxes_close(m->mailboxes);
	folders_close(m->folders);
	quota_close(m->quota);
	timelines_close(m->timelines);
	changes_close(m->changes);
	store_close(m->store);
	*m = (struct mail){ 0 };
}
