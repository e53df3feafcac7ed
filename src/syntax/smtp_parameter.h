/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * smtp_parameter - what stands after the path in MAIL and RCPT; only smtp_line.c calls it.
 *
 * Names are compared in any case, none may come twice. A cursor stands behind the path's ">".
 */
#include "base/cursor.h"
#include "syntax/smtp_line.h"

MUST_CHECK enum smtp_line_answer smtp_parameters_of_mail(
	struct cursor *c, struct smtp_mail_args *ret, const char **ret_why);
MUST_CHECK enum smtp_line_answer smtp_parameters_of_rcpt(
	struct cursor *c, struct smtp_rcpt_args *ret, const char **ret_why);
