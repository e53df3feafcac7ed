/* SPDX-License-Identifier: MIT */
#pragma once
/* list - the servers we have, one file each; for the table in server.c and for themselves. */
#include "lab/server/server.h"

extern const struct server server_postfix, server_exim, server_opensmtpd;
