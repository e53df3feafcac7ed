/* SPDX-License-Identifier: MIT */
/*
 * dovecot - POP3 and IMAP over Maildirs for the servers that only know SMTP, and LMTP for Postfix.
 *
 * As Debian ships it (2.3), with the login processes kept ("high-performance mode" of its manual), without
 * TLS, delays after failed logins, and limits per client. Behind Postfix it keeps mail as sdbox and syncs everything
 * (mail_fsync = always), everywhere alike; Exim and OpenSMTPD write Maildirs, which it only reads.
 */
#include "lab/server/parts.h"

#include <string.h>

const struct server_program dovecot_programs[] = { { "/usr/sbin/dovecot", "dovecot-core" },
	{ "/usr/lib/dovecot/pop3-login", "dovecot-pop3d" },
	{ "/usr/lib/dovecot/imap-login", "dovecot-imapd" }, { NULL, NULL } };

/* %% is a percent sign of Dovecot's own variables. */
static const char config[] =
	"base_dir = %s/dv\n"
	"state_dir = %s/dv\n"
	"log_timestamp = \"%%Y-%%m-%%d %%H:%%M:%%S.%%{usecs} \"\n"
	"listen = *\n"
	"ssl = no\n"
	"disable_plaintext_auth = no\n"
	"auth_mechanisms = plain\n"
	"auth_failure_delay = 0\n"
	"auth_username_format = %%Lu\n"
	"mail_uid = " PARTS_MAIL_USER "\n"
	"mail_gid = " PARTS_MAIL_USER "\n"
	"first_valid_uid = 1\n"
	"mail_max_userip_connections = 0\n"
	"namespace inbox {\n  inbox = yes\n}\n"
	"passdb {\n  driver = passwd-file\n  args = scheme=PLAIN username_format=%%u %s/users\n}\n"
	"userdb {\n  driver = static\n  args = uid=" PARTS_MAIL_USER " gid=" PARTS_MAIL_USER
	" home=%s/mail/%%d/%%n\n}\n"
	"service pop3-login {\n  service_count = 0\n  process_min_avail = 1\n  client_limit = "
	"1000\n"
	"  inet_listener pop3 {\n    port = %u\n  }\n  inet_listener pop3s {\n    port = 0\n  "
	"}\n}\n"
	"service imap-login {\n  service_count = 0\n  process_min_avail = 1\n  client_limit = "
	"1000\n"
	"  inet_listener imap {\n    port = %u\n  }\n  inet_listener imaps {\n    port = 0\n  "
	"}\n}\n"
	"service pop3 {\n  service_count = 1000\n}\n"
	"service imap {\n  service_count = 1000\n  process_limit = 2000\n}\n"
	"service auth {\n  client_limit = 6000\n}\n"
	"service anvil {\n  client_limit = 6000\n}\n";

static const char sdbox[] = "mail_location = sdbox:%s/mail/%%d/%%n/sdbox\nmail_fsync = always\n";
static const char maildir[] = "mail_location = maildir:%s/mail/%%d/%%n/Maildir\n";
static const char lmtp[] = "service lmtp {\n  process_min_avail = 2\n  unix_listener lmtp {\n"
			   "    mode = 0666\n  }\n}\n";

/* Where mail and log go. In a machine of its own the log leaves it with the standard error of PID 1's child. */
static bool places_add(const struct server_plan *plan, bool has_lmtp, struct buf *to)
{
	return buf_add_format(to, has_lmtp ? sdbox : maildir, plan->inside) &&
	       (plan->is_machine ? buf_add(to, S("log_path = /dev/stderr\n"))
				 : buf_add_format(
					   to, "log_path = %s/log/dovecot.log\n", plan->inside));
}

static bool users_write(const struct server_plan *plan, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };

	for (unsigned i = 0; i < plan->account_count; i++) {
		if (strpbrk(plan->accounts[i].password, ":\r\n") != NULL)
			return fail(e, FAULT_NEVER,
				"a password with a colon cannot stand in Dovecot's file of users");
		if (!buf_add_format(&text, "%s:{PLAIN}%s::::::\n", plan->accounts[i].address,
			    plan->accounts[i].password))
			return fail(e, FAULT_LATER, "write Dovecot's users: no memory");
	}
	return parts_write(plan, "users", 0644, &text, e);
}

bool dovecot_prepare(
	const struct server_plan *plan, struct server_start *ret, bool has_lmtp, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };
	const char *in = plan->inside;
	char program[SERVER_PATH_BYTES];

	if (!buf_add_format(&text, "protocols = pop3 imap%s\n", has_lmtp ? " lmtp" : "") ||
		!places_add(plan, has_lmtp, &text) ||
		!buf_add_format(&text, config, in, in, in, in, (unsigned)plan->pop3_port,
			(unsigned)plan->imap_port) ||
		(has_lmtp && !buf_add(&text, slice_of(lmtp))))
		return fail(e, FAULT_LATER, "write Dovecot's settings: no memory");
	server_program_path(dovecot_programs[0].path, plan->packages, program);
	const char *const words[] = { program, "--version", NULL };
	parts_version(ret, "dovecot", words);
	(void)json_object_set_new(ret->facts, "mail_store",
		json_string(has_lmtp ? "sdbox, mail_fsync = always" : "Maildir"));
	(void)json_object_set_new(ret->facts, "password_check", json_string("plain text"));
	return parts_folder(plan, "dv", e) && users_write(plan, e) &&
	       parts_write(plan, "dovecot.conf", 0644, &text, e);
}
