/* SPDX-License-Identifier: MIT */
#pragma once
/* nearest - "did you mean": the name of a list that a mistyped word is closest to. */
#include "base/slice.h"

typedef const char *nearest_name_fn(const void *context, size_t at); /* NULL after the last */
/* NULL when nothing is near: more than a third of the letters would have to change. */
const char *nearest(struct slice word, nearest_name_fn *name_at, const void *context);
