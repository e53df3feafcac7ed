/* SPDX-License-Identifier: MIT */
#pragma once
/* imap_world - what tests of mailboxes need beside world.h. */
#include "world.h"

#include "mail/append.h"
#include "mail/mailbox.h"
#include "mail/transfer.h"
#include "mail/view.h"

/* Opens a mailbox that is there. */
struct folder *world_mailbox(struct world *w, const char *address, const char *name);
/* Appends one message; returns its UID. */
uint32_t world_append(
	struct world *w, struct folder *f, uint32_t flags, uint64_t keywords, struct slice bytes);
enum append_answer world_try_append(struct world *w, struct folder *f, struct slice bytes);
/* Sets flags of one message; the outcome must be `outcome`. */
struct flags_result world_flag(
	struct folder *f, uint32_t uid, enum flags_how how, uint32_t flags, uint64_t keywords);
/* The entry; it must be there. Without slices. */
struct entry world_entry(struct folder *f, uint32_t uid);
/* What the view has to tell; it must not fail. The slices last as long as the arena. */
struct view_news world_refresh(struct view *v, bool may_expunge, struct arena *a);
