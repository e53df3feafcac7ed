# SPDX-License-Identifier: MIT
"""VirtualBox for real where it cannot run: a machine of software emulation whose processor has virtualisation (AMD-V)
loads VirtualBox's own kernel module, and the lab's driver deploys a machine on it. It proves that the driver works; its
times say nothing. It also shows what VirtualBox does with flushes, when it is asked to make them and when it is not. Ten to
twenty minutes, and a gigabyte of packages once: `make check-virtualbox`.

    virtualbox_real.py CACHE DEPLOY MAILVISOR_LAB MAILVISOR

What it needs is kept in CACHE: a chroot with VirtualBox of Debian sid, from the mirror that apt has here, and the module
built for this machine's kernel for virtual machines.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

SKIPPED = 77
WAIT_S, STILL_S = 3600, 900
PACKAGES = "virtualbox,virtualbox-dkms,ca-certificates,fdisk,dosfstools,mtools,syslinux,syslinux-common,systemd-boot-efi," \
    "e2fsprogs,qemu-utils,iproute2,kmod,mount"
TOOLS = {"mmdebstrap": "mmdebstrap", "qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs", "make": "make", "gcc": "gcc"}
INIT = """#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts /work/asked /work/unasked; mount -t tmpfs shm /dev/shm; mount -t devpts pts /dev/pts
mount -t tmpfs tmp /tmp; mount -t tmpfs run /run
ip link set lo up
insmod /vboxdrv.ko || echo "virtualbox: no module"
# VBoxManage starts the server by itself, but waits for it no longer than an emulated machine may need.
/usr/lib/virtualbox/VBoxSVC >/dev/null 2>&1 &
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do /usr/lib/virtualbox/VBoxManage list vms >/dev/null 2>&1 && break; done
flushes() { set -- $(cat /sys/block/nvme0n1/stat); echo "virtualbox: flushes of this machine's own disk: ${16}"; }
run() { # WORK, and lines on standard input
    echo "virtualbox: begin $1 $(cut -d' ' -f1 /proc/uptime)"; flushes
    MAILVISOR_CPUS=1 MAILVISOR_MEMORY=256 MAILVISOR_DISK=64 MAILVISOR_DEADLINE=2400 \\
        /opt/lib/ld-linux-x86-64.so.2 --library-path /opt/lib /opt/deploy virtualbox /opt/mailvisor /image $1 \\
        alice@a.example secret-of-alice
    echo "virtualbox: status $? $(cut -d' ' -f1 /proc/uptime)"; flushes
    cat $1/console.log
    echo "virtualbox: machines:"
    /usr/lib/virtualbox/VBoxManage list vms
    echo "virtualbox: end $1"
}
run /work/asked </lines
: >/unasked
echo durability | run /work/unasked
echo o >/proc/sysrq-trigger
sleep 60
"""
# Under software emulation the inner machine stops at its first instruction unless nested paging is off; the driver does not
# and should not know that, so it is put in between, where the machine is started.
# What VirtualBox does with flushes when it is not asked to make them is seen with the setting left out.
MANAGE = """#!/bin/sh
[ "$1" = setextradata ] && [ -e /unasked ] && exit 0
[ "$1" = unregistervm ] && grep -h 'lushes will be' /work/*/machine/*/Logs/VBox.log | sed 's/^/virtualbox: log: /' >/dev/console
[ "$1" = startvm ] && /usr/lib/virtualbox/VBoxManage.real modifyvm "$2" --nested-paging off
exec /usr/lib/virtualbox/VBoxManage.real "$@"
"""
LINES = "durability\nsnapshot one\nrevert one\ncut\nboot\n"


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


def costs(what, begin):
    print(f"{what}: {time.monotonic() - begin:.0f} s", flush=True)


def run(*words, **more):
    done = subprocess.run(words, check=False, text=True, capture_output=True, **more)
    assert done.returncode == 0, (words, done.stdout[-1500:], done.stderr[-3000:])
    return done.stdout


def version_of(kernel):
    return kernel.name.removeprefix("vmlinuz-")


def headers_of(version):
    return pathlib.Path("/lib/modules") / version / "build"


def mirror():
    sites = run("apt-get", "indextargets", "--format", "$(SITE) $(COMPONENT)").splitlines()
    mains = [line.split()[0] for line in sites if line.endswith(" main") and "security" not in line]
    return mains[0] if mains else skip("apt has no mirror of Debian here")


def chroot_make(cache):
    root = cache / "root"
    if (cache / "root.done").exists():
        return root
    shutil.rmtree(root, ignore_errors=True)
    run("mmdebstrap", "--variant=apt", "--mode=root", "--components=main contrib", "--aptopt=APT::Install-Recommends \"false\"",
        "--aptopt=Acquire::Check-Valid-Until \"false\"", f"--include={PACKAGES}", "sid", root, mirror(), timeout=1800)
    (cache / "root.done").touch()
    return root


def module_make(cache, root, version):
    module = cache / f"vboxdrv-{version}.ko"
    if module.exists():
        return module
    [source] = root.glob("usr/src/virtualbox-*")
    work = cache / "module"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work, symlinks=True)
    run("make", "-C", headers_of(version), f"M={work}", "modules", timeout=1800)
    run("strip", "-g", work / "vboxdrv/vboxdrv.ko", "-o", module)
    return module


def libraries(program):
    return set(re.findall(r"(/\S+) \(0x", subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout))


def tree_make(cache, root, kernel, version, deploy, lab, server):
    """The chroot with everything of ours in it, as a disk."""
    for place in ("opt/lib", "image", "boot", "lib/modules"):
        (root / place).mkdir(parents=True, exist_ok=True)
    for library in libraries(deploy):
        shutil.copyfile(library, root / "opt/lib" / os.path.basename(library))
    (root / "opt/lib/ld-linux-x86-64.so.2").chmod(0o755)
    for source, target in ((deploy, "opt/deploy"), (server, "opt/mailvisor"), (kernel, f"boot/{kernel.name}"),
                           (module_make(cache, root, version), "vboxdrv.ko")):
        shutil.copyfile(source, root / target)
        (root / target).chmod(0o755)
    shutil.copytree(f"/lib/modules/{version}", root / "lib/modules" / version, dirs_exist_ok=True, symlinks=True,
                    ignore=shutil.ignore_patterns("build", "source"))
    shutil.rmtree(root / "image")
    run(lab, "image", "build", "--out", root / "image", "--server", server, timeout=120)
    manage = root / "usr/lib/virtualbox/VBoxManage"
    if not (manage.parent / "VBoxManage.real").exists():
        manage.rename(manage.parent / "VBoxManage.real")
    for path, text in ((manage, MANAGE), (root / "init", INIT), (root / "lines", LINES)):
        path.write_text(text)
        path.chmod(0o755)
    disk = cache / "disk.ext4"
    disk.unlink(missing_ok=True)
    disk.touch()
    os.truncate(disk, 3 << 30)
    run("mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=1,nodiscard", "-d", root, disk, timeout=600)
    return disk


def outer_run(cache, kernel, disk):
    console = cache / "console.log"
    with open(console, "wb") as out, subprocess.Popen(
            ["qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2560",
             "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-kernel", kernel, "-append",
             "console=ttyS0 quiet panic=-1 nokaslr mitigations=off cryptomgr.notests random.trust_cpu=on tsc=reliable "
             "no_timer_check root=/dev/nvme0n1 rootfstype=ext4 rw init=/init",
             "-drive", f"if=none,id=d,file={disk},format=raw,snapshot=on,cache=unsafe", "-device", "nvme,drive=d,serial=root"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out) as qemu:
        begin = changed = time.monotonic()
        size = 0
        while qemu.poll() is None:
            time.sleep(1)
            if console.stat().st_size != size:
                size, changed = console.stat().st_size, time.monotonic()
            if time.monotonic() - changed > STILL_S or time.monotonic() - begin > WAIT_S:
                qemu.kill()
    return console.read_text(errors="replace").replace("\r", "")


def part(said, name):
    """What one deployment said: its answers, and how often the emulated machine's own disk was flushed for it."""
    said = said[said.index(f"virtualbox: begin {name}"):said.index(f"virtualbox: end {name}")]
    answers = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert "virtualbox: status 0" in said and not [a for a in answers if "error" in a], said[-6000:]
    assert "mailvisor-lab-" not in said[said.index("virtualbox: machines:"):], "a machine is left: " + said[-500:]
    log = re.findall(r"^virtualbox: log: (.*)", said, re.M)
    before, after = map(int, re.findall(r"own disk: (\d+)", said))
    print(f"{name}: {after - before} flushes of the machine's disk; log: {log or 'nothing'}")
    return answers


def check(said):
    answers = part(said, "/work/asked")
    assert len(answers) == 1 + LINES.count("\n"), answers
    facts = answers[0]["facts"]
    assert facts["hypervisor"] == "VirtualBox" and facts["version"].startswith("7"), facts
    assert facts["virtualbox"]["nictype1"].lower() == "virtio", facts
    print(f"VirtualBox {facts['version']} inside software emulation: {answers[0]['stages_ms']}")
    assert [line.split("lushes will be ")[1] for line in facts["log_flush"]] == [
        "ignored", "passed to the disk", "passed to the disk", "passed to the disk"], facts
    assert answers[1]["class"] == "honest", answers[1]
    print(f"asked for flushes: {answers[1]}")
    print(f"snapshot, revert, cut: {[a['ms'] for a in answers[2:5]]} ms; booted again: {answers[5]['stages_ms']}")
    [_, unasked] = part(said, "/work/unasked")
    assert unasked["class"] == "ignored", unasked
    print(f"not asked for them: {unasked}")


def main():
    cache = pathlib.Path(sys.argv[1]).resolve()
    deploy, lab, server = map(os.path.abspath, sys.argv[2:])
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    kernels = [k for k in sorted(pathlib.Path("/boot").glob("vmlinuz-*-cloud-amd64")) if headers_of(version_of(k)).exists()]
    lacks = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if os.geteuid() != 0 or lacks or not kernels:
        skip(f"not root, no cloud kernel with its headers (linux-image-cloud-amd64, linux-headers-cloud-amd64), or missing {lacks}")
    cache.mkdir(parents=True, exist_ok=True)
    version = version_of(kernels[-1])
    begin = time.monotonic()
    root = chroot_make(cache)
    costs("chroot", begin)
    begin = time.monotonic()
    disk = tree_make(cache, root, kernels[-1], version, deploy, lab, server)
    costs("module, image and disk", begin)
    begin = time.monotonic()
    said = outer_run(cache, kernels[-1], disk)
    costs("the emulated machine", begin)
    check(said)


main()
