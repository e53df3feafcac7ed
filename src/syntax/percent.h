/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * percent - any bytes as a line of readable UTF-8: control characters, '%' and bytes that are no UTF-8 as %XX. RFC 3986 2.1.
 *
 * Reading takes any %XX; '%' without two hexadecimal digits behind it is refused.
 */
#include "base/buf.h"

/* False: there is no room. */
MUST_CHECK bool percent_write(struct slice bytes, struct buf *out);
/* False: it is no such text, or there is no room; what was added is to be thrown away. */
MUST_CHECK bool percent_read(struct slice text, struct buf *out);
