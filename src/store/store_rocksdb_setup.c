/* SPDX-License-Identifier: MIT */
#include "store/store_rocksdb.h"

/*
 * Memory: an idle server is to stay small, a busy one must not flush for every handful of mails. A
 * full blob buffer is about 800 mails of 10 KB; each flush costs about six syncs.
 */
enum {
	MEMORY_BYTES_DEFAULT = 16 << 20,
	BLOCK_BYTES = 4 << 10,
	ARENA_BYTES = 256 << 10, /* a memtable grows in such steps */
	OPEN_FILES = 256,        /* of table and blob files; the rest is opened on demand */
	WAL_BYTES = 32 << 20,    /* what a start after a crash has to read at most */
	LOG_BYTES = 256 << 10,   /* RocksDB's own log file, two of them */
	MANIFEST_BYTES = 4 << 20,
	BLOB_FILE_BYTES = 64 << 20,
	BLOB_RESTART_KEYS = 4, /* keys compared one by one in a lookup */
	L0_FILES = 4,
	BLOOM_BITS = 10, /* 1 % false positives */
};

static void setup_database(
	rocksdb_options_t *o, const struct store_options *options, uint64_t memory)
{
	rocksdb_options_set_create_if_missing(o, options->may_create && !options->is_read_only);
	rocksdb_options_set_create_missing_column_families(
		o, options->may_create && !options->is_read_only);
	rocksdb_options_set_paranoid_checks(o, 1);
	rocksdb_options_set_max_total_wal_size(o, WAL_BYTES);
	rocksdb_options_set_db_write_buffer_size(o, (size_t)(memory - memory / 4));
	rocksdb_options_set_max_open_files(o, OPEN_FILES);
	rocksdb_options_set_table_cache_numshardbits(o, 2);
	rocksdb_options_set_max_file_opening_threads(o, 1); /* not 16, each for a file or two */
	rocksdb_options_set_max_background_jobs(o, 2);      /* one flush, one compaction */
	rocksdb_options_set_max_manifest_file_size(o, MANIFEST_BYTES);
	rocksdb_options_set_avoid_unnecessary_blocking_io(o, 1);
	/* One writer at a time, our queue's leader: nothing to gain from these. */
	rocksdb_options_set_allow_concurrent_memtable_write(o, 0);
	rocksdb_options_set_enable_write_thread_adaptive_yield(o, 0);
	/* Nothing that reads or computes at open or on a timer. */
	rocksdb_options_set_skip_stats_update_on_db_open(o, 1);
	rocksdb_options_set_skip_checking_sst_file_sizes_on_db_open(o, 1);
	rocksdb_options_set_stats_dump_period_sec(o, 0);
	rocksdb_options_set_stats_persist_period_sec(o, 0);
	rocksdb_options_set_info_log_level(o, 3); /* errors */
	rocksdb_options_set_max_log_file_size(o, LOG_BYTES);
	rocksdb_options_set_keep_log_file_num(o, 2);
	rocksdb_options_set_is_fd_close_on_exec(o, 1);
}

/* Blobs are only ever looked up: their small blocks have an index for that. Rows are walked too. */
static void setup_tables(rocksdb_options_t *o, rocksdb_cache_t *cache, enum rocks_family family)
{
	rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();

	rocksdb_block_based_options_set_block_cache(t, cache);
	rocksdb_block_based_options_set_block_size(t, BLOCK_BYTES);
	rocksdb_block_based_options_set_cache_index_and_filter_blocks(t, 1);
	rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(t, 1);
	rocksdb_block_based_options_set_filter_policy(
		t, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
	if (family == FAMILY_BLOBS) {
		rocksdb_block_based_options_set_block_restart_interval(t, BLOB_RESTART_KEYS);
		rocksdb_block_based_options_set_data_block_index_type(
			t, rocksdb_block_based_table_data_block_index_type_binary_search_and_hash);
	}
	rocksdb_block_based_options_set_format_version(t, 5);
	rocksdb_options_set_block_based_table_factory(o, t);
	rocksdb_block_based_options_destroy(t);
	rocksdb_options_set_level0_file_num_compaction_trigger(o, L0_FILES);
	rocksdb_options_set_arena_block_size(o, ARENA_BYTES);
	rocksdb_options_set_max_write_buffer_number(o, 3);
	rocksdb_options_set_compression(o, rocksdb_no_compression);
}

/*
 * Bodies: written once at flush, and once more only when so many of their neighbours were dropped
 * that a compaction comes by. No compression: it would cost more than the rest of the commit.
 */
static void setup_blobs(rocksdb_options_t *o)
{
	rocksdb_options_set_enable_blob_files(o, 1);
	rocksdb_options_set_min_blob_size(o, ROCKS_BLOB_MIN_BYTES);
	rocksdb_options_set_blob_file_size(o, BLOB_FILE_BYTES);
	rocksdb_options_set_blob_compression_type(o, rocksdb_no_compression);
	rocksdb_options_set_enable_blob_gc(o, 1);
	rocksdb_options_set_blob_gc_age_cutoff(o, 0.5);
	rocksdb_options_set_blob_gc_force_threshold(o, 0.5);
}

/*
 * What the C interface has no function for. The hint: the memtable remembers for each beginning of 12 bytes where it last
 * put a row, and begins to look there: a third less work of all that a commit is. 12 bytes tell folders from each other
 * and, in the partitions of timelines, kinds of rows and quarters of seconds.
 */
static bool setup_by_text(rocksdb_options_t **options, struct error *e)
{
	static const char text[] = "avoid_flush_during_recovery=true;max_bgerror_resume_count=0;"
				   "memtable_insert_with_hint_prefix_extractor="
				   "rocksdb.FixedPrefix.12";
	rocksdb_options_t *made = rocksdb_options_create();
	char *message = NULL;

	rocksdb_get_options_from_string(*options, text, made, &message);
	if (message != NULL) {
		(void)fail(e, FAULT_NEVER, "options of the store: %s", message);
		rocksdb_free(message);
		rocksdb_options_destroy(made);
		return false;
	}
	rocksdb_options_destroy(*options);
	*options = made;
	return true;
}

bool rocks_setup_init(
	struct rocks_setup *setup, const struct store_options *options, struct error *e)
{
	uint64_t memory = options->memory_bytes == 0 ? MEMORY_BYTES_DEFAULT : options->memory_bytes;

	setup->cache = rocksdb_cache_create_lru((size_t)(memory / 4));
	for (enum rocks_family i = FAMILY_ROWS; i < FAMILY_COUNT; i++) {
		setup->families[i] = rocksdb_options_create();
		setup_tables(setup->families[i], setup->cache, i);
	}
	rocksdb_options_set_write_buffer_size(setup->families[FAMILY_ROWS], (size_t)(memory / 8));
	rocksdb_options_set_write_buffer_size(setup->families[FAMILY_BLOBS], (size_t)(memory / 2));
	setup_blobs(setup->families[FAMILY_BLOBS]);
	setup_database(setup->families[FAMILY_ROWS], options, memory);
	setup->synced = rocksdb_writeoptions_create();
	rocksdb_writeoptions_set_sync(setup->synced, 1);
	setup->lazy = rocksdb_writeoptions_create();
	setup->read = rocksdb_readoptions_create();
	/* Records have our own checksum, over the key too: one pass is enough. */
	rocksdb_readoptions_set_verify_checksums(setup->read, 0);
	return setup_by_text(&setup->families[FAMILY_ROWS], e);
}

void rocks_setup_done(struct rocks_setup *setup)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		rocksdb_options_destroy(setup->families[i]);
	rocksdb_writeoptions_destroy(setup->synced);
	rocksdb_writeoptions_destroy(setup->lazy);
	rocksdb_readoptions_destroy(setup->read);
	rocksdb_cache_destroy(setup->cache);
}
