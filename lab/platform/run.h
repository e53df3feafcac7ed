/* SPDX-License-Identifier: MIT */
#pragma once
/* run - moved to lab/files, where the image's builder needs it too. */
#include "lab/files/run.h"
