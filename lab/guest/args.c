/* SPDX-License-Identifier: MIT */
#include "lab/guest/args.h"

#include "base/cursor.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { ADDRESS_BITS = 32 };

struct in_addr guest_netmask(unsigned prefix_bits)
{
	uint32_t bits = prefix_bits == 0 ? 0 : ~UINT32_C(0) << (ADDRESS_BITS - prefix_bits);

	return (struct in_addr){ htonl(bits) };
}

static bool address_read(struct slice text, struct in_addr *ret)
{
	char room[INET_ADDRSTRLEN];

	return slice_text(text, room, sizeof room) && inet_pton(AF_INET, room, ret) == 1;
}

static bool set_ip(struct guest_args *args, struct slice value)
{
	size_t slash = slice_find(value, '/');
	uint64_t prefix_bits = 0;

	if (slice_same(value, S("dhcp"))) {
		args->has_address = false;
		return true;
	}
	if (!address_read(slice_first(value, slash), &args->address) ||
		!slice_number(slice_skip(value, slash + 1), ADDRESS_BITS, &prefix_bits) ||
		prefix_bits == 0)
		return false;
	args->prefix_bits = (unsigned)prefix_bits;
	args->has_address = true;
	return true;
}

static bool set_gateway(struct guest_args *args, struct slice value)
{
	return address_read(value, &args->gateway);
}

static bool set_host(struct guest_args *args, struct slice value)
{
	return value.len > 0 && slice_text(value, args->host, sizeof args->host);
}

static bool set_disk(struct guest_args *args, struct slice value)
{
	if (slice_same(value, S("auto"))) {
		args->disk[0] = '\0';
		return true;
	}
	return slice_starts(value, S("/dev/")) && slice_text(value, args->disk, sizeof args->disk);
}

static bool set_log(struct guest_args *args, struct slice value)
{
	return slice_starts(value, S("/dev/")) && slice_text(value, args->log, sizeof args->log);
}

static bool set_modules(struct guest_args *args, struct slice value)
{
	args->has_modules = slice_same(value, S("yes"));
	return args->has_modules || slice_same(value, S("no"));
}

static bool set_setting(struct guest_args *args, struct slice value)
{
	if (args->set_count == GUEST_SET_COUNT || slice_find(value, '=') == value.len ||
		!slice_text(value, args->sets[args->set_count], GUEST_SET_BYTES))
		return false;
	args->set_count++;
	return true;
}

/* clang-format off */
static const struct guest_word {
	struct slice name;
	bool (*set)(struct guest_args *args, struct slice value);
	const char *form;
} words[] = {
	{ S_INIT("ip"),      set_ip,      "ADDRESS/PREFIX or dhcp" },
	{ S_INIT("gw"),      set_gateway, "ADDRESS" },
	{ S_INIT("host"),    set_host,    "NAME of at most 64 bytes" },
	{ S_INIT("disk"),    set_disk,    "/dev/NAME or auto" },
	{ S_INIT("log"),     set_log,     "/dev/NAME" },
	{ S_INIT("modules"), set_modules, "yes or no" },
	{ S_INIT("set"),     set_setting, "KEY=VALUE, at most 16 of 127 bytes" },
};
/* clang-format on */

static bool word_read(struct guest_args *args, struct slice word, struct error *e)
{
	size_t equals = slice_find(word, '=');
	struct slice name = slice_first(word, equals);

	for (size_t i = 0; i < COUNT(words); i++) {
		if (!slice_same(words[i].name, name))
			continue;
		if (words[i].set(args, slice_skip(word, equals + 1)))
			return true;
		return fail(e, FAULT_NEVER, "read kernel argument 'mailvisor.%.*s': not %s",
			S_FMT(word), words[i].form);
	}
	return fail(e, FAULT_NEVER, "read kernel argument 'mailvisor.%.*s': no such argument",
		S_FMT(word));
}

static bool is_word_byte(char byte)
{
	return byte != ' ' && byte != '\n' && byte != '\t';
}

static bool is_space(char byte)
{
	return !is_word_byte(byte);
}

bool guest_args_read(struct slice line, struct guest_args *ret, struct error *e)
{
	struct guest_args args = { .host = "mailvisor", .disk = "/dev/vda", .has_modules = true };
	struct cursor c = cursor_over(line);

	while (!cursor_at_end(&c)) {
		(void)cursor_while(&c, is_space);
		struct slice word = cursor_while(&c, is_word_byte);

		if (slice_starts(word, S("mailvisor.")) &&
			!word_read(&args, slice_skip(word, S("mailvisor.").len), e))
			return false;
	}
	*ret = args;
	return true;
}
