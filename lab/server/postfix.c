/* SPDX-License-Identifier: MIT */
/*
 * postfix - Postfix takes the mail and gives it to Dovecot by LMTP; Dovecot serves it.
 *
 * Debian's defaults but for what this file says: no limits of rate or connections, no flow delay, no names
 * looked up, no chroot. Postfix syncs its queue file before the 250, Dovecot the delivered mail. In a machine of its
 * own (the image) the queue lies on the data disk and PID 1 does what Postfix's shell scripts do elsewhere.
 */
#include "lab/server/list.h"
#include "lab/server/parts.h"

#include <stdio.h>
#include <string.h>

static const struct server_program programs[] = { { "/usr/sbin/postfix", "postfix" },
	{ "/usr/lib/postfix/sbin/master", "postfix" }, { "/usr/sbin/dovecot", "dovecot-core" },
	{ "/usr/lib/dovecot/lmtp", "dovecot-lmtpd" },
	{ "/usr/lib/dovecot/pop3-login", "dovecot-pop3d" },
	{ "/usr/lib/dovecot/imap-login", "dovecot-imapd" }, { NULL, NULL } };

static bool postfix_probe(const char *packages, char ret_reason[SERVER_REASON_BYTES])
{
	return parts_probe(programs, packages, ret_reason);
}

/* What differs: where the queue is, and where the log goes. */
static bool places_add(const struct server_plan *plan, struct buf *to)
{
	if (plan->is_machine)
		return buf_add_format(to,
			"queue_directory = %s/spool/postfix\n"
			"maillog_file = /dev/stdout\n"
			"virtual_mailbox_maps = texthash:%s/etc/postfix/mailboxes\n",
			plan->inside, plan->inside);
	return buf_add_format(to,
		"queue_directory = /var/spool/postfix\n"
		"maillog_file = %s/log/mail.log\n"
		"maillog_file_prefixes = %s\n"
		"virtual_mailbox_maps = texthash:/etc/postfix/mailboxes\n",
		plan->inside, plan->inside);
}

static bool main_write(const struct server_plan *plan, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };
	bool is_good = places_add(plan, &text) &&
		       buf_add_format(&text,
			       "compatibility_level = 3.6\n"
			       "data_directory = %s/state\n"
			       "command_directory = /usr/sbin\n"
			       "daemon_directory = /usr/lib/postfix/sbin\n"
			       "delay_logging_resolution_limit = 6\n"
			       "mail_owner = postfix\n"
			       "setgid_group = postdrop\n"
			       "myhostname = %s\n"
			       "mydestination =\n"
			       "mynetworks = 127.0.0.0/8\n"
			       "inet_interfaces = all\n"
			       "inet_protocols = ipv4\n"
			       "alias_maps =\nalias_database =\nlocal_recipient_maps =\nbiff = no\n"
			       "smtpd_recipient_restrictions = reject_unauth_destination\n"
			       "smtpd_peername_lookup = no\n"
			       "smtpd_client_connection_count_limit = 0\n"
			       "smtpd_client_connection_rate_limit = 0\n"
			       "smtpd_client_message_rate_limit = 0\n"
			       "smtpd_client_recipient_rate_limit = 0\n"
			       "in_flow_delay = 0\n"
			       "message_size_limit = 52428800\n"
			       "mailbox_size_limit = 0\n"
			       "virtual_transport = lmtp:unix:%s/dv/lmtp\n"
			       "virtual_mailbox_domains =",
			       plan->inside, plan->host, plan->inside);

	for (unsigned i = 0; i < plan->domain_count && is_good; i++)
		is_good = buf_add_format(&text, " %s", plan->domains[i]);
	if (!is_good || !buf_add_byte(&text, '\n'))
		return fail(e, FAULT_LATER, "write Postfix's settings: no memory");
	return parts_write(plan, "etc/postfix/main.cf", 0644, &text, e);
}

/* master(5): the services that a server with one port and one way to deliver wants. */
/* clang-format off */
static const struct {
	const char *name, *type, *is_private, *is_unprivileged, *wakeup, *limit, *program;
} services[] = {
	{ "pickup", "unix", "n", "-", "60", "1", "pickup" },
	{ "cleanup", "unix", "n", "-", "-", "0", "cleanup" },
	{ "qmgr", "unix", "n", "-", "300", "1", "qmgr" },
	{ "tlsmgr", "unix", "-", "-", "1000?", "1", "tlsmgr" },
	{ "rewrite", "unix", "-", "-", "-", "-", "trivial-rewrite" },
	{ "bounce", "unix", "-", "-", "-", "0", "bounce" },
	{ "defer", "unix", "-", "-", "-", "0", "bounce" },
	{ "trace", "unix", "-", "-", "-", "0", "bounce" },
	{ "verify", "unix", "-", "-", "-", "1", "verify" },
	{ "flush", "unix", "n", "-", "1000?", "0", "flush" },
	{ "proxymap", "unix", "-", "-", "-", "-", "proxymap" },
	{ "proxywrite", "unix", "-", "-", "-", "1", "proxymap" },
	{ "smtp", "unix", "-", "-", "-", "-", "smtp" },
	{ "relay", "unix", "-", "-", "-", "-", "smtp" },
	{ "showq", "unix", "n", "-", "-", "-", "showq" },
	{ "error", "unix", "-", "-", "-", "-", "error" },
	{ "retry", "unix", "-", "-", "-", "-", "error" },
	{ "discard", "unix", "-", "-", "-", "-", "discard" },
	{ "local", "unix", "-", "n", "-", "-", "local" },
	{ "virtual", "unix", "-", "n", "-", "-", "virtual" },
	{ "lmtp", "unix", "-", "-", "-", "-", "lmtp" },
	{ "anvil", "unix", "-", "-", "-", "1", "anvil" },
	{ "scache", "unix", "-", "-", "-", "1", "scache" },
	{ "postlog", "unix-dgram", "n", "-", "-", "1", "postlogd" },
};
/* clang-format on */

static bool master_write(const struct server_plan *plan, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };
	bool is_good =
		buf_add_format(&text, "%u inet n - n - - smtpd\n", (unsigned)plan->smtp_port);

	for (size_t i = 0; i < COUNT(services) && is_good; i++)
		is_good = buf_add_format(&text, "%s %s %s %s n %s %s %s\n", services[i].name,
			services[i].type, services[i].is_private, services[i].is_unprivileged,
			services[i].wakeup, services[i].limit, services[i].program);
	if (!is_good)
		return fail(e, FAULT_LATER, "write Postfix's services: no memory");
	return parts_write(plan, "etc/postfix/master.cf", 0644, &text, e);
}

static bool mailboxes_write(const struct server_plan *plan, struct error *e)
{
	auto_buf text = { .max = SERVER_TEXT_BYTES_MAX };

	for (unsigned i = 0; i < plan->account_count; i++) {
		if (!buf_add_format(&text, "%s there\n", plan->accounts[i].address))
			return fail(e, FAULT_LATER, "write Postfix's mailboxes: no memory");
	}
	return parts_write(plan, "etc/postfix/mailboxes", 0644, &text, e);
}

/* What a machine with nothing else needs of Debian's packages; no shell, no tools. */
static const char *const image_programs[] = { "/usr/lib/postfix/sbin/anvil",
	"/usr/lib/postfix/sbin/bounce", "/usr/lib/postfix/sbin/cleanup",
	"/usr/lib/postfix/sbin/discard", "/usr/lib/postfix/sbin/error",
	"/usr/lib/postfix/sbin/flush", "/usr/lib/postfix/sbin/lmtp", "/usr/lib/postfix/sbin/local",
	"/usr/lib/postfix/sbin/master", "/usr/lib/postfix/sbin/pickup",
	"/usr/lib/postfix/sbin/postlogd", "/usr/lib/postfix/sbin/proxymap",
	"/usr/lib/postfix/sbin/qmgr", "/usr/lib/postfix/sbin/scache", "/usr/lib/postfix/sbin/showq",
	"/usr/lib/postfix/sbin/smtp", "/usr/lib/postfix/sbin/smtpd", "/usr/lib/postfix/sbin/tlsmgr",
	"/usr/lib/postfix/sbin/trivial-rewrite", "/usr/lib/postfix/sbin/verify",
	"/usr/lib/postfix/sbin/virtual",
	/* Dovecot looks for the programs of all its services, also of those that nobody calls. */
	"/usr/sbin/dovecot", "/usr/bin/doveconf", "/usr/lib/dovecot/aggregator",
	"/usr/lib/dovecot/anvil", "/usr/lib/dovecot/auth", "/usr/lib/dovecot/config",
	"/usr/lib/dovecot/dict", "/usr/lib/dovecot/director", "/usr/lib/dovecot/dns-client",
	"/usr/lib/dovecot/doveadm-server", "/usr/lib/dovecot/imap",
	"/usr/lib/dovecot/imap-hibernate", "/usr/lib/dovecot/imap-login",
	"/usr/lib/dovecot/imap-urlauth", "/usr/lib/dovecot/imap-urlauth-login",
	"/usr/lib/dovecot/imap-urlauth-worker", "/usr/lib/dovecot/indexer",
	"/usr/lib/dovecot/indexer-worker", "/usr/lib/dovecot/ipc", "/usr/lib/dovecot/lmtp",
	"/usr/lib/dovecot/log", "/usr/lib/dovecot/old-stats", "/usr/lib/dovecot/pop3",
	"/usr/lib/dovecot/pop3-login", "/usr/lib/dovecot/replicator", "/usr/lib/dovecot/script",
	"/usr/lib/dovecot/stats", "/usr/lib/dovecot/tcpwrap",
	/* Loaded by all that might speak TLS, also when they must not. */
	"/usr/lib/dovecot/modules/libssl_iostream_openssl.so", NULL };

/* Folders and owners as postfix-script's check makes them (postfix(1), conf/postfix-files), and the two programs. */
static bool services_write(const struct server_plan *plan, struct error *e)
{
	static const struct {
		const char *name;
		unsigned mode;
		const char *user, *group; /* NULL: root */
	} folders[] = { { "mail", 0700, PARTS_MAIL_USER, PARTS_MAIL_USER },
		{ "state", 0700, "postfix", NULL }, { "dv", 0755, NULL, NULL },
		{ "spool/postfix", 0755, NULL, NULL }, { "spool/postfix/pid", 0755, NULL, NULL },
		{ "spool/postfix/active", 0700, "postfix", NULL },
		{ "spool/postfix/bounce", 0700, "postfix", NULL },
		{ "spool/postfix/corrupt", 0700, "postfix", NULL },
		{ "spool/postfix/defer", 0700, "postfix", NULL },
		{ "spool/postfix/deferred", 0700, "postfix", NULL },
		{ "spool/postfix/flush", 0700, "postfix", NULL },
		{ "spool/postfix/hold", 0700, "postfix", NULL },
		{ "spool/postfix/incoming", 0700, "postfix", NULL },
		{ "spool/postfix/private", 0700, "postfix", NULL },
		{ "spool/postfix/saved", 0700, "postfix", NULL },
		{ "spool/postfix/trace", 0700, "postfix", NULL },
		{ "spool/postfix/maildrop", 01730, "postfix", "postdrop" },
		{ "spool/postfix/public", 02710, "postfix", "postdrop" } };
	char lines[COUNT(folders) + 2][SERVER_PATH_BYTES];
	const char *list[COUNT(folders) + 3] = { NULL };
	size_t count = 0;

	for (; count < COUNT(folders); count++)
		(void)snprintf(lines[count], sizeof lines[count], "folder %u:%u %04o %.400s/%s",
			folders[count].user == NULL ? 0 : parts_user(folders[count].user),
			folders[count].group == NULL ? 0 : parts_user(folders[count].group),
			folders[count].mode, plan->inside, folders[count].name);
	(void)snprintf(lines[count++], sizeof lines[0],
		"run 0:0 /usr/sbin/dovecot -F -c %.400s/dovecot.conf", plan->inside);
	(void)snprintf(lines[count++], sizeof lines[0],
		"run 0:0 /usr/lib/postfix/sbin/master -s -c %.400s/etc/postfix", plan->inside);
	for (size_t i = 0; i < count; i++)
		list[i] = lines[i];
	return parts_services(plan, list, e);
}

static bool postfix_prepare(
	const struct server_plan *plan, struct server_start *ret, struct error *e)
{
	char program[SERVER_PATH_BYTES];

	if (!parts_begin(plan, ret, e) || !dovecot_prepare(plan, ret, true, e) ||
		!parts_folder(plan, "etc/postfix", e) || !parts_folder(plan, "spool/postfix", e) ||
		!parts_folder(plan, "state", e) || !main_write(plan, e) || !master_write(plan, e) ||
		!mailboxes_write(plan, e))
		return false;
	server_program_path("/usr/sbin/postconf", plan->packages, program);
	const char *const words[] = { program, "-d", "-h", "mail_version", NULL };
	parts_version(ret, "postfix", words);
	(void)json_object_update_new(ret->facts,
		json_pack("{s:s, s:s}", "server_durability",
			"synced: queue file before the 250, sdbox file and its index by LMTP",
			"off",
			"limits of rate and connections, flow delay, name lookups, TLS, chroot"));
	if (plan->is_machine)
		return services_write(plan, e);
	(void)snprintf(ret->log, sizeof ret->log, "%.480s/log/mail.log", plan->folder);
	return parts_script(plan, ret,
		S("chown postfix \"$D/state\"\n" DOVECOT_COMMAND
		  "exec /usr/sbin/postfix start-fg\n"),
		e);
}

const struct server server_postfix = {
	.name = "postfix",
	.title = "Postfix and Dovecot",
	.log = &log_postfix,
	.probe = postfix_probe,
	.image_programs = image_programs,
	.prepare = postfix_prepare,
};
