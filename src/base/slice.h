/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * slice - a borrowed run of bytes, passed by value.
 *
 * Not NUL-terminated; the owner of the bytes is whoever made them. `char *` stands only at the edge
 * of libc and libraries. Letters are compared as ASCII, never by locale.
 */
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct slice {
	const char *at;
	size_t len;
};

/* clang-format off */
#define S_INIT(literal) { "" literal, sizeof(literal) - 1 }
/* clang-format on */
#define S(literal) ((struct slice)S_INIT(literal))
/* For "%.*s". */
#define S_FMT(s) (int)(s).len, (s).at

/* The bytes of a C string, without its NUL; NULL is the empty slice. */
struct slice slice_of(const char *text);
bool slice_same(struct slice a, struct slice b);
bool slice_same_nocase(struct slice a, struct slice b);
/* Order by bytes, the shorter first: <0, 0, >0. */
int slice_order(struct slice a, struct slice b);
bool slice_starts(struct slice s, struct slice with);
bool slice_starts_nocase(struct slice s, struct slice with);
bool slice_ends_nocase(struct slice s, struct slice with);
/* What is left after the first `count` bytes (all of them at most). */
struct slice slice_skip(struct slice s, size_t count);
struct slice slice_first(struct slice s, size_t count);
/* Index of the first / last such byte, or s.len when there is none. */
size_t slice_find(struct slice s, char byte);
size_t slice_find_last(struct slice s, char byte);
/* Without spaces, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);
/* A NUL-terminated copy into room[size]; false when it does not fit or holds a NUL. */
MUST_CHECK bool slice_text(struct slice s, char *room, size_t size);
/* A decimal number, digits only, at most max; false leaves *ret as it was. */
MUST_CHECK bool slice_number(struct slice s, uint64_t max, uint64_t *ret);
/* Lower-case copy of ASCII letters into room (at least s.len bytes); returns it as a slice. */
struct slice slice_lower(struct slice s, char *room);
char ascii_lower(char byte);
bool ascii_is_digit(char byte);
bool ascii_is_alpha(char byte);
