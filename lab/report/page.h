/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * page - text that is written piece by piece and checked once at the end.
 *
 * put() adds formatted text, put_text() escapes for HTML. The first piece that does not fit breaks the
 * page; everything after is a harmless no-op.
 */
#include "base/buf.h"
#include "base/error.h"

enum { PAGE_BYTES_MAX = 64 << 20 };

struct page {
	struct buf text;
	bool is_broken;
	unsigned charts; /* numbers the figures' ids */
};

void put(struct page *p, const char *format, ...) PRINTF_LIKE(2, 3);
void put_slice(struct page *p, struct slice s);
void put_text(struct page *p, struct slice s);
/* Quoted for CSV (RFC 4180). */
void put_csv(struct page *p, const char *text);
/* A number for CSV and nothing for NAN; "inf" for infinity. */
void put_real(struct page *p, double value);
/* Writes folder/name and frees the page. */
MUST_CHECK bool page_save(struct page *p, const char *folder, const char *name, struct error *e);
