/* SPDX-License-Identifier: MIT */
#include "imap_room.h"
#include "syntax/imap_acl.h"
#include "syntax/imap_command.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_metadata.h"
#include "syntax/imap_quota.h"

/* One row for each way to be wrong, of every command here. */
enum which {
	NONE,
	MAILBOX,
	WORD,
	LOGIN,
	AUTHENTICATE,
	COPY,
	RENAME,
	CREATE,
	ENABLE,
	CANCEL,
	ID,
	GETQUOTA,
	SETQUOTA,
	SETACL,
	WHO,
	GETMETADATA,
	SETMETADATA
};

union value {
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
	struct imap_getmetadata get;
	struct imap_setmetadata set;
};

static bool run(enum which which, struct imap_parse *p, struct slice s, union value *v)
{
	switch (which) {
	case NONE:
		return imap_none_parse(p, s);
	case MAILBOX:
		return imap_mailbox_parse(p, s, &v->slice);
	case WORD:
		return imap_word_parse(p, s, &v->slice);
	case LOGIN:
		return imap_login_parse(p, s, &v->login);
	case AUTHENTICATE:
		return imap_authenticate_parse(p, s, &v->authenticate);
	case COPY:
		return imap_copy_parse(p, s, &v->copy);
	case RENAME:
		return imap_rename_parse(p, s, &v->rename);
	case CREATE:
		return imap_create_parse(p, s, &v->create);
	case ENABLE:
		return imap_enable_parse(p, s, &v->names);
	case CANCEL:
		return imap_cancelupdate_parse(p, s, &v->names);
	case ID:
		return imap_id_parse(p, s, &v->id);
	case GETQUOTA:
		return imap_getquota_parse(p, s, &v->slice);
	case SETQUOTA:
		return imap_setquota_parse(p, s, &v->quota);
	case SETACL:
		return imap_setacl_parse(p, s, &v->acl);
	case WHO:
		return imap_acl_who_parse(p, s, &v->acl);
	case GETMETADATA:
		return imap_getmetadata_parse(p, s, &v->get);
	case SETMETADATA:
		return imap_setmetadata_parse(p, s, &v->set);
	}
	return false;
}

static void test_bad(void **state)
{
	static const struct {
		enum which which;
		struct slice text;
		const char *why;
	} rows[] = {
		{ NONE, S_INIT("x"), "no arguments" },
		{ MAILBOX, S_INIT(""), "missing" },
		{ MAILBOX, S_INIT("a b"), "follows" },
		{ MAILBOX, S_INIT("a*"), "follows" },
		{ WORD, S_INIT("\"DEFLATE\""), "missing" },
		{ LOGIN, S_INIT("a"), "missing" },
		{ LOGIN, S_INIT("a b c"), "follows" },
		{ LOGIN, S_INIT("\"a\"b"), "space" },
		{ AUTHENTICATE, S_INIT(""), "mechanism" },
		{ AUTHENTICATE, S_INIT("PLAIN "), "base64" },
		{ AUTHENTICATE, S_INIT("PLAIN a*"), "base64" },
		{ AUTHENTICATE, S_INIT("PLAIN AA== x"), "base64" },
		{ COPY, S_INIT("1"), "missing" },
		{ COPY, S_INIT("a b"), "set of numbers" },
		{ RENAME, S_INIT("a"), "missing" },
		{ RENAME, S_INIT("a \"\""), "no name" },
		{ CREATE, S_INIT("a x"), "CREATE takes" },
		{ CREATE, S_INIT("a (FOO)"), "CREATE takes" },
		{ CREATE, S_INIT("a (USE \\Sent)"), "USE takes" },
		{ CREATE, S_INIT("a (USE (Sent))"), "backslash" },
		{ CREATE, S_INIT("a (USE (\\Sent)"), "do not end" },
		{ ENABLE, S_INIT(""), "capability" },
		{ ENABLE, S_INIT("A  B"), "capability" },
		{ CANCEL, S_INIT(""), "missing" },
		{ ID, S_INIT("x"), "ID takes" },
		{ ID, S_INIT("(\"a\")"), "space" },
		{ ID, S_INIT("(a b)"), "string is expected" },
		{ ID, S_INIT("(\"a\" \"b\""), "does not end" },
		{ GETQUOTA, S_INIT("a b"), "follows" },
		{ SETQUOTA, S_INIT("\"\" STORAGE 1"), "list of limits" },
		{ SETQUOTA, S_INIT("\"\" (STORAGE)"), "space" },
		{ SETQUOTA, S_INIT("\"\" (STORAGE 9223372036854775808)"), "63 bits" },
		{ SETQUOTA, S_INIT("\"\" (STORAGE 1"), "does not end" },
		{ SETACL, S_INIT("a b"), "missing" },
		{ SETACL, S_INIT("a b lrz"), "rights are letters" },
		{ SETACL, S_INIT("a b LR"), "rights are letters" },
		{ SETACL, S_INIT("a b +-l"), "rights are letters" },
		{ WHO, S_INIT("a \"\""), "identifier is empty" },
		{ GETMETADATA, S_INIT("a"), "missing" },
		{ GETMETADATA, S_INIT("a /comment"), "begins with /private/" },
		{ GETMETADATA, S_INIT("a /shared/"), "begins with /private/" },
		{ GETMETADATA, S_INIT("a /shared/a//b"), "begins with /private/" },
		{ GETMETADATA, S_INIT("a /shared/a/"), "begins with /private/" },
		{ GETMETADATA, S_INIT("a \"/shared/a*\""), "begins with /private/" },
		{ GETMETADATA, S_INIT("(DEPTH 2) a /shared/a"), "0, 1 or infinity" },
		{ GETMETADATA, S_INIT("(MAXSIZE x) a /shared/a"), "takes a number" },
		{ GETMETADATA, S_INIT("(FOO) a /shared/a"), "MAXSIZE and DEPTH" },
		{ SETMETADATA, S_INIT("a /shared/a x"), "takes a list" },
		{ SETMETADATA, S_INIT("a (/shared/a)"), "space" },
		{ SETMETADATA, S_INIT("a (/shared/a x)"), "string is expected" },
		{ SETMETADATA, S_INIT("a (/shared/a NIL"), "does not end" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		union value v;
		IMAP_ROOM(p);

		check_row(!run(rows[i].which, &p, rows[i].text, &v), i);
		check_row(p.why != NULL && strstr(p.why, rows[i].why) != NULL, i);
	}
}

static void test_simple(void **state)
{
	union value v;
	IMAP_ROOM(p);

	(void)state;
	check(run(NONE, &p, S(""), &v) && run(NONE, &p, S(" "), &v));
	check(run(MAILBOX, &p, S("{5}\r\ninbox"), &v) && slice_same(v.slice, S("INBOX")));
	check(run(WORD, &p, S("DEFLATE"), &v) && slice_same(v.slice, S("DEFLATE")));
	check(run(LOGIN, &p, S("al {3}\r\np w"), &v) && slice_same(v.login.password, S("p w")));
	check(run(LOGIN, &p, S("\"a\" \"\""), &v) && v.login.password.len == 0);
	check(run(AUTHENTICATE, &p, S("PLAIN"), &v) && !v.authenticate.has_initial);
	check(run(AUTHENTICATE, &p, S("PLAIN ="), &v) && v.authenticate.has_initial);
	check(v.authenticate.initial.len == 0);
	check(run(AUTHENTICATE, &p, S("PLAIN AGEAYg=="), &v));
	check(slice_same(v.authenticate.initial, S("AGEAYg==")));
	check(run(COPY, &p, S("$ inbox"), &v) && v.copy.set.is_saved);
	check(run(RENAME, &p, S("a b/c"), &v) && slice_same(v.rename.to, S("b/c")));
	check(run(CREATE, &p, S("a/"), &v) && v.create.uses == 0);
	check(run(CREATE, &p, S("a (USE (\\Sent \\Archive))"), &v));
	check(v.create.uses == (IMAP_USE_SENT | IMAP_USE_ARCHIVE) && !v.create.has_unknown_use);
	check(run(CREATE, &p, S("a (USE (\\Foo))"), &v) && v.create.has_unknown_use);
	check(run(ENABLE, &p, S("CONDSTORE IMAP4rev2"), &v) && v.names.count == 2);
	check(run(CANCEL, &p, S("\"B01\" \"B02\""), &v) && slice_same(v.names.at[1], S("B02")));
	check(run(ID, &p, S("NIL"), &v) && v.id.count == 0);
	check(run(ID, &p, S("()"), &v) && v.id.count == 0);
	check(run(ID, &p, S("(\"name\" \"x\" \"os\" NIL)"), &v) && v.id.count == 2);
	check(slice_same(v.id.at[0].value, S("x")) && v.id.at[1].value.at == NULL);
}

static void test_quota_and_acl(void **state)
{
	union value v;
	auto_buf out = { .max = 100 };
	IMAP_ROOM(p);

	(void)state;
	check(run(GETQUOTA, &p, S("\"\""), &v) && v.slice.len == 0);
	check(run(SETQUOTA, &p, S("\"\" ()"), &v) && v.quota.limit_count == 0);
	check(run(SETQUOTA, &p, S("a (STORAGE 512 MESSAGE 9223372036854775807)"), &v));
	check(v.quota.limit_count == 2 && v.quota.limits[1].limit == INT64_MAX);
	check(run(SETACL, &p, S("INBOX bob lrs"), &v) && v.acl.change == IMAP_ACL_SET);
	check(v.acl.rights == (IMAP_RIGHT_LOOKUP | IMAP_RIGHT_READ | IMAP_RIGHT_SEEN));
	check(run(SETACL, &p, S("a -bob +cd"), &v) && v.acl.change == IMAP_ACL_ADD);
	check(imap_rights_write(&out, v.acl.rights, false));
	check(slice_same(buf_slice(&out), S("kxte")) && slice_same(v.acl.identifier, S("-bob")));
	buf_clear(&out);
	check(imap_rights_write(&out, IMAP_RIGHT_ALL, true));
	check(slice_same(buf_slice(&out), S("lrswipkxteacd")));
	check(run(SETACL, &p, S("a b -a"), &v) && v.acl.change == IMAP_ACL_REMOVE);
	check(run(SETACL, &p, S("a b \"\""), &v) && v.acl.rights == 0);
	check(run(WHO, &p, S("a anyone"), &v) && slice_same(v.acl.identifier, S("anyone")));
}

static void test_metadata(void **state)
{
	union value v;
	IMAP_ROOM(p);

	(void)state;
	check(run(GETMETADATA, &p, S("\"\" /shared/Comment"), &v) && v.get.mailbox.len == 0);
	check(slice_same(v.get.ask.entries[0], S("/shared/comment")) && v.get.ask.depth == 0);
	check(run(
		GETMETADATA, &p, S("(MAXSIZE 1024 DEPTH infinity) a (/shared/a /private/b)"), &v));
	check(v.get.ask.has_max_bytes && v.get.ask.max_bytes == 1024);
	check(v.get.ask.depth == IMAP_DEPTH_INFINITY && v.get.ask.entry_count == 2);
	check(run(GETMETADATA, &p, S("inbox (DEPTH 1) (/shared/a)"), &v) && v.get.ask.depth == 1);
	check(slice_same(v.get.mailbox, S("INBOX")));
	check(run(
		SETMETADATA, &p, S("a (/shared/a NIL /private/b ~{2}\r\n\0x /shared/c \"\")"), &v));
	check(v.set.value_count == 3 && v.set.values[0].is_nil && !v.set.values[1].is_nil);
	check(slice_same(v.set.values[1].value, S("\0x")) && v.set.values[2].value.len == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_simple),
		cmocka_unit_test(test_quota_and_acl),
		cmocka_unit_test(test_metadata),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
