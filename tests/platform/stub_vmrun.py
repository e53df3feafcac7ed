# SPDX-License-Identifier: MIT
"""A vmrun for tests, by the grammar of its usage text. It reads the .vmx as VMware would, refuses keys it does not know,
and runs the machine as a QEMU of the same shape: UEFI, NVMe, pvscsi, vmxnet3. The guest's address is QEMU's 10.0.2.15,
which the test gives to its own loopback, with the three ports led into the guest."""
import pathlib
import re
import shutil
import subprocess
import sys

import stub_machine as stub

FIRMWARE, VARIABLES = "/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"
MUST = {"config.version": "8", "virtualHW.version": "19", "guestOS": "other5xlinux-64", "firmware": "efi",
        "pciBridge0.present": "TRUE", "pciBridge4.present": "TRUE", "pciBridge4.virtualDev": "pcieRootPort",
        "nvme0.present": "TRUE", "nvme0:0.present": "TRUE", "scsi0.present": "TRUE", "scsi0.virtualDev": "pvscsi",
        "scsi0:0.present": "TRUE", "scsi0:0.deviceType": "disk", "ethernet0.present": "TRUE",
        "ethernet0.virtualDev": "vmxnet3", "ethernet0.connectionType": "nat", "serial0.present": "TRUE",
        "serial0.fileType": "file"}
MAY = {".encoding", "displayName", "memsize", "numvcpus", "cpuid.coresPerSocket", "uuid.action", "msg.autoAnswer",
       "hpet0.present", "vmci0.present", "floppy0.present", "sound.present", "usb.present", "tools.syncTime",
       "pciBridge4.functions", "nvme0:0.fileName", "scsi0:0.fileName", "ethernet0.addressType",
       "ethernet0.startConnected", "serial0.fileName", "serial0.yieldOnMsrRead", "serial0.tryNoRxLoss"}


def refuse(text):
    print(f"Error: {text}")
    sys.exit(255)


def vmx_read(path):
    keys = {}
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        key, value = re.fullmatch(r'(\S+) = "([^"]*)"', line).groups()
        assert key not in keys and (key in MUST or key in MAY), line
        keys[key] = re.sub(r"\|([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), value)
    wrong = {key: keys.get(key) for key, value in MUST.items() if keys.get(key) != value}
    assert not wrong, wrong
    assert int(keys["memsize"]) % 4 == 0
    return keys


def start(kept, path, words):
    assert words == ["nogui"]
    keys = vmx_read(path)
    if stub.fails("start"):
        refuse("The virtual machine cannot be powered on")  # not recorded: no VMware was at hand
    machine = kept["machines"].setdefault(path, {})
    if stub.is_running(machine):
        refuse("The virtual machine is already running")
    variables = stub.STATE / "variables.fd"
    shutil.copyfile(VARIABLES, variables)
    forwards = "".join(f",hostfwd=tcp:10.0.2.15:{port}-:{port}" for port in (25, 110, 143, 587))
    stub.start(machine, "vmware-vmx", path, [
        "-machine", "q35", "-m", keys["memsize"], "-smp", keys["numvcpus"], "-serial", f"file:{keys['serial0.fileName']}",
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}",
        "-drive", f"if=pflash,format=raw,unit=1,file={variables}",
        "-drive", f"if=none,id=b,file={keys['nvme0:0.fileName']},format=vmdk", "-device", "nvme,drive=b,serial=b,bootindex=0",
        "-device", "pvscsi,id=s", "-drive", f"if=none,id=d,file={keys['scsi0:0.fileName']},format=vmdk",
        "-device", "scsi-hd,bus=s.0,drive=d", "-netdev", f"user,id=n{forwards}", "-device", "vmxnet3,netdev=n,romfile="])


def stop(kept, path, words):
    if not stub.is_running(kept["machines"].get(path, {})):
        refuse("The virtual machine is not powered on")
    if words == ["soft"]:
        refuse("The VMware Tools are not running in the virtual machine")
    assert words == ["hard"]
    stub.kill(kept["machines"][path])


def disks(path):
    keys = vmx_read(path)
    return [keys["nvme0:0.fileName"], keys["scsi0:0.fileName"]]


def snapshot(kept, path, words):
    stub.disks_keep(kept["machines"][path], words[0], disks(path))


def revert(kept, path, words):
    if words[0] not in kept["machines"][path].get("snapshots", []):
        refuse("The snapshot does not exist")
    assert not stub.is_running(kept["machines"][path])
    stub.disks_back(kept["machines"][path], words[0], disks(path))
    start(kept, path, ["nogui"])  # VIX API reference, RevertToSnapshot: it ends in the power state that the snapshot had


def snapshot_delete(kept, path, words):
    if words[0] not in kept["machines"][path].get("snapshots", []):
        refuse("The snapshot does not exist")
    kept["machines"][path]["snapshots"].remove(words[0])


def delete(kept, path, words):
    assert words == []
    if stub.is_running(kept["machines"].get(path, {})):
        refuse("The virtual machine should not be powered on")
    keys = vmx_read(path)
    for name in (keys["nvme0:0.fileName"], keys["scsi0:0.fileName"], path):
        pathlib.Path(name).unlink()
    kept["machines"].pop(path, None)


def main():
    assert sys.argv[1:3] == ["-T", "ws"], sys.argv
    with stub.state() as kept:
        verb, words = sys.argv[3], sys.argv[4:]
        if verb == "list":
            running = [path for path, machine in kept["machines"].items() if stub.is_running(machine)]
            print("\n".join([f"Total running VMs: {len(running)}"] + running))
            return
        assert words[0].startswith("/") and words[0].endswith(".vmx"), words
        {"start": start, "stop": stop, "deleteVM": delete, "snapshot": snapshot, "revertToSnapshot": revert,
         "deleteSnapshot": snapshot_delete}[verb](kept, words[0], words[1:])


main()
