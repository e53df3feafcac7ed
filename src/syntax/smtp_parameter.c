/* SPDX-License-Identifier: MIT */
#include "syntax/smtp_parameter.h"

#include "syntax/utf8.h"

enum {
	ENVID_BYTES_MAX = 100, /* RFC 3461 4.4 */
	ORCPT_BYTES_MAX = 500, /* RFC 3461 4.2 */
	AUTH_BYTES_MAX = 500,  /* RFC 4954 5 */
	SIZE_DIGITS_MAX = 20,  /* RFC 1870 3 */
};

typedef bool parameter_set_fn(void *into, struct slice value);

struct parameter {
	struct slice name;
	parameter_set_fn *set; /* false: the value is not of the kind that `why` names */
	const char *why;
};

static bool is_xtext(struct slice s, size_t len_max)
{
	char room[ORCPT_BYTES_MAX];
	struct slice plain;

	return s.len <= len_max && s.len <= sizeof room && smtp_line_xtext(s, room, &plain);
}

static bool set_size(void *into, struct slice value)
{
	struct smtp_mail_args *mail = into;

	mail->has_size =
		value.len <= SIZE_DIGITS_MAX && slice_number(value, UINT64_MAX, &mail->size);
	return mail->has_size;
}

static bool set_body(void *into, struct slice value)
{
	static const struct slice names[] = { [SMTP_BODY_7BIT] = S_INIT("7BIT"),
		[SMTP_BODY_8BITMIME] = S_INIT("8BITMIME"),
		[SMTP_BODY_BINARYMIME] = S_INIT("BINARYMIME") };
	struct smtp_mail_args *mail = into;

	for (unsigned i = 0; i < COUNT(names); i++) {
		if (slice_same_nocase(names[i], value)) {
			mail->body = (enum smtp_body)i;
			return true;
		}
	}
	return false;
}

static bool set_utf8(void *into, struct slice value)
{
	struct smtp_mail_args *mail = into;

	mail->wants_utf8 = true;
	return value.at == NULL;
}

static bool set_ret(void *into, struct slice value)
{
	struct smtp_mail_args *mail = into;

	if (slice_same_nocase(value, S("FULL")))
		mail->ret = SMTP_RET_FULL;
	else if (slice_same_nocase(value, S("HDRS")))
		mail->ret = SMTP_RET_HDRS;
	return mail->ret != SMTP_RET_UNSET;
}

static bool set_envid(void *into, struct slice value)
{
	struct smtp_mail_args *mail = into;

	mail->envid = value;
	return value.len > 0 && is_xtext(value, ENVID_BYTES_MAX);
}

static bool set_auth(void *into, struct slice value)
{
	struct smtp_mail_args *mail = into;

	mail->auth = value;
	return slice_same(value, S("<>")) || (value.len > 0 && is_xtext(value, AUTH_BYTES_MAX));
}

static bool set_notify(void *into, struct slice value)
{
	static const struct {
		struct slice name;
		unsigned bit;
	} words[] = { { S_INIT("NEVER"), SMTP_NOTIFY_NEVER },
		{ S_INIT("SUCCESS"), SMTP_NOTIFY_SUCCESS },
		{ S_INIT("FAILURE"), SMTP_NOTIFY_FAILURE },
		{ S_INIT("DELAY"), SMTP_NOTIFY_DELAY } };
	struct smtp_rcpt_args *rcpt = into;
	size_t word_count = 0;

	while (value.at != NULL) {
		size_t len = slice_find(value, ',');
		unsigned bit = 0;

		for (size_t i = 0; i < COUNT(words); i++)
			bit |= slice_same_nocase(slice_first(value, len), words[i].name)
				       ? words[i].bit
				       : 0;
		if (bit == 0)
			return false;
		rcpt->notify |= bit;
		word_count++;
		value = len == value.len ? (struct slice){ NULL, 0 } : slice_skip(value, len + 1);
	}
	/* RFC 3461 4.1: NEVER stands alone. */
	return word_count == 1 || (word_count > 1 && (rcpt->notify & SMTP_NOTIFY_NEVER) == 0);
}

static bool is_keyword_byte(char byte)
{
	return ascii_is_alpha(byte) || ascii_is_digit(byte) || byte == '-';
}

/* RFC 3461 4.2, and RFC 6533 3 for the address type utf-8, which may hold UTF-8 as it is. */
static bool set_orcpt(void *into, struct slice value)
{
	struct smtp_rcpt_args *rcpt = into;
	struct cursor c = cursor_over(value);
	struct slice type = cursor_while(&c, is_keyword_byte);

	rcpt->orcpt = value;
	cursor_expect(&c, S(";"));
	if (c.broken || type.len == 0 || cursor_left(&c) == 0 || value.len > ORCPT_BYTES_MAX)
		return false;
	if (slice_same_nocase(type, S("utf-8")) && !utf8_is_ascii(value))
		return utf8_is_valid(value);
	return is_xtext(cursor_rest(&c), ORCPT_BYTES_MAX);
}

/* clang-format off */
static const struct parameter mail_parameters[] = {
	{ S_INIT("SIZE"),     set_size,  "SIZE wants a number of at most 20 digits, below 2^64" },
	{ S_INIT("BODY"),     set_body,  "BODY is 7BIT, 8BITMIME or BINARYMIME" },
	{ S_INIT("SMTPUTF8"), set_utf8,  "SMTPUTF8 takes no value" },
	{ S_INIT("RET"),      set_ret,   "RET is FULL or HDRS" },
	{ S_INIT("ENVID"),    set_envid, "ENVID wants at most 100 characters of xtext" },
	{ S_INIT("AUTH"),     set_auth,  "AUTH wants <> or a mailbox in xtext" },
};
static const struct parameter rcpt_parameters[] = {
	{ S_INIT("NOTIFY"), set_notify, "NOTIFY is NEVER alone, or a list of SUCCESS, FAILURE and DELAY" },
	{ S_INIT("ORCPT"),  set_orcpt,  "ORCPT wants an address type, ';' and at most 500 characters of xtext" },
};
/* clang-format on */

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* esmtp-value of RFC 5321 4.1.2: no "=", no space, no control character. */
static bool is_value_byte(char byte)
{
	return (unsigned char)byte > ' ' && byte != '=' && byte != 127;
}

/* One "NAME" or "NAME=value"; value.at is NULL without "=". Breaks the cursor on anything else. */
static struct slice take_parameter(struct cursor *c, struct slice *ret_value)
{
	struct slice name = cursor_while(c, is_keyword_byte);

	*ret_value = (struct slice){ NULL, 0 };
	if (name.len == 0 || name.at[0] == '-')
		cursor_break(c);
	if (cursor_try(c, S("="))) {
		*ret_value = cursor_while(c, is_value_byte);
		if (ret_value->len == 0)
			cursor_break(c);
	}
	if (!cursor_at_end(c) && !is_space((char)cursor_peek(c)))
		cursor_break(c);
	return name;
}

static const struct parameter *find_parameter(
	const struct parameter *table, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_same_nocase(table[i].name, name))
			return &table[i];
	}
	return NULL;
}

static enum smtp_line_answer read_parameters(struct cursor *c, const struct parameter *table,
	size_t count, void *into, const char **ret_why)
{
	unsigned seen = 0;

	while (cursor_while(c, is_space).len > 0 && !cursor_at_end(c)) {
		struct slice value;
		struct slice name = take_parameter(c, &value);
		const struct parameter *row = find_parameter(table, count, name);
		unsigned bit = row == NULL ? 0 : 1u << (row - table);

		*ret_why = c->broken     ? "after the path come parameters like NAME or NAME=value"
			   : row == NULL ? "a parameter is unknown here"
			   : (seen & bit) != 0 ? "a parameter stands twice"
					       : row->why;
		if (!c->broken && row == NULL)
			return SMTP_LINE_UNKNOWN_PARAMETER;
		if (c->broken || (seen & bit) != 0 || !row->set(into, value))
			return SMTP_LINE_BAD;
		seen |= bit;
	}
	*ret_why = "something other than a space follows the path";
	return cursor_finished(c) ? SMTP_LINE_OK : SMTP_LINE_BAD;
}

enum smtp_line_answer smtp_parameters_of_mail(
	struct cursor *c, struct smtp_mail_args *ret, const char **ret_why)
{
	return read_parameters(c, mail_parameters, COUNT(mail_parameters), ret, ret_why);
}

enum smtp_line_answer smtp_parameters_of_rcpt(
	struct cursor *c, struct smtp_rcpt_args *ret, const char **ret_why)
{
	return read_parameters(c, rcpt_parameters, COUNT(rcpt_parameters), ret, ret_why);
}
