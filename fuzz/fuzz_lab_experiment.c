/* SPDX-License-Identifier: MIT */
/* The text of an experiment; what was read is printed, and reads back as the same. */
#include "fuzz.h"
#include "lab/experiment/experiment.h"

#include <string.h>

enum { TEXT_BYTES = 16 << 10 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct experiment x, y;
	auto_buf text = { .max = TEXT_BYTES };
	auto_buf first = { .max = EXPERIMENT_FILE_BYTES_MAX };
	auto_buf second = { .max = EXPERIMENT_FILE_BYTES_MAX };
	struct error e = { .fault = FAULT_NONE };
	struct slice input = fuzz_input(data, size);

	/* libconfuse includes files on request; that is no grammar of ours. */
	if (memmem(input.at, input.len, "include", 7) != NULL || !buf_add(&text, input) ||
		!buf_add_byte(&text, '\0'))
		return 0;
	if (!experiment_parse(text.at, &x, &e)) {
		invariant(e.fault != FAULT_NONE && e.text[0] != '\0');
		return 0;
	}
	invariant(experiment_print(&x, &first) && buf_add_byte(&first, '\0'));
	invariant(experiment_parse(first.at, &y, &e) && experiment_print(&y, &second));
	invariant(buf_add_byte(&second, '\0') && slice_same(buf_slice(&first), buf_slice(&second)));
	return 0;
}
