/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * virtualbox_manage - VBoxManage as a function: words in, output or complaint out.
 *
 * Also what virtualbox.c and virtualbox_states.c need of each other. Threads: the lab's main thread.
 * Limits: VIRTUALBOX_WAIT_MS for one call.
 */
#include "lab/platform/platform.h"

enum {
	VIRTUALBOX_OUTPUT_BYTES = 64 << 10, /* showvminfo prints 6 KiB */
	/* 0.1 s a call; the snapshot of a big machine, or a slow host, takes much more */
	VIRTUALBOX_WAIT_MS = 240000,
};

/* VBoxManage with these words. */
#define MANAGE(output, e, ...)                                                                     \
	virtualbox_manage((const char *[]){ NULL, __VA_ARGS__, NULL }, output, e)

/* words[0] is filled in; the output is what this call printed. */
MUST_CHECK bool virtualbox_manage(const char **words, struct buf *output, struct error *e);
bool virtualbox_is_there(void);
/* Starts the machine of the deployment and waits until it serves. */
MUST_CHECK bool virtualbox_start(struct deployment *d, struct error *e);
extern const struct platform_states virtualbox_states;
