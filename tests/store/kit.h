/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * kit - what the store's tests share: a directory that goes away, one-line commits, readers.
 *
 * Everything asserts; a test reads like the steps it takes.
 */
#include "base/limits.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* it is base/error.h's */

/* Prints and ends the test. */
#define kit_fail(...) (print_error(__VA_ARGS__), print_error("\n"), _fail(__FILE__, __LINE__))

/* A store in a directory of its own. */
struct kit {
	const struct store_engine *engine;
	char path[64];
	struct store *store;
};
void kit_open(struct kit *k, const struct store_engine *engine);
/* Opens again what kit_close_only() closed. */
void kit_reopen(struct kit *k);
void kit_close_only(struct kit *k);
void kit_done(struct kit *k);
bool kit_is_durable(const struct kit *k); /* outlives its process */
void kit_remove_tree(const char *path);

/* Sets one key, in a commit of its own; returns the answer. */
enum store_answer kit_put(struct store *s, const char *partition, uint64_t expect, const char *key,
	const char *value);
uint64_t kit_version(struct store *s, const char *partition);
/* The value is this one; NULL: the key is not there. */
void kit_expect(struct store *s, const char *partition, const char *key, const char *value);
/* "key=value key=value" of all rows with that prefix, read in pages of `limit`. */
void kit_expect_rows(
	struct store *s, const char *partition, const char *prefix, size_t limit, const char *rows);
struct id kit_blob(unsigned number);
/* `bytes` of a pattern that depends on the seed. */
void kit_fill(char *room, size_t bytes, uint64_t seed);
/* The chunk has these bytes, or, with NULL, is not there. */
void kit_expect_blob(struct kit *k, unsigned blob, uint32_t number, const char *bytes, size_t len);
