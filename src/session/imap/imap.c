/* SPDX-License-Identifier: MIT */
#include "session/imap/change.h"
#include "session/imap/fetch.h"
#include "session/imap/metadata.h"
#include "session/imap/place.h"
#include "session/imap/push.h"
#include "session/imap/search.h"

#include "base/limits.h"

#include <stdlib.h>

enum {
	ANY = IMAP_STRANGER | IMAP_KNOWN | IMAP_SELECTED,
	LOGGED_IN = IMAP_KNOWN | IMAP_SELECTED,
};

enum {
	UID = 1u << 0,    /* also as UID … */
	WRITES = 1u << 1, /* needs a mailbox selected for writing */
	SHIFTS = 1u
		 << 2, /* its answer may hold EXPUNGE: no message number of it is still under way */
	ENDS_PIPE = 1u << 3,  /* the client must wait for this answer, so it leaves at once */
	STREAMS = 1u << 4,    /* reads its messages itself: gets the first line only */
	NUMBERLESS = 1u << 5, /* names no message, also without UID: RFC 9586 lets it pass */
};

/*
 * The protocol. RFC 9051 7.5.1: EXPUNGE must not come while FETCH, STORE or SEARCH are answered, for a client may have sent
 * the next of them already; with UID they are other commands. `refused` are the words for a wrong state.
 */
/* clang-format off */
static const struct command {
	struct slice     name;
	unsigned         states;
	unsigned         flags;
	imap_command_fn *run;
} commands[] = {
	{ S_INIT("CAPABILITY"),   ANY,           SHIFTS,             imap_capability },
	{ S_INIT("NOOP"),         ANY,           SHIFTS,             imap_noop },
	{ S_INIT("LOGOUT"),       ANY,           ENDS_PIPE,          imap_logout },
	{ S_INIT("ID"),           ANY,           SHIFTS,             imap_identify },
	{ S_INIT("STARTTLS"),     IMAP_STRANGER, ENDS_PIPE,          imap_starttls },
	{ S_INIT("LOGIN"),        IMAP_STRANGER, 0,                  imap_login },
	{ S_INIT("AUTHENTICATE"), IMAP_STRANGER, ENDS_PIPE,          imap_authenticate },
	{ S_INIT("UNAUTHENTICATE"), LOGGED_IN,   ENDS_PIPE,          imap_unauthenticate },
	{ S_INIT("ENABLE"),       LOGGED_IN,     SHIFTS,             imap_enable },
	{ S_INIT("NAMESPACE"),    LOGGED_IN,     SHIFTS,             imap_namespace },
	{ S_INIT("SELECT"),       LOGGED_IN,     0,                  imap_select },
	{ S_INIT("EXAMINE"),      LOGGED_IN,     0,                  imap_examine },
	{ S_INIT("CREATE"),       LOGGED_IN,     SHIFTS,             imap_create },
	{ S_INIT("DELETE"),       LOGGED_IN,     SHIFTS,             imap_delete },
	{ S_INIT("RENAME"),       LOGGED_IN,     SHIFTS,             imap_rename },
	{ S_INIT("SUBSCRIBE"),    LOGGED_IN,     SHIFTS,             imap_subscribe },
	{ S_INIT("UNSUBSCRIBE"),  LOGGED_IN,     SHIFTS,             imap_unsubscribe },
	{ S_INIT("LIST"),         LOGGED_IN,     SHIFTS,             imap_list },
	{ S_INIT("LSUB"),         LOGGED_IN,     SHIFTS,             imap_lsub },
	{ S_INIT("STATUS"),       LOGGED_IN,     SHIFTS,             imap_status },
	{ S_INIT("SETACL"),       LOGGED_IN,     SHIFTS,             imap_setacl },
	{ S_INIT("DELETEACL"),    LOGGED_IN,     SHIFTS,             imap_deleteacl },
	{ S_INIT("GETACL"),       LOGGED_IN,     SHIFTS,             imap_getacl },
	{ S_INIT("LISTRIGHTS"),   LOGGED_IN,     SHIFTS,             imap_listrights },
	{ S_INIT("MYRIGHTS"),     LOGGED_IN,     SHIFTS,             imap_myrights },
	{ S_INIT("GETMETADATA"),  LOGGED_IN,     SHIFTS,             imap_getmetadata },
	{ S_INIT("SETMETADATA"),  LOGGED_IN,     SHIFTS,             imap_setmetadata },
	{ S_INIT("GETQUOTA"),     LOGGED_IN,     SHIFTS,             imap_getquota },
	{ S_INIT("GETQUOTAROOT"), LOGGED_IN,     SHIFTS,             imap_getquotaroot },
	{ S_INIT("SETQUOTA"),     LOGGED_IN,     SHIFTS,             imap_setquota },
	{ S_INIT("COMPRESS"),     LOGGED_IN,     SHIFTS,             imap_compress },
	{ S_INIT("APPEND"),       LOGGED_IN,     SHIFTS | STREAMS,   imap_append },
	{ S_INIT("REPLACE"),      IMAP_SELECTED, SHIFTS|WRITES|UID|STREAMS, imap_replace },
	{ S_INIT("IDLE"),         LOGGED_IN,     SHIFTS,             imap_idle },
	{ S_INIT("NOTIFY"),       LOGGED_IN,     SHIFTS,             imap_notify },
	{ S_INIT("CHECK"),        IMAP_SELECTED, SHIFTS,             imap_noop },
	{ S_INIT("CLOSE"),        IMAP_SELECTED, 0,                  imap_close },
	{ S_INIT("UNSELECT"),     IMAP_SELECTED, 0,                  imap_unselect },
	{ S_INIT("EXPUNGE"),      IMAP_SELECTED, SHIFTS|WRITES|UID|NUMBERLESS, imap_expunge },
	{ S_INIT("FETCH"),        IMAP_SELECTED, UID,                imap_fetch },
	{ S_INIT("STORE"),        IMAP_SELECTED, WRITES | UID,       imap_store },
	{ S_INIT("SEARCH"),       IMAP_SELECTED, UID,                imap_search },
	{ S_INIT("SORT"),         IMAP_SELECTED, UID,                imap_sort },
	{ S_INIT("THREAD"),       IMAP_SELECTED, UID,                imap_thread },
	{ S_INIT("ESEARCH"),      LOGGED_IN,     UID | NUMBERLESS,   imap_esearch },
	{ S_INIT("CANCELUPDATE"), IMAP_SELECTED, SHIFTS,             imap_cancelupdate },
	{ S_INIT("COPY"),         IMAP_SELECTED, SHIFTS | UID,       imap_copy },
	{ S_INIT("MOVE"),         IMAP_SELECTED, SHIFTS|WRITES|UID,  imap_move },
};
/* clang-format on */

static const struct command *command_find(struct slice name)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (slice_same_nocase(commands[i].name, name))
			return &commands[i];
	return NULL;
}

void imap_become(struct imap *s, enum imap_state state)
{
	s->state = state;
}

/* Why a command does not run; no text: it does. */
struct refusal {
	struct slice text;
	bool is_no; /* it is NO, not BAD */
};

static struct refusal wrong_state(const struct imap *s, const struct command *c)
{
	if (s->state == IMAP_STRANGER)
		return (struct refusal){ S("Log in first"), false };
	if (c->states == IMAP_STRANGER)
		return (struct refusal){ S("Already logged in"), false };
	return (struct refusal){ S("Select a mailbox first"), false };
}

/* The columns. */
static struct refusal command_refusal(
	const struct imap *s, const struct command *c, const struct imap_line *line)
{
	if (c == NULL)
		return (struct refusal){ S("That command is not known here"), false };
	if (line->is_uid && (c->flags & UID) == 0)
		return (struct refusal){ S("That command has no UID form"), false };
	if ((c->states & s->state) == 0)
		return wrong_state(s, c);
	if ((c->flags & (UID | NUMBERLESS)) == UID && !line->is_uid && imap_is_uid_only(s))
		return (struct refusal){ S("[UIDREQUIRED] UIDONLY is enabled: say UID before it"),
			false };
	if ((c->flags & WRITES) != 0 && imap_is_read_only(s))
		return (struct refusal){ S("[READ-ONLY] The mailbox is open for reading only"),
			true };
	return (struct refusal){ S(""), false };
}

static enum next refuse(struct imap *s, struct refusal why)
{
	return why.is_no ? imap_no(s, why.text) : imap_bad(s, why.text);
}

static enum next command_run(struct imap *s, const struct command *c, const struct imap_line *line)
{
	enum next next;

	s->is_uid = line->is_uid;
	s->may_expunge = (c->flags & SHIFTS) != 0 || line->is_uid;
	if (c->states == IMAP_SELECTED && !imap_rights_renew(s))
		next = imap_bye(s, S("The selected mailbox may not be read any more"));
	else
		next = c->run(s, line->args);
	if ((c->flags & ENDS_PIPE) != 0 && next != NEXT_CLOSE && !conn_flush(s->client.conn))
		return NEXT_CLOSE;
	return next;
}

/* Memory of the command before goes; what stays is small. */
static bool command_begin(struct imap *s, struct slice first)
{
	arena_reset(&s->arena);
	buf_clear(&s->text);
	s->tag = S("");
	s->may_expunge = s->tells_own = false;
	s->parse = (struct imap_parse){ .arena = &s->arena, .is_utf8 = imap_is_utf8(s) };
	return buf_add(&s->text, first);
}

static bool line_split(struct imap *s, struct imap_line *ret)
{
	bool is_good = imap_line_split(&s->parse, buf_slice(&s->text), ret);

	if (s->tag.len == 0 && ret->tag.len > 0)
		s->tag = arena_copy(&s->arena, ret->tag);
	return is_good;
}

/* A message that comes unasked is no command: it is read over, but not for strangers. */
static enum next stream_refuse(struct imap *s, struct refusal why)
{
	return imap_read_over(s, buf_slice(&s->text)) ? refuse(s, why) : NEXT_CLOSE;
}

/*
 * A literal that the client announces is not asked for when the command will not run anyway. What comes unasked
 * has to be read first.
 */
static enum next imap_command(struct imap *s, struct slice first)
{
	struct imap_line line = { .tag = S("") };
	const struct command *c;
	struct refusal why = { .is_no = false };
	bool is_line, streams;

	if (!command_begin(s, first))
		return NEXT_CLOSE;
	is_line = line_split(s, &line);
	c = is_line ? command_find(line.name) : NULL;
	if (is_line)
		why = command_refusal(s, c, &line);
	else
		why.text = slice_of(s->parse.why);
	streams = c != NULL && (c->flags & STREAMS) != 0;
	if (why.text.len == 0 && streams)
		return command_run(s, c, &line);
	if (why.text.len > 0 && imap_line_literal(first).is_sync)
		return refuse(s, why);
	if (streams && s->state != IMAP_STRANGER)
		return stream_refuse(s, why);
	switch (imap_read_rest(s, buf_slice(&s->text))) {
	case IMAP_READ_DONE:
		break;
	case IMAP_READ_REFUSED:
		return NEXT_AGAIN;
	case IMAP_READ_CLOSE:
		return NEXT_CLOSE;
	}
	if (why.text.len > 0)
		return refuse(s, why);
	return line_split(s, &line) ? command_run(s, c, &line)
				    : imap_bad(s, slice_of(s->parse.why));
}

/* ---- The session ---- */

static enum next imap_event(struct imap *s, enum client_event event, struct slice line)
{
	s->tag = event == CLIENT_COMMAND ? s->tag : S("");
	switch (event) {
	case CLIENT_COMMAND:
		return s->idle_tag == NULL ? imap_command(s, line) : imap_idle_line(s, line);
	case CLIENT_BARE:
		return imap_bad(s, S("A line ends with CRLF and has no other CR or LF"));
	case CLIENT_TOO_LONG:
		return imap_bad(s, S("Line too long"));
	case CLIENT_TIMEOUT:
		client_count(&s->client, COUNT_TIMEOUTS);
		return imap_bye(s, S("Logged out after a long silence"));
	case CLIENT_REVOKED:
		return imap_bye(s, S("[CONTACTADMIN] This account is disabled"));
	case CLIENT_DRAIN:
		return imap_bye(s, S("[UNAVAILABLE] The server is stopping, try again later"));
	case CLIENT_GONE:
		imap_note_garbled(s);
		break;
	case CLIENT_QUIET:
		break;
	}
	return NEXT_CLOSE;
}

/* A silent client keeps its list of messages and nothing else. */
static enum next imap_park(struct imap *s)
{
	arena_done(&s->arena);
	buf_done(&s->text);
	buf_done(&s->out);
	imap_note_fetched(s);
	free(s->fetched);
	s->fetched = NULL;
	if (s->state == IMAP_SELECTED)
		entry_page_done(&s->view.page);
	s->tag = S("");
	return client_park(&s->client);
}

static void imap_answered(struct imap *s)
{
	client_answered(&s->client);
	if (s->state != IMAP_STRANGER && s->client.host->idle_wait_ms < IMAP_IDLE_WAIT_MS)
		s->client.idle_until_ns +=
			(IMAP_IDLE_WAIT_MS - s->client.host->idle_wait_ms) * NS_PER_MS;
}

/* Pipelined answers leave together, but that of a long command does not wait for the commands behind it. */
static enum next answer_leaves(struct imap *s, enum next next, uint64_t began_ns)
{
	struct client *c = &s->client;
	bool was_long =
		clock_mono_ns(c->host->clock) - began_ns >= IMAP_LONG_COMMAND_MS * NS_PER_MS;

	return next == NEXT_AGAIN && was_long && !conn_flush(c->conn) ? NEXT_CLOSE : next;
}

static enum next imap_step(struct work *w, enum wake why)
{
	struct imap *s = (struct imap *)w;
	struct client *c = &s->client;
	struct slice line = S("");
	uint64_t began_ns;
	enum client_event event;
	enum next next;

	if (!c->is_greeted && why != WAKE_DRAIN && imap_greet(s) == NEXT_CLOSE)
		return NEXT_CLOSE;
	if (imap_is_pushed(s) && !imap_push_news(s))
		return NEXT_CLOSE;
	/* In IDLE nobody answers in a moment; and whoever waits here for that would not hear of a change meanwhile. */
	if (imap_is_pushed(s) && (why == WAKE_CALLED || why == WAKE_NEW) && conn_may_park(c->conn))
		return imap_park(s);
	event = client_command(c, why, IMAP_LINE_BYTES, &line);
	if (event == CLIENT_QUIET)
		return imap_park(s);
	began_ns = clock_mono_ns(c->host->clock);
	next = imap_event(s, event, line);
	imap_answered(s);
	return answer_leaves(s, next, began_ns);
}

static void imap_end(struct work *w)
{
	struct imap *s = (struct imap *)w;

	imap_note_fetched(s);
	free(s->fetched);
	imap_forget(s);
	arena_done(&s->arena);
	buf_done(&s->text);
	buf_done(&s->out);
	client_done(&s->client);
	free(s);
}

bool imap_session_new(struct session_host *h, struct session_service service, struct conn *conn,
	struct work **ret, struct error *e)
{
	struct imap *s = calloc(1, sizeof *s);

	if (s == NULL) {
		conn_close(conn);
		return fail(e, FAULT_LATER, "begin a session: out of memory");
	}
	s->client.work = (struct work){ .step = imap_step, .end = imap_end };
	s->state = IMAP_STRANGER;
	s->arena.max = LIMIT_ARENA_BYTES;
	s->text.max = LIMIT_IMAP_COMMAND_BYTES + IMAP_LINE_BYTES;
	s->out.max = IMAP_OUT_MAX_BYTES;
	s->watcher.wake = imap_wake;
	client_init(&s->client, h, service, conn);
	*ret = &s->client.work;
	return true;
}
