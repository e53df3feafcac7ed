/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * directory - domains, domain aliases, accounts and aliases: who is behind an address.
 *
 * An account is an address: alice@a.example and alice@b.example are two people. Domains are kept in their A-label,
 * lower-case spelling (message/names.h); local parts compare in any case. Order of resolving, first match wins:
 *   1. the domain, through domain aliases; not ours: RESOLVE_REMOTE
 *   2. an alias or account with the whole local part; 3. the same without "+detail"; 4. the domain's catch-all;
 *   5. else RESOLVE_UNKNOWN.
 * postmaster@ without an entry, in any case, goes to the first of these that leads to somebody: the domain's postmaster (its
 * first account, if nobody was named before), its catch-all, the server's postmaster setting, the postmaster of the
 * oldest domain. <postmaster> alone: the last two (RFC 5321 4.5.1).
 * Aliases may point to aliases (LIMIT_ALIAS_DEPTH), to other domains and to remote addresses; a mailbox reached twice
 * is one target; a loop resolves to what else it reaches.
 * Reads come from memory (loaded on demand, dropped with any change); writes are one commit each and answer
 * CHANGE_CONFLICT when somebody else changed the same thing first.
 * Limits: LIMIT_DOMAINS, LIMIT_DOMAIN_ACCOUNTS, LIMIT_ALIAS_TARGETS, LIMIT_ALIAS_DEPTH, LIMIT_EXPANDED_RCPT_COUNT.
 */
#include "base/arena.h"
#include "mail/mail.h"

struct directory;

enum {
	LIMIT_DOMAINS = 40000,          /* one partition, under LIMIT_PARTITION_KEYS */
	LIMIT_DOMAIN_ACCOUNTS = 500000, /* and aliases, of one domain: 16 buckets of 31,250 */
	LIMIT_ALIAS_BYTES = 60 << 10,   /* all targets together, under LIMIT_VALUE_BYTES */
};

struct domain {
	struct slice name; /* key: A-label, lower case */
	bool is_disabled; /* keeps everything, accepts and serves nothing (450 4.2.1 / login refused) */
	/* a domain alias: every address of it means the same local part there */
	struct slice alias_of;
	struct slice catch_all; /* address, empty: none */
	/* address of postmaster@ when there is no such entry; when empty, and nobody else would be, the first account added */
	struct slice postmaster;
	uint64_t account_max; /* 0: no limit, also below */
	uint64_t quota_bytes; /* of all its accounts together */
	uint64_t message_bytes_max;
	uint64_t created_s;
};

struct account {
	struct slice address; /* "alice@a.example", its key */
	struct id id;         /* its mailboxes hang on this; a renamed account keeps it */
	bool is_disabled;
	struct slice password; /* hash as text, empty: cannot log in; never shown */
	uint64_t quota_bytes;  /* what the administrator gave; 0: no limit, also below */
	uint64_t quota_messages;
	/* what the owner set for himself beside that, RFC 9208 4.1.3; see quota_smaller() */
	uint64_t own_quota_bytes, own_quota_messages;
	uint64_t created_s;
};

struct alias {
	struct slice address;
	struct slice *targets; /* addresses */
	size_t target_count;
	bool is_disabled;
};

/*
 * Every answer but CHANGE_DONE says in e->text what was wrong and where (e->fault is FAULT_NEVER: nothing to retry).
 * CHANGE_FAILED is a failure of the store, with its own fault.
 */
enum change {
	CHANGE_DONE,
	CHANGE_EXISTS,
	CHANGE_MISSING,
	CHANGE_CONFLICT,
	CHANGE_IN_USE,
	CHANGE_LIMIT,
	CHANGE_BAD,
	CHANGE_FAILED,
};

enum change domain_add(struct directory *d, const struct domain *domain, struct error *e);
enum change domain_set(
	struct directory *d, const struct domain *domain, struct error *e); /* replaces */
enum change domain_remove(
	struct directory *d, struct slice name, struct error *e); /* CHANGE_IN_USE with accounts */
enum change account_add(struct directory *d, const struct account *account, struct error *e);
/* Many at once, 250 a commit; stops at the first that fails and says in *ret_done how many were added. */
enum change account_add_many(struct directory *d, const struct account *accounts, size_t count,
	size_t *ret_done, struct error *e);
/* Replaces all but the id, the date and the owner's limits. */
enum change account_set(struct directory *d, const struct account *account, struct error *e);
/* The owner's limits become these; 0: none. CHANGE_LIMIT: one is above the administrator's, and nothing is changed. */
enum change account_set_own_quota(struct directory *d, struct slice address, uint64_t bytes,
	uint64_t messages, struct error *e);
/* Removes the account and, in the background-free way of bounded commits, its mail. */
enum change account_remove(struct directory *d, struct slice address, struct error *e);
enum change alias_add(struct directory *d, const struct alias *alias, struct error *e);
enum change alias_set(struct directory *d, const struct alias *alias, struct error *e);
enum change alias_remove(struct directory *d, struct slice address, struct error *e);

/* Finds one; results live in the arena. */
MUST_CHECK bool domain_get(struct directory *d, struct slice name, struct arena *a,
	struct domain *ret, bool *ret_found, struct error *e);
MUST_CHECK bool account_get(struct directory *d, struct slice address, struct arena *a,
	struct account *ret, bool *ret_found, struct error *e);
MUST_CHECK bool alias_get(struct directory *d, struct slice address, struct arena *a,
	struct alias *ret, bool *ret_found, struct error *e);
/* In name order, those after `after`; up to limit. domain "" lists all domains' entries. */
MUST_CHECK bool domain_list(struct directory *d, struct slice after, size_t limit, struct arena *a,
	struct domain **ret, size_t *ret_count, struct error *e);
MUST_CHECK bool account_list(struct directory *d, struct slice domain, struct slice after,
	size_t limit, struct arena *a, struct account **ret, size_t *ret_count, struct error *e);
MUST_CHECK bool alias_list(struct directory *d, struct slice domain, struct slice after,
	size_t limit, struct arena *a, struct alias **ret, size_t *ret_count, struct error *e);

enum resolve { RESOLVE_OK, RESOLVE_REMOTE, RESOLVE_UNKNOWN, RESOLVE_DISABLED, RESOLVE_BAD };
struct target {
	bool is_local;
	struct slice address; /* of the account, or the remote address */
	struct id account;    /* when local */
	struct slice domain;  /* key of the account's domain, for quota */
	/* the account's are the smaller ones of the administrator's and the owner's */
	uint64_t quota_bytes, quota_messages, domain_quota_bytes, message_bytes_max;
};
struct targets {
	struct target *at;
	size_t count;
};
/* Everyone behind one forward-path. RESOLVE_REMOTE: the domain is not ours (no targets; relaying is the caller's
 * decision). An alias may give remote targets with RESOLVE_OK. */
MUST_CHECK bool directory_resolve(struct directory *d, struct slice address, struct arena *a,
	enum resolve *ret, struct targets *ret_targets, struct error *e);
/* The account that logs in as `user`, through domain aliases; an account of a disabled domain is shown disabled. */
MUST_CHECK bool directory_login(struct directory *d, struct slice user, struct arena *a,
	struct account *ret, bool *ret_found, struct error *e);
/* Another number after each change: while it stays the same, so do all answers. */
uint64_t directory_changes(struct directory *d);
/* The account as a target, with its quotas and its domain's: for what a session puts into its own mailboxes. */
MUST_CHECK bool directory_target(struct directory *d, struct slice account, struct arena *a,
	struct target *ret, bool *ret_found, struct error *e);
/* How many accounts and aliases a domain has. */
struct domain_counts {
	uint64_t accounts, aliases;
};
MUST_CHECK bool domain_counts(struct directory *d, struct slice name, struct domain_counts *ret,
	bool *ret_found, struct error *e);
/* May this account write as this address? Its own (with +detail, through domain aliases), and any alias that has it
 * as a target. */
MUST_CHECK bool directory_may_send_as(struct directory *d, struct slice account,
	struct slice address, bool *ret_may, struct error *e);
