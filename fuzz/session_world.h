/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * session_world - a whole server without sockets for the session targets: mail over store_mem.
 *
 * Two domains that share the user name alice (password "secret"), an alias, a catch-all, and one mail
 * already in each alice's mailbox. Every run begins with a fresh one, so that a finding repeats.
 * Threads: none of its own; the session runs in the caller's.
 */
#include "base/buf.h"
#include "session/session.h"

enum { SESSION_WORLD_INPUT_MAX = 32 << 10 /* fits a pipe, which is filled before anybody reads */ };

/* What the server answers to a client that sends all of input at once and then closes. */
void session_world_run(enum session_kind kind, struct slice input, struct buf *ret_output);
/* Whole lines, each ended by CRLF, with no CR or LF elsewhere. */
bool session_world_has_lines(struct slice output);
