/* SPDX-License-Identifier: MIT */
#pragma once
/* thread_subject - the base subject that SORT and THREAD compare (RFC 5256 2.1). */
#include "base/buf.h"

enum { THREAD_SUBJECT_BYTES_MAX = 4096 /* of the decoded subject; the rest is not compared */ };

/*
 * The base subject of a field's value, folded by i;unicode-casemap; may be empty. *ret_is_reply: something was taken off
 * that says reply or forward. False: over out->max; nothing was added.
 */
MUST_CHECK bool thread_subject_base(struct slice value, struct buf *out, bool *ret_is_reply);
