/* SPDX-License-Identifier: MIT */
#include "lab/platform/words.h"

#include <stdarg.h>
#include <stdio.h>

void words_add(struct words *w, const char *format, ...)
{
	char word[WORDS_ONE_BYTES];
	va_list list;

	va_start(list, format);
	int length = vsnprintf(word, sizeof word, format, list);

	va_end(list);
	if (w->is_bad || w->count + 1 >= w->max || length >= (int)sizeof word) {
		w->is_bad = true;
		return;
	}
	w->list[w->count] = arena_text(w->arena, slice_of(word));
	if (w->list[w->count++] == NULL)
		w->is_bad = true;
}

bool words_end(struct words *w)
{
	w->list[w->count < w->max ? w->count : w->max - 1] = NULL;
	return !w->is_bad;
}
