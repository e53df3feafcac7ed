/* SPDX-License-Identifier: MIT */
#include "cmd/archive/maildir.h"
#include "fuzz.h"
#include "syntax/percent.h"
#include "syntax/utf8.h"

#include <string.h>

/* What a file's name was read as, written and read again, is the same. */
static void check_file(struct slice name)
{
	auto_buf written = { .max = 4096 };
	struct maildir_file file, again;
	struct maildir_order order;

	maildir_file_read(name, &file);
	invariant(maildir_file_write(&written, &file));
	maildir_file_read(buf_slice(&written), &again);
	invariant(again.is_ours && again.number == file.number && again.uid == file.uid);
	invariant(again.zone_min == file.zone_min && again.keeps_lf == file.keeps_lf);
	invariant(again.keyword_count == file.keyword_count &&
		  memcmp(again.keywords, file.keywords, file.keyword_count) == 0);
	order = maildir_order_of(name);
	invariant(maildir_order(&order, &order) == 0);
}

/* Any bytes survive as text, and any text is refused or has its bytes. */
static void check_percent(struct slice bytes)
{
	auto_buf text = { .max = 1 << 20 }, again = { .max = 1 << 20 }, other = { .max = 1 << 20 };

	if (bytes.len > 100000)
		return;
	invariant(percent_write(bytes, &text) && percent_read(buf_slice(&text), &again));
	invariant(slice_same(buf_slice(&again), bytes) && utf8_is_valid(buf_slice(&text)));
	if (percent_read(bytes, &other))
		invariant(other.len <= bytes.len);
}

/* What a folder's name was read as is written as a name that is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice folder = { (const char *)data, size };
	auto_buf mailbox = { .max = 4096 }, written = { .max = 16384 }, again = { .max = 4096 };

	check_file(folder);
	check_percent(folder);
	if (!maildir_name_read(folder, &mailbox))
		return 0;
	if (!maildir_name_write(buf_slice(&mailbox), &written))
		return 0; /* not UTF-8: the server refuses such a name */
	invariant(slice_find(buf_slice(&written), '/') == written.len);
	/* A level with a '/' in it becomes two. */
	invariant(maildir_name_read(buf_slice(&written), &again) ||
		  slice_find(buf_slice(&mailbox), '/') < mailbox.len);
	if (slice_find(folder, '&') == folder.len)
		invariant(slice_same(buf_slice(&mailbox), buf_slice(&again)) ||
			  slice_find(folder, '/') < folder.len);
	return 0;
}
