/* SPDX-License-Identifier: MIT */
#pragma once
/* style - the report's typography: one column, readable on a phone and on paper, no script. */
extern const char report_style[];
