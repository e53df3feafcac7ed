/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * stages - where a mail's time went: medians over a trial's measured mails, as the client and as the server saw it.
 *
 * The client's stages follow each other and add up (about, they are medians) to the delivery time:
 * connect, hello, envelope, data, send, accept, look, fetch. The server's come from its log (lab/server/log.h); each says
 * inside which of the client's it lies ("in"), and needs no common clock because only differences of the
 * server's own times are taken. A stage shorter than two ticks of the server's clock is left out.
 * In trial.json: "stages": [{"name": "commit", "in": "accept", "by": "server", "ms": 0.8, "n": 160}, …].
 * Pure. Ownership: the array goes to the caller.
 */
#include "lab/samples/samples.h"
#include "lab/server/log.h"

#include <jansson.h>

/* log may be NULL. warmup_count: mails at the beginning that do not count. NULL: no memory. */
json_t *stages_make(const struct sample *samples, size_t count, const struct server_log *log,
	struct slice text, size_t warmup_count);
