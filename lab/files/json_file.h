/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * json_file - JSON documents as files: written whole and synced, read with a limit and a clear failure.
 *
 * Keys keep the order in which they were set and numbers have a fixed precision, so the same document
 * gives the same bytes.
 */
#include "base/error.h"

#include <jansson.h>
#include <stdint.h>

enum { JSON_FILE_BYTES_MAX = 16 << 20 };

/* Takes `document` (NULL means that building it ran out of memory). */
MUST_CHECK bool json_file_save(const char *path, json_t *document, struct error *e);
/* NULL and a failure, or a document that the caller owns. */
json_t *json_file_load(const char *path, struct error *e);
/* Reads into *ret; false when the member is missing or of another type. */
MUST_CHECK bool json_text(const json_t *object, const char *key, char *ret, size_t size);
MUST_CHECK bool json_count(const json_t *object, const char *key, uint64_t max, uint64_t *ret);
/* Parses driver-made text; an object with the raw text when it is not JSON. */
json_t *json_facts(const char *text);

static inline void json_drop(json_t **document)
{
	json_decref(*document);
}
#define auto_json ON_EXIT(json_drop) json_t
