/* SPDX-License-Identifier: MIT */
#pragma once
/* builtin - the experiments that need no file, beside `paper`; for builtin.c's list. */
#include "lab/experiment/experiment.h"

extern const struct experiment builtin_devices, builtin_filesystems, builtin_storage, builtin_tls,
	builtin_timeline, builtin_screen;
