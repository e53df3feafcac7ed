/* SPDX-License-Identifier: MIT */
/*
 * exim - Exim takes the mail and writes it into Maildirs itself; Dovecot serves them.
 *
 * Debian's light daemon with its own user and privileges; no limits, no identification, no name lookups,
 * no TLS. It syncs its two spool files before the 250, and the delivered file.
 */
#include "lab/server/list.h"
#include "lab/server/parts.h"

#include <stdio.h>
#include <string.h>

static const struct server_program programs[] = { { "/usr/sbin/exim4", "exim4-daemon-light" },
	{ "/usr/sbin/dovecot", "dovecot-core" }, { "/usr/lib/dovecot/pop3-login", "dovecot-pop3d" },
	{ "/usr/lib/dovecot/imap-login", "dovecot-imapd" }, { NULL, NULL } };

static bool exim_probe(const char *packages, char ret_reason[SERVER_REASON_BYTES])
{
	return parts_probe(programs, packages, ret_reason);
}

static const char behind_domains[] =
	"\n"
	"keep_environment =\n"
	"never_users = root\n"
	"tls_advertise_hosts =\n"
	"rfc1413_hosts =\n"
	"host_lookup =\n"
	"smtp_accept_max = 1000\n"
	"smtp_accept_max_per_connection = 0\n"
	"smtp_accept_queue_per_connection = 0\n"
	"message_size_limit = 50M\n"
	"log_selector = +millisec +queue_time +queue_time_overall +deliver_time +receive_time\n"
	"acl_smtp_rcpt = to_us\n"
	"acl_smtp_data = accept\n"
	"begin acl\n"
	"to_us:\n"
	"  accept domains = +ours\n"
	"         verify = recipient\n"
	"  deny message = relaying is not offered\n"
	"begin routers\n"
	"mailbox:\n"
	"  driver = accept\n"
	"  domains = +ours\n"
	"  address_data = ${lookup{$local_part@$domain}lsearch{/etc/exim4/mailboxes}{$value}fail}\n"
	"  transport = maildir\n"
	"begin transports\n"
	"maildir:\n"
	"  driver = appendfile\n"
	"  maildir_format\n"
	"  create_directory\n"
	"  return_path_add\n"
	"  user = " PARTS_MAIL_USER "\n"
	"  group = " PARTS_MAIL_USER "\n"
	"  mode = 0600\n";

static bool config_write(const struct server_plan *plan, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };
	bool is_good = buf_add_format(&text,
		"primary_hostname = %s\n"
		"spool_directory = /var/spool/exim4\n"
		"log_file_path = %s/log/exim-%%slog\n"
		"pid_file_path = %s/exim.pid\n"
		"local_interfaces = 0.0.0.0\n"
		"daemon_smtp_ports = %u\n"
		"domainlist ours =",
		plan->host, plan->inside, plan->inside, (unsigned)plan->smtp_port);

	for (unsigned i = 0; i < plan->domain_count && is_good; i++)
		is_good = buf_add_format(&text, "%s %s", i > 0 ? " :" : "", plan->domains[i]);
	if (!is_good || !buf_add(&text, slice_of(behind_domains)) ||
		!buf_add_format(
			&text, "  directory = %s/mail/$address_data/Maildir\n", plan->inside))
		return fail(e, FAULT_LATER, "write Exim's settings: no memory");
	return parts_write(plan, "etc/exim4/exim4.conf", 0644, &text, e);
}

/* "alice@b.example: b.example/alice": the folder comes from here, not from what a sender wrote. */
static bool mailboxes_write(const struct server_plan *plan, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };

	for (unsigned i = 0; i < plan->account_count; i++) {
		struct slice address = slice_of(plan->accounts[i].address);
		size_t at = slice_find(address, '@');

		if (!buf_add_format(&text, "%.*s: %.*s/%.*s\n", S_FMT(address),
			    S_FMT(slice_skip(address, at + 1)), S_FMT(slice_first(address, at))))
			return fail(e, FAULT_LATER, "write Exim's mailboxes: no memory");
	}
	return parts_write(plan, "etc/exim4/mailboxes", 0644, &text, e);
}

static bool exim_prepare(const struct server_plan *plan, struct server_start *ret, struct error *e)
{
	char program[SERVER_PATH_BYTES];

	if (!parts_begin(plan, ret, e) || !dovecot_prepare(plan, ret, false, e) ||
		!parts_folder(plan, "etc/exim4", e) || !parts_folder(plan, "spool/exim4", e) ||
		!config_write(plan, e) || !mailboxes_write(plan, e))
		return false;
	server_program_path(programs[0].path, plan->packages, program);
	/* It says nothing where its user is not known: it is asked with the users that it will have. */
	const char *const words[] = { "unshare", "-m", "sh", "-c",
		"mount --bind \"$0/etc/passwd\" /etc/passwd && mount --bind \"$0/etc/group\" "
		"/etc/group && "
		"\"$1\" -bV -C /dev/null 2>/dev/null | grep -m 1 '^Exim version'",
		plan->folder, program, NULL };
	parts_version(ret, "exim", words);
	(void)json_object_update_new(
		ret->facts, json_pack("{s:s, s:s}", "server_durability",
				    "synced: two spool files before the 250, then the Maildir file",
				    "off", "limits of connections, RFC 1413, name lookups, TLS"));
	(void)snprintf(ret->log, sizeof ret->log, "%.480s/log/exim-mainlog", plan->folder);
	return parts_script(plan, ret,
		S("chown -R Debian-exim:Debian-exim /var/spool/exim4 \"$D/log\"\n" DOVECOT_COMMAND
		  "exec /usr/sbin/exim4 -bdf -q5m\n"),
		e);
}

const struct server server_exim = {
	.name = "exim",
	.title = "Exim and Dovecot",
	.log = &log_exim,
	.probe = exim_probe,
	.prepare = exim_prepare,
};
