/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * own - who frees it, and what only our own bug can break.
 *
 * ON_EXIT(function) runs the function at the end of the block; auto_fd and auto_free are the common
 * cases, fd_give() hands a descriptor over and empties the variable.
 * invariant() states what only a bug of ours can break. It stays on in release: one broken invariant
 * ends the process. Nothing that came from a socket, a file or a library belongs under it.
 */
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text_at, first_at) __attribute__((format(printf, text_at, first_at)))
#define UNUSED __attribute__((unused))
#define ON_EXIT(function) __attribute__((cleanup(function)))
#define invariant(claim) ((claim) ? (void)0 : invariant_broken(#claim, __FILE__, __LINE__))

_Noreturn void invariant_broken(const char *claim, const char *file, int line);

/* Closes *fd when it is open, and sets it to -1. */
void fd_close(int *fd);
/* Takes the descriptor out of the variable, so that auto_fd no longer closes it. */
MUST_CHECK int fd_give(int *fd);
/* Frees *memory (a pointer to a pointer) and clears it. */
void memory_free(void *memory);

#define auto_fd ON_EXIT(fd_close) int
#define auto_free ON_EXIT(memory_free)
