/* SPDX-License-Identifier: MIT */
#include "syntax/imap_command.h"

#include "base/limits.h"
#include "syntax/imap_flag.h"
#include "syntax/imap_word.h"

bool imap_none_parse(struct imap_parse *p, struct slice args)
{
	p->why = "this command takes no arguments";
	return slice_trim(args).len == 0;
}

bool imap_mailbox_parse(struct imap_parse *p, struct slice args, struct slice *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct slice mailbox = imap_mailbox(&r);

	if (!imap_reader_done(&r))
		return false;
	*ret = mailbox;
	return true;
}

bool imap_word_parse(struct imap_parse *p, struct slice args, struct slice *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct slice word = imap_atom(&r, "an argument is missing");

	if (!imap_reader_done(&r))
		return false;
	*ret = word;
	return true;
}

bool imap_uid_set_parse(struct imap_parse *p, struct slice args, struct imap_set *ret)
{
	return imap_set_parse(p, args, ret);
}

bool imap_login_parse(struct imap_parse *p, struct slice args, struct imap_login *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_login login = { .user = imap_astring(&r) };

	imap_space(&r);
	login.password = imap_astring(&r);
	if (!imap_reader_done(&r))
		return false;
	*ret = login;
	return true;
}

static bool is_base64_byte(char byte)
{
	return ascii_is_alpha(byte) || ascii_is_digit(byte) || byte == '+' || byte == '/' ||
	       byte == '=';
}

bool imap_authenticate_parse(struct imap_parse *p, struct slice args, struct imap_authenticate *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_authenticate a = { .mechanism = imap_atom(&r, "a mechanism is expected") };

	if (imap_try(&r, ' ')) {
		a.has_initial = true;
		a.initial = cursor_while(&r.c, is_base64_byte);
		if (a.initial.len == 0 || !cursor_at_end(&r.c))
			imap_miss(&r, "the initial response is not base64");
		if (slice_same(a.initial, S("=")))
			a.initial.len = 0;
	}
	if (!imap_reader_done(&r))
		return false;
	*ret = a;
	return true;
}

bool imap_copy_parse(struct imap_parse *p, struct slice args, struct imap_copy *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_copy copy = { .set = imap_set_read(&r) };

	imap_space(&r);
	copy.mailbox = imap_mailbox(&r);
	if (!imap_reader_done(&r))
		return false;
	*ret = copy;
	return true;
}

bool imap_rename_parse(struct imap_parse *p, struct slice args, struct imap_rename *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_rename rename = { .from = imap_mailbox(&r) };

	imap_space(&r);
	rename.to = imap_mailbox(&r);
	if (!imap_reader_done(&r))
		return false;
	*ret = rename;
	return true;
}

/* RFC 6154 6: "USE (\Sent \Archive)"; the list may be empty. */
static void read_uses(struct imap_reader *r, struct imap_create *create)
{
	if (!imap_try_word(r, S("USE")))
		imap_miss(r, "CREATE takes (USE (\\Sent ...)) after the mailbox");
	imap_space(r);
	imap_expect(r, '(', "USE takes a list of special uses: (\\Sent)");
	while (!r->c.broken && !imap_at(r, ')')) {
		const char *from = r->c.at;
		unsigned use;

		imap_expect(r, '\\', "a special use begins with a backslash");
		(void)imap_atom(r, "a special use is expected after the backslash");
		use = imap_use_of((struct slice){ from, (size_t)(r->c.at - from) });
		create->uses |= use;
		create->has_unknown_use |= use == 0;
		if (!imap_try(r, ' '))
			break;
	}
	imap_expect(r, ')', "the list of special uses does not end");
}

bool imap_create_parse(struct imap_parse *p, struct slice args, struct imap_create *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_create create = { .mailbox = imap_mailbox(&r) };

	if (!cursor_at_end(&r.c)) {
		imap_space(&r);
		imap_expect(&r, '(', "CREATE takes (USE (\\Sent ...)) after the mailbox");
		read_uses(&r, &create);
		imap_expect(&r, ')', "the parameters of CREATE do not end");
	}
	if (!imap_reader_done(&r))
		return false;
	*ret = create;
	return true;
}

static void read_name(
	struct imap_reader *r, struct imap_array *names, size_t max, struct slice name)
{
	struct slice *at =
		imap_array_add(r, names, sizeof *at, max, "there are too many arguments");

	if (at != NULL)
		*at = name;
}

bool imap_enable_parse(struct imap_parse *p, struct slice args, struct imap_names *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_array names = { 0 };

	do
		read_name(&r, &names, LIMIT_IMAP_ENABLE_NAMES,
			imap_atom(&r, "a capability is expected"));
	while (imap_try(&r, ' '));
	if (!imap_reader_done(&r))
		return false;
	*ret = (struct imap_names){ names.at, names.count };
	return true;
}

bool imap_cancelupdate_parse(struct imap_parse *p, struct slice args, struct imap_names *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_array names = { 0 };

	/* RFC 5267 4.4: the tags are quoted strings. */
	do
		read_name(&r, &names, LIMIT_IMAP_CANCEL_TAGS, imap_astring(&r));
	while (imap_try(&r, ' '));
	if (!imap_reader_done(&r))
		return false;
	*ret = (struct imap_names){ names.at, names.count };
	return true;
}

static void read_id_field(struct imap_reader *r, struct imap_array *fields)
{
	struct imap_id_field *field = imap_array_add(
		r, fields, sizeof *field, LIMIT_IMAP_ID_FIELDS, "ID takes at most 30 fields");

	if (field == NULL)
		return;
	field->name = imap_string(r);
	imap_space(r);
	if (!imap_try_word(r, S("NIL")))
		field->value = imap_string(r);
}

bool imap_id_parse(struct imap_parse *p, struct slice args, struct imap_id *ret)
{
	struct imap_reader r = imap_reader_over(p, args);
	struct imap_array fields = { 0 };

	if (!imap_try_word(&r, S("NIL"))) {
		imap_expect(&r, '(', "ID takes a list (\"name\" \"value\") or NIL");
		while (!r.c.broken && !imap_at(&r, ')')) {
			read_id_field(&r, &fields);
			if (!imap_try(&r, ' '))
				break;
		}
		imap_expect(&r, ')', "the list of ID does not end");
	}
	if (!imap_reader_done(&r))
		return false;
	*ret = (struct imap_id){ fields.at, fields.count };
	return true;
}
