/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * limits - every number at which we say no, with its reason.
 *
 * Reaching one is an answer to the peer, never a crash. What an operator may want to change is a
 * setting (cmd/config.c) whose default or ceiling stands here.
 */
enum {
	/* Lines and literals. */
	LIMIT_SMTP_LINE_BYTES = 2048, /* RFC 5321 4.5.3.1.4 asks 512; AUTH (RFC 4954) and SMTPUTF8 more */
	LIMIT_AUTH_LINE_BYTES = 12288, /* RFC 4954 4: SASL answers of 12288 octets */
	LIMIT_POP3_LINE_BYTES = 512,   /* RFC 2449 4: 255 octets with CRLF; UTF-8 user names take more */
	LIMIT_TEXT_LINE_BYTES = 1000,  /* RFC 5321 4.5.3.1.6, with CRLF; we accept longer in bodies */
	LIMIT_ARENA_BYTES = 1 << 20,   /* one command's memory; 1,000 recipients with DSN parameters fit */

	/* Addresses, RFC 5321 4.5.3.1. */
	LIMIT_LOCAL_PART_BYTES = 64,
	LIMIT_DOMAIN_BYTES = 255,
	LIMIT_ADDRESS_BYTES = 64 + 1 + 255,
	LIMIT_ACCOUNT_NAME_BYTES = 64 + 1 + 255,
	LIMIT_PASSWORD_BYTES = 512, /* longer ones only cost the hash time */

	/* One mail. */
	LIMIT_RCPT_COUNT = 1000,      /* per message; RFC 5321 4.5.3.1.8 asks for at least 100 */
	LIMIT_RECEIVED_COUNT = 50,    /* RFC 5321 6.3: at least 100 trace fields was the old advice; a loop
	                                 shows earlier, Postfix stops at 50 */
	LIMIT_HEADER_BYTES = 1 << 18, /* of a header section that we look into */
	LIMIT_COMMENT_DEPTH = 16,     /* comments inside comments of an address; people write one */
	LIMIT_MESSAGE_BYTES_DEFAULT = 50 << 20,
	LIMIT_ALIAS_TARGETS = 500, /* of one alias; a bigger list is a mailing list manager's work */
	LIMIT_ALIAS_DEPTH = 10,    /* aliases that point to aliases */
	LIMIT_EXPANDED_RCPT_COUNT = 2000, /* mailboxes and next-hop recipients of one mail, after aliases */

	/* The store's contract (store/store.h). */
	LIMIT_KEY_BYTES = 1024,
	LIMIT_VALUE_BYTES = 64 << 10,
	LIMIT_COMMIT_BYTES = 1 << 20,
	LIMIT_COMMIT_KEYS = 1000,
	LIMIT_PARTITION_KEYS = 50000,
	LIMIT_PARTITION_NAME_BYTES = 64,
	LIMIT_SCAN_ROWS = 1000,
	LIMIT_SCAN_BYTES = 1 << 20, /* a page of rows ends once it holds so much; rows are far smaller */
	LIMIT_TXN_COMMITS = 4096,   /* partitions in one transaction: all recipients, and the spool */
	LIMIT_TXN_CHUNKS = 16,      /* last chunks that travel with a transaction */
	LIMIT_TXN_DROPS = 50000,    /* blobs forgotten at once: a full mailbox segment */
	LIMIT_BLOB_CHUNK_BYTES = 64 << 10,

	/* Sessions. */
	LIMIT_STACK_BYTES = 256 << 10,  /* a worker's stack; the deepest path measured uses under a third */
	LIMIT_WORKERS_DEFAULT = 64,     /* active sessions at once; the others wait parked, without a thread */
	LIMIT_SESSIONS_DEFAULT = 20000, /* open connections */
	LIMIT_PER_ADDRESS_DEFAULT = 200, /* connections of one address (/64 for IPv6) */
	LIMIT_ERRORS_PER_SESSION = 20,  /* bad commands before we hang up */
	LIMIT_LOGINS_PER_SESSION = 5,   /* failed logins before we hang up */
	LIMIT_RECIPIENTS_REFUSED = 50,  /* unknown users before we hang up: harvesting */
};
