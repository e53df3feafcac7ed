/* SPDX-License-Identifier: MIT */
/* What the writers write, the readers of commands read back. */
#include "base/limits.h"
#include "fuzz.h"
#include "syntax/imap_command.h"
#include "syntax/imap_text.h"

static void check_login(struct slice s, bool is_utf8)
{
	auto_arena arena = { .max = LIMIT_ARENA_BYTES };
	struct imap_parse p = { .arena = &arena };
	auto_buf text = { .max = 1 << 20 }, line = { .max = 1 << 20 };
	struct imap_login login;

	invariant(imap_text_astring(&text, s, is_utf8) && buf_add(&text, S(" ")));
	invariant(imap_text_string(&text, s, is_utf8));
	if (slice_find(s, '\0') == s.len) {
		invariant(imap_login_parse(&p, buf_slice(&text), &login));
		invariant(slice_same(login.user, s) && slice_same(login.password, s));
	}
	invariant(imap_text_line(&line, s, is_utf8));
	invariant(!fuzz_has_control(buf_slice(&line)) && line.len <= s.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = fuzz_input(data, size);
	struct imap_literal literal = imap_line_literal(s);

	if (size > 1 << 16)
		return 0;
	invariant(literal.kind == IMAP_LITERAL_NONE || s.at[s.len - 1] == '}');
	check_login(s, false);
	check_login(s, true);
	return 0;
}
