/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * login_throttle - slows down guessing of passwords, by address and by account.
 *
 * Each key has a debt of failures that shrinks with time: LOGIN_ADDRESS_BURST failures of one address (LOGIN_ACCOUNT_BURST
 * against one account) are free, then one more each LOGIN_*_REFILL_MS. Whoever is over gets no answer about the password at
 * all, right or wrong. So that a stranger cannot lock an owner out by failing in his name, an address that logged
 * in to the account before is asked for its own debt only.
 * Threads: any; one lock, held for a handful of comparisons, the same number for every key.
 * Limits: two fixed tables (acquaintances must not push debts out); when a set is full, the key whose time ends first is
 * forgotten. Keys are hashes under a random seed, so nobody can choose whom to push out.
 */
#include "base/lock.h"
#include "base/slice.h"

enum {
	LOGIN_THROTTLE_SETS = 1024,
	LOGIN_THROTTLE_WAYS = 4,  /* 4096 keys in 64 KiB a table: who guesses at one time */
	LOGIN_ADDRESS_BURST = 10, /* an office behind one address mistypes that often */
	LOGIN_ADDRESS_REFILL_MS = 20 * 1000,
	LOGIN_ACCOUNT_BURST = 20,
	/* 14,400 guesses a day against one account, from all addresses */
	LOGIN_ACCOUNT_REFILL_MS = 6 * 1000,
	/* so long an address is known for an account it logged in to */
	LOGIN_KNOWN_MS = 24 * 3600 * 1000,
};

struct login_throttle_slot {
	uint64_t key;     /* 0: free */
	uint64_t free_ns; /* the debt is paid, or the acquaintance ends, at this time */
};

struct login_throttle_table {
	struct login_throttle_slot slots[LOGIN_THROTTLE_SETS][LOGIN_THROTTLE_WAYS];
};

struct login_throttle {
	struct lock lock;
	/* under lock: */
	uint64_t seed; /* 0: not chosen yet */
	struct login_throttle_table debts, known;
};

/* May this address try to log in to this account now? An empty address (Unix socket, stdio) has no debt of its own. */
MUST_CHECK bool login_throttle_may(
	struct login_throttle *t, struct slice address, struct slice account, uint64_t now_ns);
void login_throttle_failed(
	struct login_throttle *t, struct slice address, struct slice account, uint64_t now_ns);
void login_throttle_passed(
	struct login_throttle *t, struct slice address, struct slice account, uint64_t now_ns);
