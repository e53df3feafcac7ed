# SPDX-License-Identifier: MIT
"""The drivers of VirtualBox and VMware against stubs of VBoxManage and vmrun (stub_*.py) that run the machines as QEMUs
of the same shape. It proves the driver's side: what it asks for, in which order, that the disk it makes boots there
and serves mail, that an answer of failure is passed on, that nothing is left, also after kill -9. Not that the real
programs take it: no VirtualBox or VMware is at hand.

    hypervisor_test.py virtualbox|vmware DEPLOY MAILVISOR_LAB MAILVISOR
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from xml.etree import ElementTree

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
ACCOUNTS = ["alice@a.example", "secret-of-alice", "bob@b.example", "secret-of-bob"]
TOOLS = {"sfdisk", "mkfs.fat", "mmd", "mcopy", "syslinux", "qemu-img", "qemu-system-x86_64", "mke2fs", "unshare"}
FILES = {"/usr/lib/syslinux/mbr/gptmbr.bin", "/usr/lib/systemd/boot/efi/systemd-bootx64.efi",
         "/usr/share/OVMF/OVMF_CODE_4M.fd"}
# VirtualBox: a /dev with the module's device, for this program only. VMware: a network where the guest's address is ours (and no
# connection's source, or the guest would take it for its own).
AROUND = {
    "virtualbox": ("VBoxManage", "stub_vboxmanage.py", "startvm", "has terminated unexpectedly during startup",
                   ["unshare", "-m", "sh", "-ec", "mount -t tmpfs dev \"$0\"; "
                    "cp -a /dev/null /dev/zero /dev/random /dev/urandom \"$0\"; "
                    ": >\"$0/vboxdrv\"; mount --bind \"$0\" /dev; exec \"$@\""]),
    "vmware": ("vmrun", "stub_vmrun.py", "start", "The virtual machine cannot be powered on",
               ["unshare", "-n", "sh", "-ec", "ip link set lo up; ip address add 10.0.2.15/32 dev lo; "
                "ip route replace local 10.0.2.15 dev lo src 127.0.0.1 table local; exec \"$@\""]),
}


class Bench:
    def __init__(self, platform, base, deploy, lab, server):
        self.program, stub, self.verb, self.complaint, self.around = AROUND[platform]
        self.platform, self.base, self.deploy, self.server = platform, base, deploy, server
        self.state, bin_path = base / "state", base / "bin"
        self.state.mkdir()
        bin_path.mkdir()
        (base / "dev").mkdir()
        (bin_path / self.program).write_text(f"#!/bin/sh\nexec {sys.executable} {HERE / stub} \"$@\"\n")
        (bin_path / self.program).chmod(0o755)
        self.environment = dict(os.environ, PATH=f"{bin_path}:{os.environ['PATH']}", STUB_STATE=str(self.state))
        subprocess.run([lab, "image", "build", "--out", base / "image", "--server", server], check=True, timeout=60,
                       stdout=subprocess.DEVNULL)

    def start(self, name, **more):
        work = self.base / name
        work.mkdir()
        lab = subprocess.Popen(
            self.around + [str(self.base / "dev"), self.deploy, self.platform, self.server, self.base / "image", work] + ACCOUNTS,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(self.environment, **more))
        return work, lab, lab.stdout.readline()

    def kept(self):
        return json.loads((self.state / "state.json").read_text())

    def running(self):
        """Processes of the machines that the stub started and did not end."""
        found = []
        for comm in pathlib.Path("/proc").glob("[0-9]*/comm"):
            try:
                if comm.read_text().strip() in ("VBoxHeadless", "vmware-vmx") and str(self.state) in (
                        comm.parent / "cmdline").read_text():
                    found.append(int(comm.parent.name))
            except OSError:
                pass
        return found


def left(work):
    return sorted(p.name for p in work.iterdir() if p.suffix != ".log")


def check_failure(bench):
    work, lab, line = bench.start("failing", STUB_FAILS=bench.verb)
    _, errors = lab.communicate(timeout=60)
    assert line == "" and lab.returncode == 1 and bench.complaint in errors, (line, lab.returncode, errors)
    assert bench.kept()["machines"] == {} and bench.running() == [] and left(work) == [], (bench.kept(), left(work))
    print(f"failure: {errors.strip()}")


def deployed(bench, name):
    work, lab, line = bench.start(name)
    if line == "":
        logs = "\n".join(p.read_text(errors="replace") for p in [*work.glob("*.log"), *bench.state.glob("*.log")])
        raise AssertionError(f"status {lab.wait()}: {lab.stderr.read()}\n{logs}")
    return work, lab, json.loads(line)


def check_facts(facts):
    for key in ("hypervisor", "disk", "flush", "network", "proof", "guest_kernel", "image_sha256"):
        assert facts["facts"][key], (key, facts)
    assert ("not on an installation" in facts["facts"]["proof"]) == (facts["facts"]["hypervisor"] == "VMware"), facts
    assert facts["has_usage"] and facts["cpu_ns"] > 0 and facts["memory_bytes"] > 0, facts
    assert {"spawn", "init", "network", "disk", "server", "banner", "ready"} <= set(facts["stages_ms"]), facts


def check_virtualbox(bench, facts):
    assert [line.split("lushes will be ")[1] for line in facts["log_flush"]] == [
        "ignored", "passed to the disk", "passed to the disk", "passed to the disk"], facts
    assert facts["virtualbox"]["nictype1"] == "virtio" and facts["virtualbox"]["storagecontrollertype0"] == "PIIX4", facts
    words = [word for call in bench.kept()["calls"] if call[0] != "createvm" for word in call if "/" not in word]
    assert not any(word.startswith("mailvisor-lab-") for word in words), "a machine is addressed by its UUID"


def check_vmware(bench):
    """What the .vmx says to a reader that we did not write: libvirt's, which asks vmware and vmrun who they are."""
    if shutil.which("virsh") is None:
        print("not asked: there is no virsh to read the .vmx")
        return
    programs = bench.base / "programs"
    programs.mkdir()
    for name, said in (("vmware", "VMware Workstation 17.6.3 build-24583834"), ("vmrun", "Total running VMs: 0")):
        (programs / name).write_text(f"#!/bin/sh\necho '{said}'\n")
        (programs / name).chmod(0o755)
    [vmx] = bench.base.glob("first/machine/*.vmx")
    done = subprocess.run(["virsh", "-c", "vmwarews:///session", "domxml-from-native", "vmware-vmx", vmx], capture_output=True,
                          text=True, check=False, timeout=60, env=dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}"))
    assert done.returncode == 0, done
    domain = ElementTree.fromstring(done.stdout)
    assert domain.get("type") == "vmware" and int(domain.find("vcpu").text) == 2, done.stdout
    assert int(domain.find("memory").text) == 512 << 10 and domain.find("os").get("firmware") == "efi", done.stdout
    assert domain.find("devices/interface/model").get("type") == "vmxnet3", done.stdout
    assert domain.find("devices/controller[@type='scsi']").get("model") == "vmpvscsi", done.stdout
    assert domain.find("devices/serial/source").get("path").endswith("/first/console.log"), done.stdout
    assert [d.find("source").get("file") for d in domain.iter("disk")][-1].endswith("/data.vmdk"), done.stdout
    print("libvirt reads the .vmx as it was meant")


def mail(lab, facts, mark):
    subprocess.run(["nsenter", f"--net=/proc/{lab.pid}/ns/net", sys.executable, HERE / "mail_client.py", "send", facts["host"],
                    str(facts["smtp"]), str(facts["pop3"]), mark], check=True, timeout=60)


def marks(lab, facts):
    return subprocess.run(["nsenter", f"--net=/proc/{lab.pid}/ns/net", sys.executable, HERE / "mail_client.py", "list",
                           facts["host"], str(facts["smtp"]), str(facts["pop3"]), "-"], check=True, timeout=60,
                          capture_output=True, text=True).stdout.split()


def ask(lab, line):
    lab.stdin.write(line + "\n")
    lab.stdin.flush()
    return json.loads(lab.stdout.readline())


def check_states(lab, facts, mark):
    """A snapshot and the way back, and the power cut: mail that came before is there."""
    for time_ in ("first", "second"):  # one of the same name is replaced
        answer = ask(lab, "snapshot one")
        assert "error" not in answer, (time_, answer)
    subprocess.run(["nsenter", f"--net=/proc/{lab.pid}/ns/net", sys.executable, HERE / "mail_client.py", "post", facts["host"],
                    str(facts["smtp"]), str(facts["pop3"]), "later"], check=True, timeout=60)
    assert marks(lab, facts) == [mark, "later"]
    for line, wanted in (("revert one", [mark]), ("cut", None), ("boot", [mark])):
        answer = ask(lab, line)
        assert "error" not in answer, (line, answer)
        assert wanted is None or marks(lab, facts) == wanted, line
    assert "error" in ask(lab, "revert none")


def check_life(bench):
    """Deploys, kills the lab, and deploys again: the second finds what the first left."""
    _, lab, facts = deployed(bench, "first")
    print(json.dumps({"first_220_ms": facts["first_220_ms"], "facts": facts["facts"]}))
    check_facts(facts)
    if bench.platform == "virtualbox":
        check_virtualbox(bench, facts["facts"])
    else:
        check_vmware(bench)
    lab.send_signal(signal.SIGKILL)
    lab.wait()
    orphans = bench.running()
    assert len(orphans) == 1 and len(bench.kept()["machines"]) == 1, "a stub's machine survives the lab"
    work, lab, facts = deployed(bench, "second")
    assert len(bench.running()) == 1 and bench.running() != orphans, "the first machine is still there"
    assert len(bench.kept()["machines"]) == 1, bench.kept()["machines"]
    mail(lab, facts, f"mark-{bench.platform}")
    check_states(lab, facts, f"mark-{bench.platform}")
    assert "error" not in ask(lab, "boot")
    _, errors = lab.communicate(timeout=60)
    assert lab.returncode == 0 and errors == "", (lab.returncode, errors)
    assert bench.running() == [] and bench.kept()["machines"] == {} and left(work) == [], (bench.running(), left(work))
    console = (work / "console.log").read_text(errors="replace")
    assert ("state=off" in console) == (bench.platform == "virtualbox"), console


def check_move(bench, lab):
    """A server from a process into such a machine, whose disk is a VDI or VMDK, and back."""
    work = bench.base / "move"
    work.mkdir()
    done = subprocess.run(
        bench.around + [str(bench.base / "dev"), lab, "move", "process", bench.platform, "process", "--mails", "6", "--work", work,
                        "--image", bench.base / "image", "--server", bench.server],
        capture_output=True, text=True, env=bench.environment, timeout=280)
    assert done.returncode == 0 and done.stdout.count(" 0 missing, 0 altered, 0 renumbered") == 2, done.stdout + done.stderr
    assert done.stdout.count("of which 0 lost, 0 altered, 0 twice") == 2, done.stdout
    assert bench.running() == [] and bench.kept()["machines"] == {} and list(work.iterdir()) == []
    print(done.stdout)


def main():
    platform, deploy, lab, server = sys.argv[1:]
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [t for t in sorted(TOOLS) if shutil.which(t) is None] + [f for f in sorted(FILES) if not os.path.exists(f)]
    if os.geteuid() != 0 or missing or not list(pathlib.Path("/boot").glob("vmlinuz-*-cloud-amd64")):
        print(f"skipped: not root, no cloud kernel, or missing {missing}")
        sys.exit(SKIPPED)
    if os.path.exists("/usr/lib/virtualbox/VBoxManage") and platform == "virtualbox":
        print("skipped: a real VirtualBox is installed")
        sys.exit(SKIPPED)
    with tempfile.TemporaryDirectory(prefix="mailvisor-hypervisor-") as directory:
        bench = Bench(platform, pathlib.Path(directory), deploy, lab, server)
        begin = time.monotonic()
        try:
            check_failure(bench)
            check_life(bench)
            check_move(bench, lab)
        finally:
            for pid in bench.running():
                os.kill(pid, signal.SIGKILL)
        print(f"all in {time.monotonic() - begin:.1f} s, {len(bench.kept()['calls'])} calls")


main()
