/* SPDX-License-Identifier: MIT */
/*
 * opensmtpd - OpenSMTPD takes the mail and writes it into Maildirs by its mail.maildir; Dovecot serves them.
 *
 * Its paths are compiled in (/var/spool/smtpd, /var/run/smtpd.sock, /var/lib/opensmtpd/empty): the mounts give it
 * its own. It syncs its queue before the 250; mail.maildir syncs the delivered file.
 */
#include "lab/server/list.h"
#include "lab/server/parts.h"

#include <stdio.h>

static const struct server_program programs[] = { { "/usr/sbin/smtpd", "opensmtpd" },
	{ "/usr/libexec/opensmtpd/mail.maildir", "opensmtpd" },
	{ "/usr/sbin/dovecot", "dovecot-core" }, { "/usr/lib/dovecot/pop3-login", "dovecot-pop3d" },
	{ "/usr/lib/dovecot/imap-login", "dovecot-imapd" }, { NULL, NULL } };

static bool opensmtpd_probe(const char *packages, char ret_reason[SERVER_REASON_BYTES])
{
	return parts_probe(programs, packages, ret_reason);
}

static bool config_write(const struct server_plan *plan, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };
	auto_buf domains = { .max = SERVER_TEXT_BYTES_MAX };
	auto_buf users = { .max = SERVER_TEXT_BYTES_MAX };
	bool is_good = buf_add_format(&text,
		"table domains file:/etc/smtpd/domains\n"
		"table users file:/etc/smtpd/users\n"
		"smtp max-message-size 50M\n"
		"smtp limit max-mails 1000000\n"
		"listen on 0.0.0.0 port %u hostname %s\n"
		"action \"mailbox\" maildir \"%s/mail/%%{dest.domain}/%%{dest.user}/Maildir\" "
		"virtual <users>\n"
		"match from any for domain <domains> action \"mailbox\"\n",
		(unsigned)plan->smtp_port, plan->host, plan->inside);

	for (unsigned i = 0; i < plan->domain_count && is_good; i++)
		is_good = buf_add_format(&domains, "%s\n", plan->domains[i]);
	for (unsigned i = 0; i < plan->account_count && is_good; i++)
		is_good = buf_add_format(
			&users, "%s " PARTS_MAIL_USER "\n", plan->accounts[i].address);
	if (!is_good)
		return fail(e, FAULT_LATER, "write OpenSMTPD's settings: no memory");
	return parts_write(plan, "etc/smtpd/smtpd.conf", 0644, &text, e) &&
	       parts_write(plan, "etc/smtpd/domains", 0644, &domains, e) &&
	       parts_write(plan, "etc/smtpd/users", 0644, &users, e);
}

static bool opensmtpd_prepare(
	const struct server_plan *plan, struct server_start *ret, struct error *e)
{
	char program[SERVER_PATH_BYTES];

	if (!parts_begin(plan, ret, e) || !dovecot_prepare(plan, ret, false, e) ||
		!parts_folder(plan, "etc/smtpd", e) || !parts_folder(plan, "spool/smtpd", e) ||
		!parts_folder(plan, "lib/opensmtpd/empty", e) || !config_write(plan, e) ||
		!parts_lib(plan, ret, e))
		return false;
	server_program_path(programs[0].path, plan->packages, program);
	const char *const words[] = { "sh", "-c", "\"$0\" -h 2>&1 | head -1", program, NULL };
	parts_version(ret, "opensmtpd", words);
	(void)json_object_update_new(
		ret->facts, json_pack("{s:s, s:s}", "server_durability",
				    "synced: queue before the 250, then the Maildir file", "off",
				    "limits of mails a session, name lookups, TLS"));
	return parts_script(plan, ret,
		S("chmod 0711 /var/spool/smtpd /var/lib/opensmtpd/empty\n" DOVECOT_COMMAND
		  "exec /usr/sbin/smtpd -d -f /etc/smtpd/smtpd.conf\n"),
		e);
}

const struct server server_opensmtpd = {
	.name = "opensmtpd",
	.title = "OpenSMTPD and Dovecot",
	.log = &log_opensmtpd,
	.probe = opensmtpd_probe,
	.prepare = opensmtpd_prepare,
};
