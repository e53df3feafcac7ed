/* SPDX-License-Identifier: MIT */
#pragma once
/* version - of the lab; meson.build's project version is handed in when it is built there. */
#ifndef LAB_VERSION
#define LAB_VERSION "0.1.0"
#endif
