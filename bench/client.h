/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * client - a line-wise TCP client for the load generator. Whatever goes wrong ends the program with
 * a sentence.
 */
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

enum { LINE_BYTES = 2048 };

struct client {
	int fd;
	size_t at, len;
	char in[32 << 10];
};

_Noreturn void die(const char *format, ...) PRINTF_LIKE(1, 2);
/* Connects to the port on loopback; false when nobody listens. */
bool client_dial(struct client *c, unsigned port);
/* Reads what comes; false at the end. */
bool client_fill(struct client *c);
bool client_line(struct client *c, char line[LINE_BYTES]);
void client_send(struct client *c, const char *bytes, size_t len);
void client_say(struct client *c, const char *format, ...) PRINTF_LIKE(2, 3);
/* Reads an SMTP reply, all of its lines; it must begin with that digit. */
void client_smtp(struct client *c, char digit);
/* Reads a POP3 status line; it must be +OK. */
void client_pop3(struct client *c, char line[LINE_BYTES]);
