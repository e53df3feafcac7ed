/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * password - argon2id (RFC 9106) by libsodium, off the hot path; the only home of the hash functions.
 *
 * Stored forms: "$argon2id$…" (libsodium's encoding, m=19 MiB t=2), "{ARGON2ID}…" accepted on import, and
 * "$mv1$salt$digest", a keyed BLAKE2b digest that account import writes at once so that ten thousand accounts take
 * seconds; a background thread wraps it: "$mv2$salt$<argon2id of the digest>". The plain text is never kept.
 * A login that was right is remembered in memory (keyed BLAKE2b under a random key of this process, bounded, a few
 * minutes), so that POP3 polling does not hash each time; any change of the account empties its place, as the stored
 * hash is part of what is remembered.
 * Hashing is bounded to `password_threads` at once; unknown users cost the same time as known ones.
 */
#include "base/arena.h"
#include "mail/directory.h"

struct password;
/* Hash for storing, argon2id at once. out: LIMIT_PASSWORD_HASH_BYTES. */
enum { LIMIT_PASSWORD_HASH_BYTES = 256 };
MUST_CHECK bool password_hash(
	struct password *p, struct slice plain, struct buf *out, struct error *e);
/* The quick form for imports ("$mv1$…"). */
MUST_CHECK bool password_hash_quick(
	struct password *p, struct slice plain, struct buf *out, struct error *e);
bool password_is_hash(struct slice text); /* a form that we store, for imports */

enum login { LOGIN_OK, LOGIN_WRONG, LOGIN_DISABLED };
/* Checks user (an address; through domain aliases) and password. ret_account is the account (in the arena) when OK.
 * The reason for a refusal is only for the log. */
MUST_CHECK bool password_login(struct mail *m, struct slice user, struct slice plain,
	struct arena *a, enum login *ret, struct account *ret_account, struct error *e);
/* Strengthens up to `count` quick hashes; *ret_left says whether more wait. Called by a background thread. */
MUST_CHECK bool password_strengthen(struct mail *m, size_t count, bool *ret_left, struct error *e);
struct password_stats {
	uint64_t logins, cache_hits, hashes, wrong;
};
void password_stats_get(struct password *p, struct password_stats *ret);
