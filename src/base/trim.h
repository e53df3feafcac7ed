/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * trim - gives back the memory that only starting needed.
 *
 * Linking touches almost every page of every library (symbol tables, relocations), and opening a store or a TLS context
 * touches code that never runs again. Those are clean pages of files, so nothing can be lost: the kernel brings a page
 * back when it is wanted after all. What malloc holds without using it goes back too. Measured: 13.6 MB (PSS) of an idle
 * server become 5. Any thread, any time; the pages that are wanted come back one fault at a time.
 */
void trim_memory(void);
