/* SPDX-License-Identifier: MIT */
/*
 * talk_server - runs sessions for the transcripts, without a network.
 *
 *     talk_server SETUP FOLDER KIND:FD [KIND:FD ...]
 *
 * KIND is smtp, submission, lmtp, pop3 or imap, with "+tls" for implicit TLS; FD an open socket.
 * The sessions run one after the other
 * over the same store, so that a transcript can send a mail and then read it.
 */
#include "talk_setup.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool service_parse(struct slice word, struct session_service *ret)
{
	static const struct slice names[SESSION_KINDS] = { [SESSION_SMTP] = S_INIT("smtp"),
		[SESSION_SUBMISSION] = S_INIT("submission"),
		[SESSION_LMTP] = S_INIT("lmtp"),
		[SESSION_POP3] = S_INIT("pop3"),
		[SESSION_IMAP] = S_INIT("imap") };
	struct slice name = slice_first(word, slice_find(word, '+'));

	ret->is_implicit_tls = name.len < word.len;
	for (unsigned i = 0; i < SESSION_KINDS; i++)
		if (slice_same(names[i], name)) {
			ret->kind = (enum session_kind)i;
			return true;
		}
	return false;
}

static bool run_session(struct talk_world *w, const char *argument, struct error *e)
{
	struct slice word = slice_of(argument), name = slice_first(word, slice_find(word, ':'));
	struct session_service service;
	struct conn *conn;
	struct work *work;
	uint64_t fd;

	if (!service_parse(name, &service) ||
		!slice_number(slice_skip(word, name.len + 1), 1000, &fd))
		return fail(e, FAULT_NEVER, "'%s': not KIND:FD", argument);
	if (!conn_open((int)fd, &conn, e) || !session_new(&w->host, service, conn, &work, e))
		return false;
	session_run(work);
	return true;
}

int main(int argc, char **argv)
{
	static struct talk_world world;
	struct error e = { .fault = FAULT_NONE };
	bool is_good = argc >= 4 && talk_setup(&world, argv[1], argv[2], &e);

	if (is_good)
		talk_begin(&world);
	for (int i = 3; i < argc && is_good; i++)
		is_good = run_session(&world, argv[i], &e);
	if (!is_good) {
		(void)fprintf(stderr, "talk_server: %s\n",
			argc < 4 ? "SETUP FOLDER KIND:FD ..." : e.text);
		return 2;
	}
	log_stop();
	talk_end(&world);
	return 0;
}
