/* SPDX-License-Identifier: MIT */
#pragma once
/* report - the bytes of a bounce: text for people, message/delivery-status for programs, the mail or its header. */
#include "deliver/bounce.h"
#include "mail/intake.h"

enum {
	LIMIT_REPORT_BYTES = 128 << 10,  /* text and status of a thousand recipients */
	LIMIT_RETURNED_BYTES = 64 << 10, /* of the mail itself, when RET=FULL asks for it */
};

struct report {
	const struct bounce *bounce;
	const bool *wishes; /* recipients it is about */
	struct id id;       /* of the bounce */
};
MUST_CHECK bool report_write(const struct report *r, struct intake *into, struct error *e);
