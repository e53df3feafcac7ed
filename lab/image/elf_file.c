/* SPDX-License-Identifier: MIT */
#include "lab/image/elf_file.h"

#include <elf.h>
#include <string.h>

enum { XEN_PHYS32_ENTRY = 18 };

static bool header_read(struct slice file, Elf64_Ehdr *ret)
{
	if (file.len < sizeof *ret)
		return false;
	memcpy(ret, file.at, sizeof *ret);
	return memcmp(ret->e_ident, ELFMAG, SELFMAG) == 0 && ret->e_ident[EI_CLASS] == ELFCLASS64 &&
	       ret->e_phentsize == sizeof(Elf64_Phdr) && ret->e_phoff <= file.len &&
	       ret->e_phnum <= (file.len - ret->e_phoff) / sizeof(Elf64_Phdr);
}

/*
 * A note segment is a row of headers, each with a name and a body padded to four bytes. Xen's number 18
 * holds the address at which a PVH guest starts (xen/include/public/elfnote.h).
 */
static bool notes_have_pvh(struct slice notes)
{
	Elf64_Nhdr note;

	while (notes.len >= sizeof note) {
		memcpy(&note, notes.at, sizeof note);
		size_t name = ((size_t)note.n_namesz + 3) / 4 * 4,
		       body = ((size_t)note.n_descsz + 3) / 4 * 4;

		notes = slice_skip(notes, sizeof note);
		if (note.n_type == XEN_PHYS32_ENTRY && slice_starts(notes, S("Xen")))
			return true;
		notes = slice_skip(notes, name + body);
	}
	return false;
}

bool elf_read(struct slice file, struct elf_view *ret)
{
	struct elf_view view = { .loader = S("") };
	Elf64_Ehdr head;

	if (!header_read(file, &head))
		return false;
	view.run_bytes = head.e_phoff + head.e_phnum * sizeof(Elf64_Phdr);
	for (size_t i = 0; i < head.e_phnum; i++) {
		Elf64_Phdr part;

		memcpy(&part, file.at + head.e_phoff + i * sizeof part, sizeof part);
		if (part.p_filesz > file.len || part.p_offset > file.len - part.p_filesz)
			return false;
		if (part.p_offset + part.p_filesz > view.run_bytes)
			view.run_bytes = part.p_offset + part.p_filesz;
		if (part.p_type == PT_NOTE)
			view.has_pvh |= notes_have_pvh(
				(struct slice){ file.at + part.p_offset, part.p_filesz });
		if (part.p_type == PT_INTERP) {
			view.loader = (struct slice){ file.at + part.p_offset, part.p_filesz };
			view.loader = slice_first(view.loader, slice_find(view.loader, '\0'));
		}
	}
	*ret = view;
	return true;
}

size_t elf_cut(char *file, const struct elf_view *view)
{
	Elf64_Ehdr head;

	memcpy(&head, file, sizeof head);
	head.e_shoff = 0;
	head.e_shnum = 0;
	head.e_shstrndx = SHN_UNDEF;
	memcpy(file, &head, sizeof head);
	return view->run_bytes;
}
