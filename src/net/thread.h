/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * thread - starts a thread with a small stack and all signals blocked (main handles those). Private to
 * net.
 */
#include "base/error.h"

#include <pthread.h>

enum { THREAD_SMALL_STACK_BYTES = 128 << 10 }; /* for threads that only queue */

/* what: for the error. */
MUST_CHECK bool thread_start(pthread_t *ret, const char *what, size_t stack_bytes,
	void *(*run)(void *context), void *context, struct error *e);
/* For ps and top; at most 15 letters. A thread names itself: naming another one writes to /proc. */
void thread_name(const char *name);
