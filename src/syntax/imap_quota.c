/* SPDX-License-Identifier: MIT */
#include "syntax/imap_quota.h"

#include "base/limits.h"
#include "syntax/imap_word.h"

bool imap_getquota_parse(struct imap_parse *p, struct slice args, struct slice *ret_root)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct slice root = imap_astring(&r);

	if (!imap_reader_done(&r))
		return false;
	*ret_root = root;
	return true;
}

static void read_limit(struct imap_reader *r, struct imap_array *limits)
{
	struct imap_quota_limit *limit = imap_array_add(
		r, limits, sizeof *limit, LIMIT_IMAP_QUOTA_RESOURCES, "there are too many limits");

	if (limit == NULL)
		return;
	limit->resource = imap_atom(r, "a resource is expected: STORAGE, MESSAGE, MAILBOX");
	imap_space(r);
	limit->limit = imap_number(r, 0, INT64_MAX, "a limit is a number of 63 bits");
}

bool imap_setquota_parse(struct imap_parse *p, struct slice args, struct imap_setquota *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_setquota s = { .root = imap_astring(&r) };
	struct imap_array limits = { 0 };

	imap_space(&r);
	imap_expect(&r, '(', "SETQUOTA takes a list of limits: (STORAGE 512)");
	while (!r.c.broken && !imap_at(&r, ')')) {
		read_limit(&r, &limits);
		if (!imap_try(&r, ' '))
			break;
	}
	imap_expect(&r, ')', "the list of limits does not end");
	s.limits = limits.at;
	s.limit_count = limits.count;
	if (!imap_reader_done(&r))
		return false;
	*ret = s;
	return true;
}
