/* SPDX-License-Identifier: MIT */
#include "cmd/archive/maildir.h"
#include "fuzz.h"

/* What a folder's name was read as is written as a name that is read as the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice folder = { (const char *)data, size };
	auto_buf mailbox = { .max = 4096 }, written = { .max = 16384 }, again = { .max = 4096 };

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
