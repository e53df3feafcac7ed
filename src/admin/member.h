/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * member - a struct of ours as a JSON object, by a table of its members.
 *
 * Reading changes only what the object names; null empties. An unknown or read-only member, or one of a wrong type,
 * is a problem that names it.
 */
#include "admin/request.h"

enum member_type { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_BOOL };
enum member_use { MEMBER_ANY, MEMBER_READ_ONLY, MEMBER_OTHER /* the route reads it itself */ };
struct member {
	const char *name;
	enum member_type type;
	enum member_use use;
	size_t offset;
};

/* Texts point into the JSON. False: *a says what is wrong. */
bool members_read(
	const struct member *members, size_t count, const json_t *from, void *to, struct answer *a);
/* NULL: out of memory. */
json_t *members_write(const struct member *members, size_t count, const void *from);
