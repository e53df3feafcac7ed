/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * limits - every number at which we say no, with its reason.
 *
 * Reaching one is an answer to the peer, never a crash. What an operator may want to change is a
 * setting (cmd/config.c) whose default or ceiling stands here.
 */
/* clang-format off */
enum {
	/* Lines and literals. */
	LIMIT_SMTP_LINE_BYTES = 2048, /* RFC 5321 4.5.3.1.4 asks 512; AUTH (RFC 4954) and SMTPUTF8 more */
	LIMIT_AUTH_LINE_BYTES = 12288, /* RFC 4954 4: SASL answers of 12288 octets */
	LIMIT_POP3_LINE_BYTES = 512,   /* RFC 2449 4: 255 octets with CRLF; UTF-8 user names take more */
	LIMIT_TEXT_LINE_BYTES = 1000,  /* RFC 5321 4.5.3.1.6, with CRLF; we accept longer in bodies */
	LIMIT_ARENA_BYTES = 1 << 20,   /* one command's memory; 1,000 recipients with DSN parameters fit */

	/* IMAP commands (syntax/imap_*.h). */
	LIMIT_IMAP_LINE_BYTES = 64 << 10, /* RFC 7162 4 asks 8192; UID lists of real clients reach 30 KB */
	LIMIT_IMAP_LITERAL_BYTES = 64 << 10, /* of an argument: a METADATA value, a search text; not a message */
	LIMIT_IMAP_COMMAND_BYTES = 256 << 10, /* one command with its literals, in memory, messages apart */
	LIMIT_IMAP_TAG_BYTES = 128,    /* it is repeated in answers; clients use four to ten */
	LIMIT_IMAP_QUOTED_BYTES = 1000, /* longer strings in answers are literals: clients have line buffers */
	LIMIT_IMAP_SET_RANGES = 16384, /* of one set; half of what fits into a line of "1,3,5" */
	LIMIT_IMAP_FLAGS = 64,         /* keywords in one command */
	LIMIT_IMAP_KEYWORD_BYTES = 100,
	LIMIT_IMAP_SECTIONS = 100,      /* BODY[…] items of one FETCH */
	LIMIT_IMAP_SECTION_DEPTH = 50,  /* numbers in 1.2.3…; parts nest at most so deep */
	LIMIT_IMAP_SECTION_FIELDS = 200, /* names in HEADER.FIELDS (…); Thunderbird sends about 20 */
	LIMIT_IMAP_SEARCH_DEPTH = 32,   /* NOT, OR and parentheses inside each other: it is a stack */
	LIMIT_IMAP_SEARCH_KEYS = 4000,  /* about 400 KB of LIMIT_ARENA_BYTES */
	LIMIT_IMAP_SORT_KEYS = 20,      /* there are nine, each in two directions */
	LIMIT_IMAP_PATTERNS = 100,      /* of one LIST; each is tried on each mailbox */
	LIMIT_IMAP_ENTRIES = 100,       /* METADATA entries in one command */
	LIMIT_IMAP_ENTRY_BYTES = 256,   /* the name of one; it is part of a key in the store */
	LIMIT_IMAP_SCOPES = 50,         /* groups of one NOTIFY, sources of one ESEARCH */
	LIMIT_IMAP_SCOPE_NAMES = 500,   /* mailboxes named in one of them */
	LIMIT_IMAP_APPEND_MESSAGES = 1000, /* of one MULTIAPPEND: they become one transaction */
	LIMIT_IMAP_APPEND_PARTS = 200,  /* of one CATENATE */
	LIMIT_IMAP_ID_FIELDS = 30,      /* RFC 2971 3.3 */
	LIMIT_IMAP_ENABLE_NAMES = 50,   /* there are about ten to enable */
	LIMIT_IMAP_CANCEL_TAGS = 100,   /* of one CANCELUPDATE */
	LIMIT_IMAP_QUOTA_RESOURCES = 20, /* RFC 9208 knows four */
	LIMIT_MAILBOX_NAME_BYTES = 480, /* in UTF-8; twice fits into LIMIT_KEY_BYTES */
	LIMIT_MAILBOX_DEPTH = 32,       /* levels of a name; people use five */

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
	LIMIT_WAITING_WORKERS = 192, /* beside them: whose clients read slowly; under 100 MB in all */
	LIMIT_SESSIONS_DEFAULT = 20000, /* open connections */
	LIMIT_PER_ADDRESS_DEFAULT = 200, /* connections of one address (/64 for IPv6) */
	LIMIT_ERRORS_PER_SESSION = 20,  /* bad commands before we hang up */
	LIMIT_LOGINS_PER_SESSION = 5,   /* failed logins before we hang up */
	LIMIT_RECIPIENTS_REFUSED = 50,  /* unknown users before we hang up: harvesting */
};
/* clang-format on */
