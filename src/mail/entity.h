/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * entity - what accounts and aliases have in common as rows of the store: they share the names of a domain. Only for
 * account*.c and alias.c. All functions want the directory's turn.
 */
#include "mail/directory_parts.h"

#define auto_turn ON_EXIT(directory_turn_drop) struct directory

/* One that is to be written. */
struct entity_row {
	struct name name;
	struct id domain;
	struct key partition;
	struct slice value; /* in an arena of the caller */
	enum entity_kind kind;
	bool is_quick;           /* its password should be strengthened */
	bool becomes_postmaster; /* of its domain, in the same transaction */
};

/* The name and the domain of an address that is to be added; the domain must exist and be no alias. */
enum change entity_place(struct directory *d, const char *what, struct slice address,
	struct arena *a, struct name *ret_name, struct domain_row *ret_domain, struct error *e);
/* What the store has under the row's name. */
MUST_CHECK bool entity_fresh(struct directory *d, struct id domain, const struct name *name,
	struct arena *a, struct entity *ret, uint64_t *ret_version, struct error *e);

/* Adds many in one transaction; sorts the rows. */
enum change entity_add_rows(
	struct directory *d, struct entity_row *rows, size_t count, struct error *e);
/* Writes one over what is there at `version`; was_quick is how it was before. */
enum change entity_set_row(struct directory *d, const struct entity_row *row, uint64_t version,
	bool was_quick, struct error *e);
/* Removes one; an account's id joins those whose mail is still to be removed. */
enum change entity_remove_row(struct directory *d, const struct entity_row *row, uint64_t version,
	const struct id *account, struct error *e);
