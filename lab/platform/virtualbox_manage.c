/* SPDX-License-Identifier: MIT */
#include "lab/platform/virtualbox_manage.h"

#include "lab/files/run.h"
#include "lab/platform/virtualbox_read.h"

#include <unistd.h>

#define REAL_PROGRAM "/usr/lib/virtualbox/VBoxManage" /* Debian's in PATH is a wrapper that warns */

bool virtualbox_is_there(void)
{
	return access(REAL_PROGRAM, X_OK) == 0 || run_is_there("VBoxManage");
}

bool virtualbox_manage(const char **words, struct buf *output, struct error *e)
{
	struct error raw = { 0 };

	words[0] = access(REAL_PROGRAM, X_OK) == 0 ? REAL_PROGRAM : "VBoxManage";
	buf_clear(output);
	if (run_within(words, S(""), VIRTUALBOX_WAIT_MS, output, &raw))
		return true;
	struct slice said = virtualbox_complaint(buf_slice(output));

	if (said.len == 0)
		return fail(e, raw.fault, "%s", raw.text);
	return fail(e, raw.fault, "VBoxManage %s: %.*s", words[1],
		(int)(said.len > 180 ? 180 : said.len), said.at);
}
