/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb.h"

/* A size of the log over which RocksDB empties it into tables first: always, so that little is copied. */
enum { FLUSH_ALWAYS = 0 };

bool rocks_copy_store(struct store *s, const char *path, struct error *e)
{
	struct rocks *r = rocks_of(s);
	rocksdb_checkpoint_t *checkpoint;
	char *message = NULL;

	ROCKS_READING(r);
	if (!rocks_is_open(r, e))
		return false;
	checkpoint = rocksdb_checkpoint_object_create(r->db, &message);
	if (message != NULL)
		return rocks_fail(r, e, FAULT_LATER, "begin a copy", message);
	rocksdb_checkpoint_create(checkpoint, path, FLUSH_ALWAYS, &message);
	rocksdb_checkpoint_object_destroy(checkpoint);
	return message == NULL || rocks_fail(r, e, FAULT_LATER, "copy", message);
}
