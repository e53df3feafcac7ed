/* SPDX-License-Identifier: MIT */
#pragma once
/* encoded_word - header text with its encoded words (RFC 2047) as UTF-8; folds are taken out, blanks between words too. */
#include "base/buf.h"

/* False: over out->max (four times the value's length is always enough); nothing was added. */
MUST_CHECK bool encoded_word_decode(struct slice value, struct buf *out);
