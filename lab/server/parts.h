/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * parts - what the adapters have in common: programs, files, an /etc of their own, the script.
 *
 * The script is run by /bin/sh as root in a mount and a network namespace (or a container) of its own.
 */
#include "lab/server/server.h"

struct server_program {
	const char *path;    /* "/usr/sbin/exim4" */
	const char *package; /* that brings it */
};

/* Looks for each (a NULL path ends the list) on the machine and below `packages`. */
bool parts_probe(const struct server_program *programs, const char *packages,
	char ret_reason[SERVER_REASON_BYTES]);
/* The number of a user in a machine of its own. */
unsigned parts_user(const char *name);
/* In a machine of its own: writes what its PID 1 is to do, a line each; ends with NULL. */
MUST_CHECK bool parts_services(
	const struct server_plan *plan, const char *const *lines, struct error *e);
/* Writes FOLDER/NAME (folders on the way are made), mode as given. */
MUST_CHECK bool parts_write(const struct server_plan *plan, const char *name, unsigned mode,
	const struct buf *text, struct error *e);
MUST_CHECK bool parts_folder(const struct server_plan *plan, const char *name, struct error *e);
/*
 * Mounts that every adapter has: FOLDER/etc over /etc (users, hosts, no resolver), PACKAGES/usr over /usr,
 * FOLDER/run as /run, FOLDER/spool as /var/spool.
 */
MUST_CHECK bool parts_begin(
	const struct server_plan *plan, struct server_start *ret, struct error *e);
/* FOLDER/lib as /var/lib. */
MUST_CHECK bool parts_lib(
	const struct server_plan *plan, struct server_start *ret, struct error *e);
/* Writes the script: the mounts when the server does them itself, then `commands`. */
MUST_CHECK bool parts_script(const struct server_plan *plan, struct server_start *ret,
	struct slice commands, struct error *e);
/* "name": first line that the words print. */
void parts_version(struct server_start *s, const char *name, const char *const *words);
/* The folders of all mailboxes, "mail/DOMAIN/NAME", belong to the user vmail: made by the script. */
#define PARTS_MAIL_USER "vmail"

/* POP3, IMAP and (with has_lmtp, for Postfix) LMTP over the Maildirs; writes dovecot.conf. */
MUST_CHECK bool dovecot_prepare(
	const struct server_plan *plan, struct server_start *ret, bool has_lmtp, struct error *e);
extern const struct server_program dovecot_programs[];
/* The command that starts it in the background of the script. */
#define DOVECOT_COMMAND "/usr/sbin/dovecot -F -c \"$D/dovecot.conf\" &\n"
