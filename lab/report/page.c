/* SPDX-License-Identifier: MIT */
#include "lab/report/page.h"

#include "lab/files/file.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void put(struct page *p, const char *format, ...)
{
	va_list words;
	char *text = NULL;

	va_start(words, format);
	int len = vasprintf(&text, format, words);
	va_end(words);
	if (len < 0) {
		p->is_broken = true;
		return;
	}
	put_slice(p, (struct slice){ text, (size_t)len });
	free(text);
}

void put_slice(struct page *p, struct slice s)
{
	p->text.max = PAGE_BYTES_MAX;
	p->is_broken = p->is_broken || !buf_add(&p->text, s);
}

void put_text(struct page *p, struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		switch (s.at[i]) {
		case '<':
			put_slice(p, S("&lt;"));
			break;
		case '>':
			put_slice(p, S("&gt;"));
			break;
		case '&':
			put_slice(p, S("&amp;"));
			break;
		case '"':
			put_slice(p, S("&quot;"));
			break;
		default:
			put_slice(p, (struct slice){ s.at + i, 1 });
		}
	}
}

void put_csv(struct page *p, const char *text)
{
	put_slice(p, S("\""));
	for (; *text != '\0'; text++)
		put_slice(p, *text == '"' ? S("\"\"") : (struct slice){ text, 1 });
	put_slice(p, S("\""));
}

void put_real(struct page *p, double value)
{
	if (isinf(value))
		put(p, ",inf");
	else if (isnan(value))
		put(p, ",");
	else
		put(p, ",%.6g", value);
}

bool page_save(struct page *p, const char *folder, const char *name, struct error *e)
{
	char path[PATH_MAX];
	bool is_good = path_join(folder, name, path, e);

	if (is_good && p->is_broken)
		is_good = fail(e, FAULT_LATER, "write '%s': more than %d bytes, or no memory", path,
			PAGE_BYTES_MAX);
	is_good = is_good && file_put(path, buf_slice(&p->text), e);
	buf_done(&p->text);
	*p = (struct page){ .is_broken = false };
	return is_good;
}
