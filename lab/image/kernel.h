/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * kernel - the kernel of an image: which one, and in the form that starts soonest.
 *
 * A distribution's kernel is a bzImage: a small program that unpacks the kernel proper. Under software
 * emulation the unpacking costs half a second of every start, so it is done here, once, when the kernel
 * can be entered without it (a PVH note, which QEMU's -kernel follows). Otherwise the bzImage stays.
 */
#include "base/error.h"

/* Writes it to `to`. */
MUST_CHECK bool kernel_write(const char *from, const char *to, struct error *e);
