/* SPDX-License-Identifier: MIT */
/*
 * mailvisor-ctl - the client half of the mailvisor command, which runs it (src/main.c). argv is the user's own.
 */
#include "cmd/archive/archive.h"
#include "cmd/client/client.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
static const struct field domain_fields[] = {
	{ "alias-of",     "alias_of",     FIELD_TEXT,  "every address of it means the same name there; '' ends it" },
	{ "catch-all",    "catch_all",    FIELD_TEXT,  "address that gets what nobody else does; '' ends it" },
	{ "postmaster",   "postmaster",   FIELD_TEXT,  "address that gets mail for postmaster@ of it; its first account" },
	{ "accounts-max", "accounts_max", FIELD_COUNT, "most accounts; 0: any" },
	{ "quota",        "quota",        FIELD_SIZE,  "for all its accounts together; 0: none" },
	{ "message-size", "message_size", FIELD_SIZE,  "largest message; 0: as limit.message_size" },
	{ "disable",      "disabled",     FIELD_TRUE,  "keep all, take and serve nothing" },
	{ "enable",       "disabled",     FIELD_FALSE, "end that" },
};
static const struct field account_add_fields[] = {
	{ "quota",          "quota",          FIELD_SIZE,   "room for mail; 0: any" },
	{ "quota-messages", "quota_messages", FIELD_COUNT,  "most messages; 0: any" },
	{ "disable",        "disabled",       FIELD_TRUE,   "keep all, take and serve nothing" },
	{ "password-stdin", "password-stdin", FIELD_FLAG,   "read the password (or its hash) from standard input" },
	{ "no-password",    "no-password",    FIELD_FLAG,   "without one: mail comes in, nobody logs in" },
	{ "file",           "file",           FIELD_OPTION, "add many: lines 'address password-or-hash [quota]'; - is stdin" },
};
static const struct field account_set_fields[] = {
	{ "quota",          "quota",          FIELD_SIZE,  "room for mail; 0: any" },
	{ "quota-messages", "quota_messages", FIELD_COUNT, "most messages; 0: any" },
	{ "no-own-quota",   "own_quota",      FIELD_NULL,  "take away the limits that its owner set (IMAP SETQUOTA)" },
	{ "disable",        "disabled",       FIELD_TRUE,  "keep all, take and serve nothing" },
	{ "enable",         "disabled",       FIELD_FALSE, "end that" },
	{ "password",       "password",       FIELD_FLAG,  "ask for a new password" },
	{ "password-stdin", "password-stdin", FIELD_FLAG,  "read the password (or its hash) from standard input" },
	{ "no-password",    "no-password",    FIELD_FLAG,  "without one: mail comes in, nobody logs in" },
};
static const struct field account_remove_fields[] = {
	{ "yes", "yes", FIELD_FLAG, "do not ask whether you are sure" },
};
static const struct field alias_fields[] = {
	{ "disable", "disabled", FIELD_TRUE,  "as if it were not there" },
	{ "enable",  "disabled", FIELD_FALSE, "end that" },
};
static const struct field quota_fields[] = {
	{ "messages", "quota_messages", FIELD_COUNT, "most messages, of an account; 0: any" },
};
static const struct field import_fields[] = {
	{ "format",     "format",     FIELD_OPTION, "maildir or mbox; what it is when it is not said" },
	{ "mailbox",    "mailbox",    FIELD_OPTION, "put it there instead of INBOX, and its folders below" },
	{ "date",       "date",       FIELD_OPTION, "of a Maildir: mtime (of the file) or name (what it begins with)" },
	{ "mboxo",      "mboxo",      FIELD_FLAG,   "of an mbox: only '>From ' is quoted, not '>>From '" },
	{ "duplicates", "duplicates", FIELD_FLAG,   "also what the mailbox has already" },
	{ "quiet",      "quiet",      FIELD_FLAG,   "no word of progress" },
};
static const struct field export_fields[] = {
	{ "format",  "format",  FIELD_OPTION, "maildir (when it is not said) or mbox" },
	{ "mailbox", "mailbox", FIELD_OPTION, "only this one" },
	{ "mboxo",   "mboxo",   FIELD_FLAG,   "of an mbox: quote only 'From ', which cannot be undone" },
	{ "quiet",   "quiet",   FIELD_FLAG,   "no word of progress" },
};

#define NO_FIELDS NULL, 0
#define FIELDS(of) of, COUNT(of)
static const struct verb verbs[] = {
	{ "domain",  "add",    "NAME",                 1, 1,   FIELDS(domain_fields),  domain_add },
	{ "domain",  "list",   "",                     0, 0,   NO_FIELDS,              domain_list },
	{ "domain",  "show",   "NAME",                 1, 1,   NO_FIELDS,              domain_show },
	{ "domain",  "set",    "NAME",                 1, 1,   FIELDS(domain_fields),  domain_set },
	{ "domain",  "remove", "NAME",                 1, 1,   NO_FIELDS,              domain_remove },
	{ "account", "add",    "ADDRESS | --file FILE", 0, 1,  FIELDS(account_add_fields), account_add },
	{ "account", "list",   "[DOMAIN]",             0, 1,   NO_FIELDS,              account_list },
	{ "account", "show",   "ADDRESS",              1, 1,   NO_FIELDS,              account_show },
	{ "account", "set",    "ADDRESS",              1, 1,   FIELDS(account_set_fields), account_set },
	{ "account", "remove", "ADDRESS",              1, 1,   FIELDS(account_remove_fields), account_remove },
	{ "alias",   "add",    "ADDRESS TARGET...",    2, 501, FIELDS(alias_fields),   alias_add },
	{ "alias",   "list",   "[DOMAIN]",             0, 1,   NO_FIELDS,              alias_list },
	{ "alias",   "show",   "ADDRESS",              1, 1,   NO_FIELDS,              alias_show },
	{ "alias",   "set",    "ADDRESS [TARGET...]",  1, 501, FIELDS(alias_fields),   alias_set },
	{ "alias",   "remove", "ADDRESS",              1, 1,   NO_FIELDS,              alias_remove },
	{ "quota",   "add",    "ADDRESS|DOMAIN SIZE",  2, 2,   FIELDS(quota_fields),   quota_add },
	{ "quota",   "list",   "[DOMAIN]",             0, 1,   NO_FIELDS,              quota_list },
	{ "quota",   "show",   "ADDRESS|DOMAIN",       1, 1,   NO_FIELDS,              quota_show },
	{ "quota",   "set",    "ADDRESS|DOMAIN SIZE",  2, 2,   FIELDS(quota_fields),   quota_set },
	{ "quota",   "remove", "ADDRESS|DOMAIN",       1, 1,   NO_FIELDS,              quota_remove },
	{ "import",  "",       "ADDRESS PATH",         2, 2,   FIELDS(import_fields),  import_run },
	{ "export",  "",       "ADDRESS PATH",         2, 2,   FIELDS(export_fields),  export_run },
	{ "status",  "",       "",                     0, 0,   NO_FIELDS,              status_show },
	{ "backup",  "",       "DIRECTORY",            1, 1,   NO_FIELDS,              backup_make },
	{ "restore", "",       "DIRECTORY",            1, 1,   NO_FIELDS,              backup_restore },
	{ "trace",   "",       "MESSAGE-ID|ADDRESS|ID", 1, 1,  NO_FIELDS,              trace_show },
};
/* clang-format on */

static int noun_usage(const char *noun, const char *given)
{
	bool is_asked =
		given != NULL && (strcmp(given, "--help") == 0 || strcmp(given, "help") == 0);
	FILE *out = is_asked ? stdout : stderr;

	if (given != NULL && !is_asked)
		(void)fprintf(out, "mailvisor: %s cannot '%s'\n", noun, given);
	for (size_t i = 0; i < COUNT(verbs); i++)
		if (strcmp(verbs[i].noun, noun) == 0)
			(void)fprintf(out, "%s mailvisor %s %s %s\n", "      ", noun, verbs[i].verb,
				verbs[i].words);
	(void)fprintf(out, "Each with --help says more.\n");
	return is_asked ? EXIT_DONE : EXIT_USAGE;
}

static int run(const struct verb *v, int argc, char **argv)
{
	struct client c = { .is_json = false };
	struct args a;
	int status = args_read(v, argc, argv, &c, &a);

	if (status < 0)
		status = v->run(&c, &a);
	args_done(&a);
	if (fflush(stdout) != 0 && status == EXIT_DONE)
		return EXIT_FAILED;
	return status;
}

int main(int argc, char **argv)
{
	const char *noun = argc > 1 ? argv[1] : "", *verb = argc > 2 ? argv[2] : NULL;

	for (size_t i = 0; i < COUNT(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (strcmp(v->noun, noun) != 0)
			continue;
		if (v->verb[0] == '\0')
			return run(v, argc - 1, argv + 1);
		if (verb != NULL && strcmp(v->verb, verb) == 0)
			return run(v, argc - 2, argv + 2);
	}
	return noun_usage(noun, verb);
}
