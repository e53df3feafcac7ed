/* SPDX-License-Identifier: MIT */
#pragma once
/* thread_model - REFERENCES of RFC 5256 3 as its text goes, step by step and slowly: what thread.c is compared with. */
#include "message/thread.h"

/* The answer as text. Up to 12 messages, ids "<a@x>" to "<i@x>", references of 6 bytes each ("<a@x> "). */
void thread_model(const struct thread_message *m, size_t count, char *text, size_t size);
