/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * utf8 - is it UTF-8? RFC 3629: shortest forms only, no surrogates, nothing over U+10FFFF.
 *
 * Not here: case and normal forms (message/names.c).
 */
#include "base/slice.h"

/* Bytes of the first character, 1 to 4; 0 when s does not begin with a whole valid one. */
size_t utf8_first(struct slice s);
bool utf8_is_valid(struct slice s);
bool utf8_is_ascii(struct slice s);
