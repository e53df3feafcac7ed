/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * virtualbox_read - what VBoxManage prints, read: text to values, nothing else.
 *
 * Machine-readable lines are KEY=VALUE, with quotes around keys and values that are no plain words;
 * lines of other forms stand between them (" rec_screen0", the wrapper's warning) and are passed over.
 * Learned from the output of 7.2.
 */
#include "base/slice.h"

enum { VIRTUALBOX_UUID_BYTES = 37 };

struct virtualbox_entry {
	struct slice name, uuid;
};

/* The value of `key` in `showvminfo --machinereadable`, without its quotes. */
MUST_CHECK bool virtualbox_value(struct slice text, struct slice key, struct slice *ret);
/* "UUID: …" of createvm. */
MUST_CHECK bool virtualbox_uuid(struct slice text, char ret[VIRTUALBOX_UUID_BYTES]);
/* The next line "NAME" {UUID} of `list vms`; takes it from *rest. */
MUST_CHECK bool virtualbox_entry_next(struct slice *rest, struct virtualbox_entry *ret);
/* The first complaint of a failed command, without "VBoxManage: error: "; "" when it made none. */
struct slice virtualbox_complaint(struct slice text);
/* Major number in "7.2.22_Debianr175245"; 0 when there is none. */
unsigned virtualbox_major(struct slice text);
/* Does a machine with this VMState have a process? */
bool virtualbox_is_live(struct slice state);
