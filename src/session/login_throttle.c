/* SPDX-License-Identifier: MIT */
#include "session/login_throttle.h"

#include "base/clock.h"
#include "base/limits.h"

#include <sys/random.h>

enum kind { KIND_ADDRESS = 1, KIND_ACCOUNT, KIND_KNOWN };

/* clang-format off */
static const struct throttle_rule {
	unsigned burst;
	uint64_t refill_ns;
} rules[] = {
	[KIND_ADDRESS] = { LOGIN_ADDRESS_BURST, LOGIN_ADDRESS_REFILL_MS * NS_PER_MS },
	[KIND_ACCOUNT] = { LOGIN_ACCOUNT_BURST, LOGIN_ACCOUNT_REFILL_MS * NS_PER_MS },
};
/* clang-format on */

/* 64-bit FNV-1a with a secret start, and a last mix so that the low bits choose the set evenly. */
static uint64_t hash_add(uint64_t hash, struct slice s)
{
	for (size_t i = 0; i < s.len && i < LIMIT_ADDRESS_BYTES; i++)
		hash = (hash ^ (uint8_t)ascii_lower(s.at[i])) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static uint64_t throttle_key(
	const struct login_throttle *t, enum kind kind, struct slice first, struct slice second)
{
	uint64_t hash = hash_add(hash_add(t->seed + kind, first), second);

	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	return hash == 0 ? 1 : hash;
}

static void throttle_seed(struct login_throttle *t)
{
	if (t->seed != 0)
		return;
	if (getrandom(&t->seed, sizeof t->seed, 0) != (ssize_t)sizeof t->seed || t->seed == 0)
		t->seed = UINT64_C(0x9e3779b97f4a7c15);
}

/* Looks at every way of the set, found or not, so that the time tells nothing. */
static struct login_throttle_slot *throttle_find(struct login_throttle_table *t, uint64_t key)
{
	struct login_throttle_slot *set = t->slots[key % LOGIN_THROTTLE_SETS], *found = NULL;

	for (size_t i = 0; i < LOGIN_THROTTLE_WAYS; i++)
		found = set[i].key == key ? &set[i] : found;
	return found;
}

static struct login_throttle_slot *throttle_make(struct login_throttle_table *t, uint64_t key)
{
	struct login_throttle_slot *set = t->slots[key % LOGIN_THROTTLE_SETS];
	struct login_throttle_slot *least = throttle_find(t, key);

	if (least != NULL)
		return least;
	least = &set[0];
	for (size_t i = 1; i < LOGIN_THROTTLE_WAYS; i++)
		least = set[i].free_ns < least->free_ns ? &set[i] : least;
	*least = (struct login_throttle_slot){ .key = key };
	return least;
}

/* Room for one more failure: the debt that is left may not pass the burst. */
static bool throttle_has_room(
	struct login_throttle *t, enum kind kind, struct slice name, uint64_t now_ns)
{
	const struct throttle_rule *rule = &rules[kind];
	struct login_throttle_slot *slot =
		throttle_find(&t->debts, throttle_key(t, kind, name, S("")));
	uint64_t debt_ns = slot != NULL && slot->free_ns > now_ns ? slot->free_ns - now_ns : 0;

	return name.len == 0 || debt_ns <= (rule->burst - 1) * rule->refill_ns;
}

static void throttle_charge(
	struct login_throttle *t, enum kind kind, struct slice name, uint64_t now_ns)
{
	struct login_throttle_slot *slot;

	if (name.len == 0)
		return;
	slot = throttle_make(&t->debts, throttle_key(t, kind, name, S("")));
	slot->free_ns = (slot->free_ns > now_ns ? slot->free_ns : now_ns) + rules[kind].refill_ns;
}

bool login_throttle_may(
	struct login_throttle *t, struct slice address, struct slice account, uint64_t now_ns)
{
	HOLDING(&t->lock);
	throttle_seed(t);

	struct login_throttle_slot *known =
		throttle_find(&t->known, throttle_key(t, KIND_KNOWN, address, account));
	bool is_known = known != NULL && known->free_ns > now_ns;
	bool address_may = throttle_has_room(t, KIND_ADDRESS, address, now_ns);
	bool account_may = throttle_has_room(t, KIND_ACCOUNT, account, now_ns);

	return address_may && (account_may || is_known);
}

void login_throttle_failed(
	struct login_throttle *t, struct slice address, struct slice account, uint64_t now_ns)
{
	HOLDING(&t->lock);
	throttle_seed(t);
	throttle_charge(t, KIND_ADDRESS, address, now_ns);
	throttle_charge(t, KIND_ACCOUNT, account, now_ns);
}

void login_throttle_passed(
	struct login_throttle *t, struct slice address, struct slice account, uint64_t now_ns)
{
	HOLDING(&t->lock);
	throttle_seed(t);
	throttle_make(&t->known, throttle_key(t, KIND_KNOWN, address, account))->free_ns =
		now_ns + LOGIN_KNOWN_MS * NS_PER_MS;
}
