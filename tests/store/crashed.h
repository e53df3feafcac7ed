/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * crashed - stores as kill -9 leaves them, and harm to their files.
 *
 * A child of the same program writes mails of BODY_BYTES into the partition "p", a version and a blob each, and kills itself
 * with its log unflushed: so main() hands its arguments to child_main() when it has any. What fails ends the test.
 */
#include "kit.h"

#include <sys/types.h>

enum { MAILS = 24, LAZY = 4, BODY_BYTES = 10240, NAME_BYTES = 320 };

/* The bytes of mail `number`. */
void body_fill(char body[BODY_BYTES], unsigned number);
/* Commits mail `number`, which is the next. */
void mail_write(struct store *s, unsigned number, bool is_lazy);

int child_main(char **argv);
/* Writes MAILS more that are acknowledged and some lazy ones, and is killed. How long the log was then. */
off_t crash(const struct kit *k, int lazy, char ret_log[NAME_BYTES]);
/* A new store after one crash; not open. */
off_t crashed_store(struct kit *k, int lazy, char ret_log[NAME_BYTES]);

/* The name of the store's newest file with this ending; false when there is none. */
bool file_find(const struct kit *k, const char *ending, char ret[NAME_BYTES]);
off_t file_bytes(const char *name);
/* One bit of the byte there. */
void file_flip(const char *name, off_t at);
/* With zeros, or with garbage. */
void file_fill(const char *name, off_t at, size_t bytes, bool is_garbage);
