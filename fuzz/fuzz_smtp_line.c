/* SPDX-License-Identifier: MIT */
#include "fuzz.h"
#include "syntax/smtp_line.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 1 << 20 };

static void check_answer(enum smtp_line_answer answer, const char *why)
{
	invariant(answer == SMTP_LINE_OK || (why != NULL && strlen(why) > 10));
}

static void check_mail_again(const struct smtp_mail_args *m)
{
	static const char *const bodies[] = { "7BIT", "8BITMIME", "BINARYMIME" };
	static const char *const rets[] = { "", " RET=FULL", " RET=HDRS" };
	auto_buf line = { .max = LINE_BYTES };
	struct smtp_mail_args again;
	const char *why = NULL;

	invariant(buf_add_format(&line, "FROM:<%.*s> BODY=%s%s%s", S_FMT(m->path_text),
		bodies[m->body], rets[m->ret], m->wants_utf8 ? " SMTPUTF8" : ""));
	invariant(!m->has_size || (buf_add(&line, S(" SIZE=")) && buf_add_number(&line, m->size)));
	invariant(m->envid.len == 0 || buf_add_format(&line, " ENVID=%.*s", S_FMT(m->envid)));
	invariant(m->auth.len == 0 || buf_add_format(&line, " AUTH=%.*s", S_FMT(m->auth)));
	invariant(smtp_line_mail(buf_slice(&line), &again, &why) == SMTP_LINE_OK);
	invariant(again.is_null == m->is_null && slice_same(again.path_text, m->path_text));
	invariant(slice_same(again.path.local, m->path.local) && again.size == m->size);
	invariant(
		again.body == m->body && again.ret == m->ret && again.wants_utf8 == m->wants_utf8);
	invariant(slice_same(again.envid, m->envid) && slice_same(again.auth, m->auth));
}

static void check_rcpt_again(const struct smtp_rcpt_args *r)
{
	auto_buf line = { .max = LINE_BYTES };
	struct smtp_rcpt_args again;
	const char *why = NULL;

	invariant(buf_add_format(&line, "TO:<%.*s>", S_FMT(r->path_text)));
	invariant(r->orcpt.len == 0 || buf_add_format(&line, " ORCPT=%.*s", S_FMT(r->orcpt)));
	if ((r->notify & SMTP_NOTIFY_NEVER) != 0)
		invariant(r->notify == SMTP_NOTIFY_NEVER && buf_add(&line, S(" NOTIFY=NEVER")));
	else if (r->notify != 0)
		invariant(buf_add_format(&line, " NOTIFY=%s",
			r->notify == 2    ? "SUCCESS"
			: r->notify == 4  ? "FAILURE"
			: r->notify == 8  ? "DELAY"
			: r->notify == 6  ? "SUCCESS,FAILURE"
			: r->notify == 10 ? "delay,success"
			: r->notify == 12 ? "FAILURE,DELAY"
					  : "DELAY,SUCCESS,FAILURE"));
	invariant(smtp_line_rcpt(buf_slice(&line), &again, &why) == SMTP_LINE_OK);
	invariant(slice_same(again.path_text, r->path_text) && again.notify == r->notify);
	invariant(slice_same(again.orcpt, r->orcpt));
}

static void check_mail(struct slice args)
{
	struct smtp_mail_args mail;
	const char *why = NULL;
	enum smtp_line_answer answer = smtp_line_mail(args, &mail, &why);

	check_answer(answer, why);
	if (answer != SMTP_LINE_OK)
		return;
	invariant(fuzz_is_inside(mail.path_text, args) && !fuzz_has_control(mail.path_text));
	invariant(fuzz_is_inside(mail.envid, args) && fuzz_is_inside(mail.auth, args));
	invariant(mail.is_null == (mail.path.local.len == 0));
	check_mail_again(&mail);
}

static void check_rcpt(struct slice args)
{
	struct smtp_rcpt_args rcpt;
	const char *why = NULL;
	enum smtp_line_answer answer = smtp_line_rcpt(args, &rcpt, &why);

	check_answer(answer, why);
	if (answer != SMTP_LINE_OK)
		return;
	invariant(fuzz_is_inside(rcpt.path_text, args) && !fuzz_has_control(rcpt.path_text));
	invariant(fuzz_is_inside(rcpt.orcpt, args) && !fuzz_has_control(rcpt.orcpt));
	check_rcpt_again(&rcpt);
}

static void check_others(struct slice args)
{
	auto_free char *room = malloc(args.len + 1);
	struct slice text;
	uint64_t bytes;
	bool is_last;

	invariant(room != NULL);
	if (smtp_line_hello(args, &text))
		invariant(fuzz_is_inside(text, args) && !fuzz_has_control(text) &&
			  slice_find(text, ' ') == text.len);
	if (smtp_line_bdat(args, &bytes, &is_last))
		invariant(is_last == slice_ends_nocase(slice_trim(args), S("LAST")));
	if (smtp_line_xtext(args, room, &text))
		invariant(text.len <= args.len && !fuzz_has_control(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	struct smtp_command command = smtp_line_split(s);

	if (size > LINE_BYTES / 2)
		return 0;
	invariant(fuzz_is_inside(command.verb, s) && fuzz_is_inside(command.args, s));
	invariant(slice_find(command.verb, ' ') == command.verb.len);
	check_mail(command.args);
	check_rcpt(command.args);
	check_others(command.args);
	return 0;
}
