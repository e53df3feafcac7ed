/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * parts - how mail_open() makes the parts of struct mail, in this order, and mail_close() ends them, backwards.
 * Not for anybody outside mail/.
 */
#include "mail/mail.h"

MUST_CHECK bool changes_open(struct changes **ret, struct error *e);
void changes_close(struct changes *c);

MUST_CHECK bool timelines_open(struct store *store, const struct clock *clock, uint32_t keep_hours,
	struct timelines **ret, struct error *e);
void timelines_close(struct timelines *t);

MUST_CHECK bool quota_open(struct quota **ret, struct error *e);
void quota_close(struct quota *q);

MUST_CHECK bool folders_open(struct store *store, const struct clock *clock, struct quota *quota,
	struct changes *changes, struct folders **ret, struct error *e);
void folders_close(struct folders *f);

MUST_CHECK bool mailboxes_open(const struct mail *m, struct mailboxes **ret, struct error *e);
void mailboxes_close(struct mailboxes *all);

MUST_CHECK bool spool_open(
	struct store *store, const struct clock *clock, struct spool **ret, struct error *e);
void spool_close(struct spool *s);

MUST_CHECK bool directory_open(const struct mail *m, const struct mail_options *options,
	struct directory **ret, struct error *e);
void directory_close(struct directory *d);

MUST_CHECK bool password_open(
	const struct mail_options *options, struct password **ret, struct error *e);
void password_close(struct password *p);
