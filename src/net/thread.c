/* SPDX-License-Identifier: MIT */
#include "net/thread.h"

#include <errno.h>
#include <signal.h>

#ifdef __has_feature
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
	HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
enum { STACK_FACTOR = 8 }; /* a sanitizer's frames are several times as big */
#else
enum { STACK_FACTOR = 1 };
#endif

bool thread_start(pthread_t *ret, const char *what, size_t stack_bytes, void *(*run)(void *context),
	void *context, struct error *e)
{
	pthread_attr_t how;
	sigset_t all;
	int rc = pthread_attr_init(&how);

	if (rc == 0) {
		(void)sigfillset(&all);
		(void)pthread_attr_setstacksize(&how, stack_bytes * STACK_FACTOR);
		(void)pthread_attr_setsigmask_np(&how, &all);
		rc = pthread_create(ret, &how, run, context);
		(void)pthread_attr_destroy(&how);
	}
	if (rc != 0) {
		errno = rc;
		return fail(e, FAULT_LATER, "start a thread for '%s': %m", what);
	}
	return true;
}

void thread_name(const char *name)
{
	(void)pthread_setname_np(pthread_self(), name);
}
