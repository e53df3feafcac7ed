/* SPDX-License-Identifier: MIT */
#include "mail/password.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "base/lock.h"
#include "mail/directory_parts.h"
#include "mail/parts.h"
#include "mail/password_cache.h"
#include "mail/password_wrap.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

enum {
	/* OWASP's first choice for argon2id: 19 MiB, two passes, one lane (which is all that libsodium has). */
	ARGON_MEMORY_BYTES = 19 << 20,
	ARGON_PASSES = 2,
	/* An imported hash asks for its own; beyond these it would be a way to stop the server. */
	IMPORT_MEMORY_KIB_MAX = 256 << 10,
	IMPORT_PASSES_MAX = 20,
	IMPORT_LANES_MAX = 16,
	SALT_BYTES = 16,
	SALT_TEXT_BYTES = 22, /* base 64 without padding */
	DIGEST_BYTES = 32,
	DIGEST_TEXT_BYTES = 43,
	HASH_WAIT_S = 20, /* for a place among password_threads */
};
#define BASE64 sodium_base64_VARIANT_URLSAFE_NO_PADDING

struct password {
	unsigned char secret[32];
	unsigned char cache_key[32]; /* of this process */
	unsigned threads_max;
	struct lock lock;
	struct signal has_place;
	/* under lock: */
	unsigned threads;
	struct password_cache cache;
	struct password_stats stats;
};

bool password_open(const struct mail_options *options, struct password **ret, struct error *e)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	struct password *p;

	if (sodium_init() < 0)
		return fail(e, FAULT_NEVER, "open the passwords: libsodium does not start");
	if (options->secret.len != sizeof p->secret)
		return fail(e, FAULT_NEVER, "open the passwords: a secret of %zu bytes, not %zu",
			options->secret.len, sizeof p->secret);
	p = calloc(1, sizeof *p);
	if (p == NULL)
		return fail(e, FAULT_LATER, "open the passwords: out of memory");
	memcpy(p->secret, options->secret.at, sizeof p->secret);
	randombytes_buf(p->cache_key, sizeof p->cache_key);
	p->threads_max = options->password_threads;
	if (p->threads_max == 0)
		p->threads_max = cores > 0 ? (unsigned)cores : 1;
	lock_init(&p->lock, RANK_PASSWORD);
	signal_init(&p->has_place);
	*ret = p;
	return true;
}

void password_close(struct password *p)
{
	if (p == NULL)
		return;
	password_cache_done(&p->cache);
	signal_done(&p->has_place);
	lock_done(&p->lock);
	sodium_memzero(p, sizeof *p);
	free(p);
}

/* --- a bounded number of hashes at once: each takes a core and 19 MiB for its time --- */

static bool place_take(struct password *p, struct error *e)
{
	uint64_t until_ns = clock_mono_ns(&clock_real) + HASH_WAIT_S * NS_PER_S;

	HOLDING(&p->lock);
	while (p->threads >= p->threads_max) {
		if (!signal_wait(&p->has_place, &p->lock, until_ns))
			return fail(e, FAULT_LATER, "check a password: too many are being checked");
	}
	p->threads++;
	p->stats.hashes++;
	return true;
}

static void place_drop(struct password *p)
{
	HOLDING(&p->lock);
	p->threads--;
	signal_one(&p->has_place);
}

static bool argon_hash(struct password *p, struct slice plain, struct buf *out, struct error *e)
{
	char text[crypto_pwhash_STRBYTES];
	bool is_good;

	if (!place_take(p, e))
		return false;
	is_good = crypto_pwhash_str_alg(text, plain.at, plain.len, ARGON_PASSES, ARGON_MEMORY_BYTES,
			  crypto_pwhash_ALG_ARGON2ID13) == 0;
	place_drop(p);
	if (!is_good || !buf_add(out, slice_of(text)))
		return fail(e, FAULT_LATER, "hash a password: out of memory");
	return true;
}

static bool argon_verify(
	struct password *p, struct slice hash, struct slice plain, bool *ret_same, struct error *e)
{
	char text[LIMIT_PASSWORD_HASH_BYTES];

	*ret_same = false;
	if (!slice_text(hash, text, sizeof text))
		return true;
	if (!place_take(p, e))
		return false;
	*ret_same = crypto_pwhash_str_verify(text, plain.at, plain.len) == 0;
	place_drop(p);
	return true;
}

/* Takes as long as a real one, for users that there are not and hashes that are quick. */
static bool argon_burn(struct password *p, struct slice plain, struct error *e)
{
	static const unsigned char salt[crypto_pwhash_SALTBYTES];
	unsigned char out[DIGEST_BYTES];
	bool is_good;

	if (!place_take(p, e))
		return false;
	is_good = crypto_pwhash(out, sizeof out, plain.at, plain.len, salt, ARGON_PASSES,
			  ARGON_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) == 0;
	place_drop(p);
	return is_good || fail(e, FAULT_LATER, "check a password: out of memory");
}

/* --- forms --- */

struct quick {
	struct slice salt, rest; /* of "$mv?$salt$rest" */
};

static bool quick_read(struct slice text, struct slice scheme, struct quick *ret)
{
	struct cursor c = cursor_over(text);

	cursor_expect(&c, scheme);
	ret->salt = cursor_until(&c, '$');
	ret->rest = cursor_rest(&c);
	return !c.broken && ret->salt.len == SALT_TEXT_BYTES;
}

/* The digest as text: what "$mv1$" stores and "$mv2$" hashes again. */
static void quick_digest(const struct password *p, struct slice salt, struct slice plain,
	char ret[DIGEST_TEXT_BYTES + 1])
{
	unsigned char digest[DIGEST_BYTES];
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, p->secret, sizeof p->secret, sizeof digest);
	(void)crypto_generichash_update(&state, (const unsigned char *)salt.at, salt.len);
	(void)crypto_generichash_update(&state, (const unsigned char *)plain.at, plain.len);
	(void)crypto_generichash_final(&state, digest, sizeof digest);
	(void)sodium_bin2base64(ret, DIGEST_TEXT_BYTES + 1, digest, sizeof digest, BASE64);
	sodium_memzero(digest, sizeof digest);
}

static struct slice argon_text(struct slice text)
{
	return slice_starts_nocase(text, S("{ARGON2ID}")) ? slice_skip(text, 10) : text;
}

/* "$argon2id$v=19$m=19456,t=2,p=1$salt$hash" */
static bool is_argon(struct slice text)
{
	struct cursor c = cursor_over(text);
	uint64_t memory, passes, lanes;

	cursor_expect(&c, S("$argon2id$v=19$m="));
	memory = cursor_number(&c, IMPORT_MEMORY_KIB_MAX);
	cursor_expect(&c, S(",t="));
	passes = cursor_number(&c, IMPORT_PASSES_MAX);
	cursor_expect(&c, S(",p="));
	lanes = cursor_number(&c, IMPORT_LANES_MAX);
	cursor_expect(&c, S("$"));
	(void)cursor_until(&c, '$');
	return !c.broken && cursor_left(&c) > 0 && memory >= 8 && passes > 0 && lanes > 0 &&
	       text.len < crypto_pwhash_STRBYTES;
}

bool password_is_hash(struct slice text)
{
	struct quick quick;

	if (is_argon(argon_text(text)))
		return true;
	if (quick_read(text, S("$mv1$"), &quick))
		return quick.rest.len == DIGEST_TEXT_BYTES;
	return quick_read(text, S("$mv2$"), &quick) && is_argon(quick.rest);
}

bool password_hash(struct password *p, struct slice plain, struct buf *out, struct error *e)
{
	if (plain.len > LIMIT_PASSWORD_BYTES)
		return fail(e, FAULT_NEVER, "hash a password: longer than %d bytes",
			LIMIT_PASSWORD_BYTES);
	return argon_hash(p, plain, out, e);
}

bool password_hash_quick(struct password *p, struct slice plain, struct buf *out, struct error *e)
{
	unsigned char salt[SALT_BYTES];
	char salt_text[SALT_TEXT_BYTES + 1], digest[DIGEST_TEXT_BYTES + 1];

	if (plain.len > LIMIT_PASSWORD_BYTES)
		return fail(e, FAULT_NEVER, "hash a password: longer than %d bytes",
			LIMIT_PASSWORD_BYTES);
	randombytes_buf(salt, sizeof salt);
	(void)sodium_bin2base64(salt_text, sizeof salt_text, salt, sizeof salt, BASE64);
	quick_digest(p, slice_of(salt_text), plain, digest);
	if (!buf_add_format(out, "$mv1$%s$%s", salt_text, digest))
		return fail(e, FAULT_LATER, "hash a password: out of memory");
	return true;
}

/* *ret_burnt: it took the time of a real hash. */
static bool stored_verify(struct password *p, struct slice stored, struct slice plain,
	bool *ret_same, bool *ret_burnt, struct error *e)
{
	char digest[DIGEST_TEXT_BYTES + 1];
	struct quick quick;

	*ret_same = *ret_burnt = false;
	if (quick_read(stored, S("$mv1$"), &quick)) {
		quick_digest(p, quick.salt, plain, digest);
		*ret_same = quick.rest.len == DIGEST_TEXT_BYTES &&
			    sodium_memcmp(quick.rest.at, digest, DIGEST_TEXT_BYTES) == 0;
		return true;
	}
	if (stored.len == 0)
		return true;
	*ret_burnt = true;
	if (quick_read(stored, S("$mv2$"), &quick)) {
		quick_digest(p, quick.salt, plain, digest);
		return argon_verify(p, quick.rest, slice_of(digest), ret_same, e);
	}
	return argon_verify(p, argon_text(stored), plain, ret_same, e);
}

/* --- logging in --- */

static struct password_digest login_digest(
	const struct password *p, const struct account *account, struct slice plain)
{
	struct password_digest digest;
	crypto_generichash_state state;
	uint64_t stored_len = account->password.len;

	(void)crypto_generichash_init(
		&state, p->cache_key, sizeof p->cache_key, sizeof digest.bytes);
	(void)crypto_generichash_update(&state, account->id.bytes, ID_BYTES);
	(void)crypto_generichash_update(
		&state, (const unsigned char *)&stored_len, sizeof stored_len);
	(void)crypto_generichash_update(
		&state, (const unsigned char *)account->password.at, account->password.len);
	(void)crypto_generichash_update(&state, (const unsigned char *)plain.at, plain.len);
	(void)crypto_generichash_final(&state, digest.bytes, sizeof digest.bytes);
	return digest;
}

static bool is_remembered(struct password *p, const struct password_digest *digest)
{
	HOLDING(&p->lock);
	if (!password_cache_has(&p->cache, digest, clock_mono_ns(&clock_real)))
		return false;
	p->stats.cache_hits++;
	return true;
}

static void remember(struct password *p, const struct password_digest *digest)
{
	HOLDING(&p->lock);
	password_cache_add(&p->cache, digest, clock_mono_ns(&clock_real));
}

static void count_login(struct password *p, bool is_right)
{
	HOLDING(&p->lock);
	p->stats.logins++;
	p->stats.wrong += is_right ? 0 : 1;
}

static bool account_verify(struct password *p, const struct account *account, bool is_found,
	struct slice plain, bool *ret_same, struct error *e)
{
	struct password_digest digest;
	bool is_burnt = false;

	*ret_same = false;
	if (is_found) {
		digest = login_digest(p, account, plain);
		*ret_same = is_remembered(p, &digest);
		if (*ret_same)
			return true;
		if (!stored_verify(p, account->password, plain, ret_same, &is_burnt, e))
			return false;
	}
	if (*ret_same)
		remember(p, &digest);
	else if (!is_burnt)
		return argon_burn(p, plain, e);
	return true;
}

bool password_login(struct mail *m, struct slice user, struct slice plain, struct arena *a,
	enum login *ret, struct account *ret_account, struct error *e)
{
	struct account account = { .is_disabled = false };
	bool is_found, is_same;

	*ret = LOGIN_WRONG;
	if (!directory_login(m->directory, user, a, &account, &is_found, e))
		return false;
	if (plain.len > LIMIT_PASSWORD_BYTES)
		is_found = false;
	if (!account_verify(m->password, &account, is_found,
		    slice_first(plain, LIMIT_PASSWORD_BYTES), &is_same, e))
		return false;
	count_login(m->password, is_same);
	if (!is_same)
		return true;
	*ret = account.is_disabled ? LOGIN_DISABLED : LOGIN_OK;
	*ret_account = account;
	return true;
}

void password_stats_get(struct password *p, struct password_stats *ret)
{
	HOLDING(&p->lock);
	*ret = p->stats;
}

bool password_wrap(struct password *p, struct slice quick_text, struct buf *out, struct error *e)
{
	struct quick quick;

	if (!quick_read(quick_text, S("$mv1$"), &quick))
		return fail(e, FAULT_NEVER, "strengthen a password: it has no quick form");
	if (!buf_add(out, S("$mv2$")) || !buf_add(out, quick.salt) || !buf_add_byte(out, '$'))
		return fail(e, FAULT_LATER, "strengthen a password: out of memory");
	return argon_hash(p, quick.rest, out, e);
}
