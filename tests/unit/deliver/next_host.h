/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * next_host - a mail server of three lines for tests: each command is looked up in a script, first fit by prefix.
 *
 * Without a fit it answers 250; DATA and BDAT take a body and answer by the rows "(end)". A row's reply may be NULL:
 * the connection is closed. What it was told is kept.
 */
#include "base/buf.h"
#include "mail/mail.h"

#include <pthread.h>
#include <stdatomic.h>

struct next_host_row {
	const char *command; /* a prefix; "(greeting)", "(end)" */
	const char *reply;   /* without CRLF */
	unsigned times;      /* 0: always */
};

struct next_host {
	const struct next_host_row *rows;
	size_t row_count;
	unsigned used[32]; /* how often a row was taken */
	int listener;
	char address[64]; /* "127.0.0.1:4711" */
	pthread_t thread;
	struct buf commands, body; /* lines with LF; the bytes of all bodies, with dots as sent */
	atomic_uint mails;
	unsigned rcpts_taken;
	bool is_lmtp;
};

void next_host_start(struct next_host *h, const struct next_host_row *rows, size_t count);
/* Waits for the connection that runs; then what it was told may be read. */
void next_host_stop(struct next_host *h);
void next_host_done(struct next_host *h);

/* A mail/ in memory with a.example and alice@a.example. */
void test_mail_open(struct mail *m);
void test_mail_open_on(const struct store_engine *engine, struct mail *m);
/* One mail from the reverse-path to those remote addresses, into the spool. */
void test_mail_spool(struct mail *m, const char *from, const char *const *to, size_t count,
	unsigned notify, struct slice bytes);
