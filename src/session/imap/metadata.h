/* SPDX-License-Identifier: MIT */
#pragma once
/* metadata - what METADATA's commands and LIST have in common. */
#include "mail/metadata.h"
#include "session/imap/imap.h"
#include "syntax/imap_metadata.h"

enum next imap_getmetadata(struct imap *s, struct slice args);
enum next imap_setmetadata(struct imap *s, struct slice args);
/* May somebody with these rights see entries? */
bool imap_metadata_may(unsigned rights);
/* "* METADATA name (…)" of what is asked for; *longest grows to the longest value that MAXSIZE left out. */
MUST_CHECK bool imap_put_metadata(struct imap *s, const struct metadata_of *of,
	struct slice mailbox, const struct imap_metadata_ask *ask, uint64_t *longest,
	struct error *e);
/* The tagged OK, with LONGENTRIES when something was left out. */
enum next imap_metadata_done(struct imap *s, uint64_t longest);
