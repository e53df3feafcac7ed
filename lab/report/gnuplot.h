/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * gnuplot - runs the program gnuplot on one script and returns the SVG it writes.
 *
 * It gets no personal settings and the C locale, so that the same script gives the same picture. It is ended
 * when it takes longer than GNUPLOT_SECONDS.
 */
#include "base/buf.h"
#include "base/error.h"

enum { GNUPLOT_SECONDS = 30, GNUPLOT_SVG_BYTES_MAX = 8 << 20 };

MUST_CHECK bool gnuplot_run(struct slice script, struct buf *ret_svg, struct error *e);
