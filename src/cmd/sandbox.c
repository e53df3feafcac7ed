/* SPDX-License-Identifier: MIT */
#include "cmd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Read by libc while we run: names of hosts and users, the time zone, host entries. Read only.
 * /proc and /sys are there for the C library and the store to count processors and memory.
 */
static const char *const always_readable[] = { "/etc", "/usr", "/lib", "/lib64", "/proc", "/sys",
	"/dev", "/run/systemd/resolve" };

enum {
	/* Rights by the Landlock ABI that brought them; asking for unknown ones is refused. */
	LANDLOCK_READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	LANDLOCK_ABI_1 = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			 LANDLOCK_READ | LANDLOCK_ACCESS_FS_REMOVE_DIR |
			 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
			 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
			 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
			 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
	LANDLOCK_ABI_2 = 1 << 13, /* REFER: rename between directories */
	LANDLOCK_ABI_3 = 1 << 14, /* TRUNCATE */
	LANDLOCK_FILE_RIGHTS =
		LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ABI_3,
	LANDLOCK_NEVER = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
			 LANDLOCK_ACCESS_FS_MAKE_BLOCK,
};

static uint64_t rights_of(int abi)
{
	uint64_t rights = LANDLOCK_ABI_1;

	if (abi >= 2)
		rights |= LANDLOCK_ABI_2;
	if (abi >= 3)
		rights |= LANDLOCK_ABI_3;
	return rights;
}

/* A path that is not there, or empty, has nothing to allow. */
static bool allow(int rules, const char *path, uint64_t rights, struct error *e)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat status;

	if (path[0] != '/')
		return true;
	auto_fd fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return true;
	if (!S_ISDIR(status.st_mode))
		rule.allowed_access &= LANDLOCK_FILE_RIGHTS;
	rule.parent_fd = fd;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		return fail(e, FAULT_NEVER, "sandbox '%s': %m", path);
	return true;
}

static bool allow_all(
	int rules, uint64_t rights, const struct sandbox_path *paths, size_t count, struct error *e)
{
	for (size_t i = 0; i < COUNT(always_readable); i++)
		if (!allow(rules, always_readable[i], LANDLOCK_READ, e))
			return false;
	for (size_t i = 0; i < count; i++)
		if (!allow(rules, paths[i].path,
			    paths[i].may_write ? rights & ~(uint64_t)LANDLOCK_NEVER : LANDLOCK_READ,
			    e))
			return false;
	return true;
}

/* False with an empty *e: the kernel has none. */
static bool enter_landlock(
	const struct sandbox_path *paths, size_t count, int *ret_abi, struct error *e)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attributes = { 0 };

	if (abi < 1)
		return false;
	attributes.handled_access_fs = rights_of((int)abi);
	auto_fd rules =
		(int)syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
	if (rules < 0)
		return fail(e, FAULT_NEVER, "make a Landlock rule set: %m");
	if (!allow_all(rules, attributes.handled_access_fs, paths, count, e))
		return false;
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		return fail(e, FAULT_NEVER, "enter Landlock: %m");
	*ret_abi = (int)abi;
	return true;
}

/*
 * What an intruder would want and a mail server never does. A list of what is forbidden, not of what is
 * allowed: the C library, OpenSSL and RocksDB change what they call from release to release, and a
 * server that dies of a new harmless call in an upgrade would soon run without any filter.
 */
static const int forbidden[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(open_tree),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(personality),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(open_by_handle_at),
};

/*
 * Threads, but no processes. clone3() has its flags in memory, where a filter cannot look: answering ENOSYS
 * makes the C library take clone().
 */
static int forbid_processes(scmp_filter_ctx filter)
{
	int failure = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	return failure < 0 ? failure
			   : seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
}

static void filter_free(scmp_filter_ctx *filter)
{
	if (*filter != NULL)
		seccomp_release(*filter);
}

/* False with an empty *e: the kernel has none. */
static bool enter_seccomp(struct error *e)
{
	ON_EXIT(filter_free) scmp_filter_ctx filter = NULL;

	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0)
		return false;
	filter = seccomp_init(SCMP_ACT_ALLOW);
	if (filter == NULL)
		return fail(e, FAULT_LATER, "make a seccomp filter: out of memory");
	for (size_t i = 0; i < COUNT(forbidden); i++) {
		int failure =
			forbidden[i] < 0 ? 0 : /* not on this machine's architecture */
				seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);

		if (failure < 0)
			return fail(e, FAULT_NEVER, "seccomp rule %zu: error %d", i, -failure);
	}
	int failure = forbid_processes(filter);
	if (failure == 0)
		failure = seccomp_load(filter);
	if (failure < 0)
		return fail(e, FAULT_NEVER, "load the seccomp filter: error %d", -failure);
	return true;
}

bool sandbox_enter(const struct sandbox_path *paths, size_t count, bool is_needed,
	struct buf *ret_text, struct error *e)
{
	int abi = 0;

#ifdef MAILVISOR_SANITIZED
	/* The leak checker traces its own process at the end. */
	if (!is_needed)
		return buf_add(ret_text, S("none:sanitizer"));
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(e, FAULT_NEVER, "give up new privileges: %m");
	bool has_landlock = enter_landlock(paths, count, &abi, e);
	if (e->fault != FAULT_NONE)
		return false;
	bool has_seccomp = enter_seccomp(e);
	if (e->fault != FAULT_NONE)
		return false;
	if (is_needed && !(has_landlock && has_seccomp))
		return fail(e, FAULT_NEVER,
			"sandbox: the kernel has no %s; sandbox=auto goes without",
			has_landlock ? "seccomp" : "Landlock");
	return buf_add(ret_text, S("no_new_privs")) &&
	       (!has_landlock || buf_add_format(ret_text, " landlock:%d", abi)) &&
	       (!has_seccomp || buf_add(ret_text, S(" seccomp")));
}
