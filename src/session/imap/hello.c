/* SPDX-License-Identifier: MIT */
#include "session/imap/imap.h"

#include "base/log.h"
#include "session/login.h"
#include "syntax/imap_command.h"

#include <inttypes.h>

enum next imap_greet(struct imap *s)
{
	struct client *c = &s->client;

	c->is_greeted = true;
	if (c->service.is_implicit_tls && !client_secure(c))
		return NEXT_CLOSE;
	imap_put(s, S("* OK ["));
	imap_put_capabilities(s);
	imap_put_format(s, "] %s Mailvisor IMAP\r\n", c->host->name);
	return imap_push(s) ? NEXT_AGAIN : NEXT_CLOSE;
}

/* ---- CAPABILITY ---- */

static bool may_start_tls(const struct imap *s)
{
	return s->state == IMAP_STRANGER && client_may_start_tls(&s->client) &&
	       !conn_is_deflated(s->client.conn);
}

static bool may_log_in(const struct imap *s)
{
	return s->state == IMAP_STRANGER && client_may_login(&s->client);
}

static bool may_not_log_in(const struct imap *s)
{
	return s->state == IMAP_STRANGER && !client_may_login(&s->client);
}

static bool is_known(const struct imap *s)
{
	return s->state != IMAP_STRANGER;
}

static bool may_compress(const struct imap *s)
{
	return s->state != IMAP_STRANGER && !conn_is_deflated(s->client.conn);
}

/* What works for this connection at this moment. NULL: always. */
static const struct {
	struct slice words;
	bool (*is_true)(const struct imap *s);
} capabilities[] = {
	{ S_INIT("IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE"), NULL },
	{ S_INIT(" STARTTLS"), may_start_tls },
	{ S_INIT(" AUTH=PLAIN AUTH=LOGIN"), may_log_in },
	{ S_INIT(" LOGINDISABLED"), may_not_log_in },
	{ S_INIT(" IDLE UNSELECT UIDPLUS MOVE NAMESPACE CHILDREN SPECIAL-USE CREATE-SPECIAL-USE"),
		is_known },
	{ S_INIT(" LIST-EXTENDED LIST-STATUS STATUS=SIZE CONDSTORE QRESYNC ESEARCH SEARCHRES"),
		is_known },
	{ S_INIT(" WITHIN SORT SORT=DISPLAY ESORT PARTIAL BINARY MULTIAPPEND UTF8=ACCEPT"),
		is_known },
	{ S_INIT(" THREAD=ORDEREDSUBJECT THREAD=REFERENCES CONTEXT=SEARCH CONTEXT=SORT "
		 "MULTISEARCH"),
		is_known },
	{ S_INIT(" ACL RIGHTS=texk LIST-MYRIGHTS METADATA LIST-METADATA NOTIFY OBJECTID SAVEDATE "
		 "PREVIEW UNAUTHENTICATE "
		 "QUOTA QUOTA=RES-STORAGE "
		 "QUOTA=RES-MESSAGE QUOTASET"),
		is_known },
	{ S_INIT(" COMPRESS=DEFLATE"), may_compress },
	{ S_INIT(" CATENATE REPLACE UIDONLY INPROGRESS"), is_known },
};

void imap_put_capabilities(struct imap *s)
{
	imap_put(s, S("CAPABILITY "));
	for (size_t i = 0; i < COUNT(capabilities); i++)
		if (capabilities[i].is_true == NULL || capabilities[i].is_true(s))
			imap_put(s, capabilities[i].words);
	if (is_known(s))
		imap_put_format(s, " APPENDLIMIT=%" PRIu64, s->client.host->message_bytes_max);
}

enum next imap_capability(struct imap *s, struct slice args)
{
	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	imap_put(s, S("* "));
	imap_put_capabilities(s);
	imap_put(s, S("\r\n"));
	return imap_ok(s, S("That is all"));
}

/* RFC 5161: what we do not know is passed over, and so is what is on already. */
enum next imap_enable(struct imap *s, struct slice args)
{
	static const struct {
		struct slice name;
		unsigned bits;
	} rows[] = {
		{ S_INIT("IMAP4rev2"), IMAP_ENABLED_REV2 },
		{ S_INIT("UTF8=ACCEPT"), IMAP_ENABLED_UTF8 },
		{ S_INIT("CONDSTORE"), IMAP_ENABLED_CONDSTORE },
		{ S_INIT("QRESYNC"), IMAP_ENABLED_QRESYNC | IMAP_ENABLED_CONDSTORE },
		{ S_INIT("UIDONLY"), IMAP_ENABLED_UIDONLY },
	};
	struct imap_names names;
	unsigned added = 0;

	if (!imap_enable_parse(&s->parse, args, &names))
		return imap_misparsed(s);
	imap_put(s, S("* ENABLED"));
	for (size_t n = 0; n < names.count; n++)
		for (size_t i = 0; i < COUNT(rows); i++) {
			if (!slice_same_nocase(names.at[n], rows[i].name) ||
				((s->enabled | added) & rows[i].bits) == rows[i].bits)
				continue;
			added |= rows[i].bits;
			imap_put(s, S(" "));
			imap_put(s, rows[i].name);
		}
	imap_put(s, S("\r\n"));
	if ((added & IMAP_ENABLED_CONDSTORE) != 0)
		imap_condstore(s);
	s->enabled |= added;
	return imap_ok(s, S("Enabled"));
}

/* ---- ID, RFC 2971: told to people who look into the log, and to nobody else ---- */

static struct slice id_value(const struct imap_id *id, struct slice name)
{
	for (size_t i = 0; i < id->count; i++)
		if (slice_same_nocase(id->at[i].name, name) && id->at[i].value.at != NULL)
			return id->at[i].value;
	return S("");
}

enum next imap_identify(struct imap *s, struct slice args)
{
	struct imap_id id;

	if (!imap_id_parse(&s->parse, args, &id))
		return imap_misparsed(s);
	if (id.count > 0)
		log_event(LOG_LEVEL_INFO, "imap.id", LOG_TEXT("peer", conn_peer(s->client.conn)),
			LOG_TEXT("name", id_value(&id, S("name"))),
			LOG_TEXT("version", id_value(&id, S("version"))));
	imap_put(s, S("* ID (\"name\" \"Mailvisor\")\r\n"));
	return imap_ok(s, S("Pleased to meet you"));
}

/* RFC 2342: one's own mailboxes, and those of others; see place.h. */
enum next imap_namespace(struct imap *s, struct slice args)
{
	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	imap_put(s, S("* NAMESPACE ((\"\" \"/\")) ((\"Other Users/\" \"/\")) NIL\r\n"));
	return imap_ok(s, S("That is all"));
}

/* What changed stands before the tagged answer, as with every command. */
enum next imap_noop(struct imap *s, struct slice args)
{
	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	return imap_ok(s, S("Done"));
}

enum next imap_logout(struct imap *s, struct slice args)
{
	if (!imap_none_parse(&s->parse, args))
		return imap_misparsed(s);
	imap_put(s, S("* BYE Goodbye\r\n"));
	imap_forget(s);
	(void)imap_ok(s, S("Logged out"));
	return NEXT_CLOSE;
}
