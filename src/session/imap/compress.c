/* SPDX-License-Identifier: MIT */
#include "session/imap/imap.h"

#include "syntax/imap_command.h"

/*
 * COMPRESS, RFC 4978: DEFLATE begins behind the tagged answer. The state of both directions is the conn's, which gives it back
 * while the client is silent (net/zstream.h). Nothing below us ever compresses, so only a second COMPRESS meets one.
 */
enum next imap_compress(struct imap *s, struct slice args)
{
	struct conn *conn = s->client.conn;
	struct slice mechanism;

	if (!imap_word_parse(&s->parse, args, &mechanism))
		return imap_misparsed(s);
	if (!slice_same_nocase(mechanism, S("DEFLATE")))
		return imap_bad(s, S("The one mechanism is DEFLATE"));
	if (conn_is_deflated(conn))
		return imap_bad(s, S("[COMPRESSIONACTIVE] DEFLATE is active already"));
	if (imap_ok(s, S("DEFLATE active")) == NEXT_CLOSE)
		return NEXT_CLOSE;
	return conn_start_deflate(conn) ? NEXT_AGAIN : NEXT_CLOSE;
}
