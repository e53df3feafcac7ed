/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * server - the mail servers that can be measured: one file each behind this table.
 *
 * Ours is deployed by the platforms themselves (every one of them knows it, the virtual machines' image
 * holds it). The others come from Debian's packages and run as processes and in containers: an adapter
 * writes a configuration of its own into an empty folder and a script that starts everything in the
 * foreground. It sees the folder as `inside`, /etc and /usr through overlays, so nothing of the machine's own
 * mail system is read or touched, and packages that exclude each other can be unpacked side by side
 * (`packages`, dpkg -x). Limits of rate, greeting delays and filters are off in all of them; how safe a mail
 * is at the 250 is left as shipped and recorded (facts: "server_durability").
 * Some are only known by their log (hMailServer): they run elsewhere, and `external` measures them.
 * Not here: starting it (lab/platform), reading its log (log.h).
 * Ownership: server_start.facts goes to the caller. Limits: SERVER_* below.
 */
#include "base/buf.h"
#include "base/error.h"
#include "lab/server/log.h"

#include <jansson.h>

enum {
	SERVER_NAME_BYTES = 24,
	SERVER_REASON_BYTES = 256,
	SERVER_PATH_BYTES = 512,
	SERVER_MOUNT_COUNT = 6,
	SERVER_TEXT_BYTES_MAX = 1 << 20, /* a generated file; 64 accounts need a few KB */
};

struct server_account {
	const char *address, *password;
};

/* What a server is to be. Borrowed; the text is NUL-terminated. */
struct server_plan {
	const char *folder;   /* on this machine: there, empty and ours; it goes after the trial */
	const char *inside;   /* the same folder as the server sees it */
	const char *packages; /* root of unpacked packages; NULL: only what is installed */
	const char *host;     /* "mx.lab.example" */
	const char *client;   /* the lab's address, named in the server's /etc/hosts */
	uint16_t smtp_port, pop3_port, imap_port;
	const char *const *domains;
	unsigned domain_count;
	const struct server_account *accounts;
	unsigned account_count;
	bool mounts_itself; /* the script does server_start.mounts; else the platform has to */
	bool is_machine; /* of its own: nothing is mounted, PID 1 starts FOLDER/services (lab/guest/list.h) */
};

/* A folder of this machine under another name, or (is_overlay) laid over what is there, read-only. */
struct server_mount {
	char from[SERVER_PATH_BYTES], to[64];
	bool is_overlay;
};

struct server_start {
	char script[SERVER_PATH_BYTES]; /* as the server sees it: run by /bin/sh as root */
	char log[SERVER_PATH_BYTES];    /* on this machine: what log.h reads; "": the console */
	struct server_mount mounts[SERVER_MOUNT_COUNT];
	unsigned mount_count;
	json_t *facts; /* versions, durability, what is off */
};

struct server {
	const char *name;  /* "exim": in experiments and on the command line */
	const char *title; /* "Exim and Dovecot" */
	const struct server_log *log;
	/* Is everything it needs here? False, with one sentence: "exim4 is not installed". NULL: ours. */
	bool (*probe)(const char *packages, char ret_reason[SERVER_REASON_BYTES]);
	/* What an image of a virtual machine needs of its packages, ends with NULL; NULL: there is no such image. */
	const char *const *image_programs;
	/* Writes configuration and script. NULL: ours, and what runs only elsewhere. */
	bool (*prepare)(const struct server_plan *plan, struct server_start *ret, struct error *e);
};

/* mailvisor, postfix, exim, opensmtpd, dovecot, hmailserver. Ends with NULL. */
extern const struct server *const servers[];
/* The first of them. */
extern const struct server server_mailvisor;
/* By name; NULL when there is none. */
const struct server *server_find(struct slice name);
/* Lines of /etc/passwd or /etc/group: the users of all servers, by the numbers they have in a machine of their own. */
MUST_CHECK bool server_users_add(bool is_group, struct buf *to);
/* Where a program is: below `packages` if it is there, else the machine's own. */
void server_program_path(const char *program, const char *packages, char ret[SERVER_PATH_BYTES]);
/* Runs here as `external` only. */
bool server_is_elsewhere(const struct server *s);
