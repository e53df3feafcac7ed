/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * tree - which mailboxes an archive has: a Maildir with its folders (Maildir++, or nested), an mbox, or mboxes in
 * directories (a directory "Work.sbd", as Thunderbird has it, holds what is below "Work").
 *
 * Symbolic links below the top are not followed. Limits: LIMIT_MAILBOX_DEPTH levels.
 */
#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

enum tree_format { TREE_ANY, TREE_MAILDIR, TREE_MBOX };
struct tree {
	enum tree_format format;
	const char *
		top; /* the mailbox of the archive's own INBOX; what else there is goes below it, unless it is INBOX */
	/* Called for each; false stops. Both texts are borrowed. */
	bool (*visit)(
		void *context, enum tree_format format, const char *path, const char *mailbox);
	void *context;
	size_t found; /* result */
	bool is_stopped;
};
/* A failure is about the path itself; what is wrong below it is told on stderr, and counted in *ret_refused. */
MUST_CHECK bool tree_walk(struct tree *t, const char *path, uint64_t *ret_refused, struct error *e);
