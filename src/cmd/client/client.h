/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * client - the commands that talk to a running server: domain, account, alias, quota, status, trace; import and export
 * stand in cmd/archive.
 *
 *   main.c     the table of commands, their options, usage
 *   args.c     a command line -> words, a JSON body, options
 *   call.c     one HTTP request over the control socket (libcurl)
 *   secret.c   passwords, from a prompt or standard input
 *   backup.c   a copy of all data, and back; also of a stopped server
 *   file_copy.c  its files
 *   table.c    aligned columns for people
 *
 * Exit statuses: 0 done, 1 the server said no, 2 usage, 75 no server, or try again later.
 * Threads: one.
 */
#include "base/buf.h"
#include "base/error.h"
#include "cmd/where.h"

#include <jansson.h>

enum {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_LATER = 75 /* EX_TEMPFAIL of sysexits.h */
};

enum field_type {
	FIELD_TEXT,
	FIELD_SIZE,
	FIELD_COUNT,
	FIELD_TRUE, /* an option without a value */
	FIELD_FALSE,
	FIELD_NULL,   /* takes the member away */
	FIELD_OPTION, /* text that goes to args.options, not to the body */
	FIELD_FLAG,   /* true in args.options */
};
struct field {
	const char *option;
	const char *member; /* of the JSON object */
	enum field_type type;
	const char *help;
};

struct client {
	char socket[WHERE_PATH_BYTES];
	char data[WHERE_PATH_BYTES]; /* "": not known */
	bool is_json;                /* print what the server said */
};

struct args {
	char **words; /* what is no option */
	size_t word_count;
	json_t *body, *options;
};

typedef int verb_fn(struct client *c, struct args *a);
struct verb {
	const char *noun, *verb; /* verb "" for status and trace */
	const char *words;       /* for usage */
	size_t least, most;      /* how many */
	const struct field *fields;
	size_t field_count;
	verb_fn *run;
};

/* args.c. The exit status, or -1 to go on. */
int args_read(const struct verb *v, int argc, char **argv, struct client *c, struct args *ret);
void args_done(struct args *a);
int args_usage(const struct verb *v, bool is_asked);

/* call.c */
struct call {
	const char *method,
		*collection;  /* "GET", "accounts"; "/metrics" style paths begin with / */
	const char *name;     /* one of it, or NULL */
	const char *query[6]; /* name, value, ... NULL; a NULL value is left out */
	json_t *body;         /* borrowed, or NULL */
	/* A streamed body, as NDJSON or content_type: the next bytes, 0 at the end, -1 to give up (after telling why). */
	long (*more)(void *context, char *room, size_t size);
	const char *content_type;
	/* A streamed answer, instead of JSON: false to give up (after telling why). */
	bool (*take)(void *context, struct slice bytes);
	void *context;
};
/* EXIT_DONE and *ret (owned by the caller), or the problem was told and this is the exit status. */
int call_send(const struct client *c, const struct call *call, json_t **ret);
/* All items of a list, over its pages: an array, owned by the caller. */
int call_list(const struct client *c, const char *collection, const char *domain, json_t **ret);
/* Prints it when --json was given; true then. */
bool call_print_json(const struct client *c, const json_t *json);

/* secret.c: a password in memory that is wiped; false was told. */
enum { SECRET_BYTES = 513 };
bool secret_prompt(const char *for_whom, char ret[SECRET_BYTES]);
bool secret_stdin(char ret[SECRET_BYTES]);

/* table.c */
enum { TABLE_COLUMNS = 9 };
struct table {
	size_t column_count;
	const char *names[TABLE_COLUMNS];
	bool is_right[TABLE_COLUMNS]; /* numbers */
	char **cells;
	size_t cell_count, cell_room;
};
void table_add(struct table *t, const char *cell); /* copies */
void table_add_size(struct table *t, uint64_t bytes, const char *zero);
void table_add_number(struct table *t, uint64_t number, const char *zero);
void table_print(struct table *t); /* and frees */
/* Members of JSON, with a fallback for what is missing. */
const char *text_of(const json_t *object, const char *member);
uint64_t number_of(const json_t *object, const char *member);

verb_fn domain_add, domain_list, domain_show, domain_set, domain_remove;
verb_fn account_add, account_list, account_show, account_set, account_remove;
verb_fn alias_add, alias_list, alias_show, alias_set, alias_remove;
verb_fn quota_add, quota_list, quota_show, quota_set, quota_remove;
verb_fn status_show, trace_show;
verb_fn backup_make, backup_restore;
/* Sends, and prints "what 'name': done", or the JSON. */
int change_send(const struct client *c, const struct call *call, const char *what, const char *name,
	const char *done);
/* Prints a list, or one object, by its rows in the table; or the JSON. */
typedef void row_fn(struct table *t, const json_t *object);
int list_send(const struct client *c, const char *collection, const char *domain, struct table t,
	row_fn *add_row);
int show_send(const struct client *c, const char *collection, const char *name, struct table t,
	row_fn *add_row);
