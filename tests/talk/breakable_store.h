/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * breakable_store - the memory store behind two doors that a test can shut: then writes, or reads, fail.
 *
 * One a process: the doors are global, as a disk is.
 */
#include "store/store.h"

extern const struct store_engine breakable_store;
/* bodies: damaged for good, as a checksum tells. */
void breakable_store_break(bool writes, bool reads, bool bodies);
