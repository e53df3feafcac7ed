/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * external - a server that somebody else started, as a platform: any mail server can be measured.
 *
 * Its account must exist. "Deploying" it is connecting to it, so it has no deployment time, and one
 * boot serves all trials: the report says so. One target at a time: external_aim() before deploy.
 */
#include "lab/platform/platform.h"

#define EXTERNAL_PREFIX "external:"

extern const struct platform platform_external;

/* spec: "external:HOST:SMTP-PORT:POP3-PORT[:IMAP-PORT]", HOST an address, IPv6 in brackets. */
MUST_CHECK bool external_aim(struct slice spec, struct error *e);
/* platform_find() for platforms of the list and for external ones, which it aims. */
MUST_CHECK bool platform_choose(const char *driver, const struct platform **ret, struct error *e);
