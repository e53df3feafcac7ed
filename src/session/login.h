/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * login - who is this client? SASL PLAIN and LOGIN (GNU SASL), and POP3's USER and PASS.
 *
 * A login that passed sets the client's account and moment. login_sasl() holds the whole exchange: it writes the
 * continuations and reads the answers, within one command's deadline. Replies are the caller's.
 * User names are whole addresses: alice@a.example and alice@b.example are two people, so a bare name means nobody.
 * Failures are throttled (login_throttle.h), counted and logged with the name and never with the password.
 * Threads: any; one throttle for the process, which outlives a reload of the settings.
 */
#include "session/client.h"

enum login_answer {
	LOGIN_PASSED,
	LOGIN_REFUSED,   /* wrong name or password, or disabled: the client is not told which */
	LOGIN_THROTTLED, /* too many failures before; the password was not looked at */
	LOGIN_MALFORMED, /* not base64, or not what the mechanism sends */
	LOGIN_CANCELLED, /* the client sent "*" */
	LOGIN_NO_MECHANISM,
	LOGIN_TOO_LONG,
	LOGIN_GONE,   /* the peer left or its time is over */
	LOGIN_FAILED, /* *e says why */
};

MUST_CHECK enum login_answer login_password(
	struct client *c, struct slice user, struct slice password, struct error *e);
/*
 * AUTH: args is "MECHANISM" or "MECHANISM initial-response" ("=" is an empty one, RFC 4954 4 and RFC 5034 4);
 * prompt stands before a continuation: "334 ", "+ ".
 */
MUST_CHECK enum login_answer login_sasl(
	struct client *c, struct slice args, struct slice prompt, struct error *e);
/* The mechanisms, for EHLO and CAPA. */
#define LOGIN_MECHANISMS "PLAIN LOGIN"
