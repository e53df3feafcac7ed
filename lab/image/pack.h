/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * pack - a file, packed with zstd, which the kernel unpacks again when it starts.
 *
 * A disk is read by firmware, often a sector at a time by an emulated controller: a third of the
 * bytes is a third of the wait, and zstd is what a kernel unpacks fastest of what libarchive writes.
 */
#include "base/error.h"

MUST_CHECK bool pack_zstd(const char *from, const char *to, struct error *e);
