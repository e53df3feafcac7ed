/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mail - the durable nouns of one data directory, opened together.
 *
 *   session/smtp --> directory (who is that?) --> intake (one commit) --> folder, spool --> store
 *   session/pop3 --> directory + password (may they?) --> folder, body --> store
 *   session/imap --> mailbox (names) --> view, folder, append, transfer, body --> store
 *   deliver      --> spool --> store          admin --> directory, spool, timeline --> store
 *
 * Threads: every function of mail/ from any thread unless its header says otherwise.
 */
#include "base/clock.h"
#include "base/error.h"
#include "store/store.h"

struct mail {
	struct store *store;
	const struct clock *clock;
	struct directory *directory;
	struct password *password;
	struct folders *folders;
	struct mailboxes *mailboxes;
	struct spool *spool;
	struct timelines *timelines;
	struct quota *quota;
	struct changes *changes;
};

struct mail_options {
	const struct clock *clock;
	/* 32 bytes from the data directory, keys the digest of passwords not yet strengthened */
	struct slice secret;
	struct slice postmaster; /* address of postmaster@ where a domain has none; empty: nobody */
	char address_separator;  /* plus addressing: '+'; 0 is off */
	uint32_t timeline_keep_hours; /* 0: timelines are not stored */
	/* how many hashes at once; 0 is the default (the number of cores) */
	unsigned password_threads;
};

/* Takes the store (closes it in mail_close), also when it fails. */
MUST_CHECK bool mail_open(
	struct store *store, const struct mail_options *options, struct mail *ret, struct error *e);
void mail_close(struct mail *m);
