/* SPDX-License-Identifier: MIT */
/* A whole command: "tag NAME arguments". */
#include "base/limits.h"
#include "fuzz.h"
#include "syntax/imap_acl.h"
#include "syntax/imap_command.h"
#include "syntax/imap_list.h"
#include "syntax/imap_notify.h"
#include "syntax/imap_quota.h"
#include "syntax/imap_search.h"
#include "syntax/imap_select.h"

static void check_tree(const struct imap_key *key, unsigned depth)
{
	size_t count = 0;

	/* AND and OR inside one level of the grammar make two of the tree. */
	invariant(depth <= 3 * LIMIT_IMAP_SEARCH_DEPTH);
	for (const struct imap_key *child = key->children; child != NULL; child = child->next) {
		check_tree(child, depth + 1);
		count++;
	}
	invariant(key->kind != IMAP_KEY_NOT || count == 1);
	invariant((key->kind != IMAP_KEY_AND && key->kind != IMAP_KEY_OR) || count >= 2);
	invariant(key->kind <= IMAP_KEY_NOT || count == 0);
}

static bool search(struct imap_parse *p, struct slice name, struct slice args)
{
	struct imap_search s = { 0 };
	bool is_ok = slice_same_nocase(name, S("SEARCH"))   ? imap_search_parse(p, args, &s)
		     : slice_same_nocase(name, S("SORT"))   ? imap_sort_parse(p, args, &s)
		     : slice_same_nocase(name, S("THREAD")) ? imap_thread_parse(p, args, &s)
							    : imap_esearch_parse(p, args, &s);

	if (is_ok)
		check_tree(s.key, 0);
	return is_ok;
}

/* The name of a section is a section again, with the same name. */
static void check_section(struct imap_parse *p, const struct imap_section *s)
{
	auto_buf name = { .max = 1 << 20 }, again = { .max = 1 << 20 };
	struct imap_fetch_items items;
	struct imap_section whole = *s;

	whole.has_partial = false;
	invariant(imap_section_write(&name, &whole));
	invariant(imap_fetch_items_parse(p, buf_slice(&name), &items) && items.section_count == 1);
	invariant(imap_section_write(&again, &items.sections[0]));
	invariant(slice_same(buf_slice(&again), buf_slice(&name)));
}

static bool fetch(struct imap_parse *p, struct slice args, bool is_uid)
{
	struct imap_fetch f;

	if (!imap_fetch_parse(p, args, is_uid, &f))
		return false;
	for (size_t i = 0; i < f.what.section_count && i < 8; i++)
		check_section(p, &f.what.sections[i]);
	return true;
}

static bool store(struct imap_parse *p, struct slice args)
{
	struct imap_store s;
	struct imap_flags again;
	auto_buf text = { .max = 1 << 20 };

	if (!imap_store_parse(p, args, &s))
		return false;
	invariant(imap_flags_write(&text, s.flags));
	invariant(imap_flags_parse(p, buf_slice(&text), &again));
	invariant(again.system == s.flags.system && again.keyword_count == s.flags.keyword_count);
	return true;
}

static bool small(struct imap_parse *p, struct slice name, struct slice args)
{
	union {
		struct slice slice;
		struct imap_login login;
		struct imap_authenticate authenticate;
		struct imap_copy copy;
		struct imap_rename rename;
		struct imap_create create;
		struct imap_names names;
		struct imap_id id;
		struct imap_setquota quota;
		struct imap_acl acl;
	} v;

	if (slice_same_nocase(name, S("LOGIN")))
		return imap_login_parse(p, args, &v.login);
	if (slice_same_nocase(name, S("AUTHENTICATE")))
		return imap_authenticate_parse(p, args, &v.authenticate);
	if (slice_same_nocase(name, S("COPY")))
		return imap_copy_parse(p, args, &v.copy);
	if (slice_same_nocase(name, S("RENAME")))
		return imap_rename_parse(p, args, &v.rename);
	if (slice_same_nocase(name, S("CREATE")))
		return imap_create_parse(p, args, &v.create);
	if (slice_same_nocase(name, S("ENABLE")))
		return imap_enable_parse(p, args, &v.names);
	if (slice_same_nocase(name, S("CANCELUPDATE")))
		return imap_cancelupdate_parse(p, args, &v.names);
	if (slice_same_nocase(name, S("ID")))
		return imap_id_parse(p, args, &v.id);
	if (slice_same_nocase(name, S("SETQUOTA")))
		return imap_setquota_parse(p, args, &v.quota);
	if (slice_same_nocase(name, S("SETACL")))
		return imap_setacl_parse(p, args, &v.acl);
	return imap_mailbox_parse(p, args, &v.slice);
}

static bool run(struct imap_parse *p, const struct imap_line *line)
{
	struct slice name = line->name, args = line->args;
	struct imap_list list;
	struct imap_status status;
	struct imap_select select;
	struct imap_notify notify = { 0 };
	struct imap_getmetadata get;
	struct imap_setmetadata set;

	if (slice_same_nocase(name, S("FETCH")))
		return fetch(p, args, line->is_uid);
	if (slice_same_nocase(name, S("STORE")))
		return store(p, args);
	if (slice_same_nocase(name, S("LIST")))
		return imap_list_parse(p, args, &list);
	if (slice_same_nocase(name, S("STATUS")))
		return imap_status_parse(p, args, &status);
	if (slice_same_nocase(name, S("SELECT")))
		return imap_select_parse(p, args, &select);
	if (slice_same_nocase(name, S("NOTIFY")))
		return imap_notify_parse(p, args, &notify);
	if (slice_same_nocase(name, S("GETMETADATA")))
		return imap_getmetadata_parse(p, args, &get);
	if (slice_same_nocase(name, S("SETMETADATA")))
		return imap_setmetadata_parse(p, args, &set);
	if (slice_same_nocase(name, S("SEARCH")) || slice_same_nocase(name, S("SORT")) ||
		slice_same_nocase(name, S("THREAD")) || slice_same_nocase(name, S("ESEARCH")))
		return search(p, name, args);
	return small(p, name, args);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct imap_parse p = { .arena = &arena };
	struct imap_line line;

	if (size > LIMIT_IMAP_COMMAND_BYTES)
		return 0;
	if (!imap_line_split(&p, s, &line)) {
		invariant(p.why != NULL);
		return 0;
	}
	invariant(fuzz_is_inside(line.tag, s) && fuzz_is_inside(line.args, s));
	for (unsigned is_utf8 = 0; is_utf8 < 2; is_utf8++) {
		p.is_utf8 = is_utf8 != 0;
		invariant(run(&p, &line) || p.why != NULL);
	}
	return 0;
}
