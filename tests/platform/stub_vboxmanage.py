# SPDX-License-Identifier: MIT
"""A VBoxManage for tests. Its answers are VirtualBox 7.2.22's, recorded, with names and numbers put in; what it is asked
for beyond that is refused. Machines run as QEMUs of the same shape: PIIX4 IDE, virtio-net behind user-mode NAT."""
import pathlib
import subprocess
import sys
import uuid

import stub_machine as stub

PROGRESS = "0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%"
INFO = """name="{name}"
encryption="disabled"
groups="/"
platformArchitecture="x86"
ostype="Linux 2.6 / 3.x / 4.x / 5.x (64-bit)"
UUID="{uuid}"
CfgFile="{folder}/{name}/{name}.vbox"
SnapFldr="{folder}/{name}/Snapshots"
LogFldr="{folder}/{name}/Logs"
memory={memory}
chipset="{chipset}"
firmware="BIOS"
cpus={cpus}
hwvirtex="on"
nestedpaging="on"
paravirtprovider="default"
effparavirtprovider="kvm"
VMState="{state}"
VMStateChangeTime="2026-11-23T04:17:27.479000000"
graphicscontroller="vmsvga"
storagecontrollername0="IDE"
storagecontrollertype0="PIIX4"
"IDE-0-0"="none"
nic1="nat"
nictype1="virtio"
{rules}uart1="0x03f8,4"
uartmode1="file,{console}"
recording_enabled="off"
 rec_screen0
rec_screen_enabled="on"
GuestMemoryBalloon=0
"""
PLAIN = {"--memory", "--cpus", "--firmware", "--chipset", "--ioapic", "--rtc-use-utc", "--graphicscontroller", "--vram",
         "--audio-enabled", "--mouse", "--boot1", "--boot2", "--boot3", "--boot4", "--bios-boot-menu",
         "--bios-logo-display-time", "--nic1", "--nic-type1"}


def refuse(*lines):
    for line in lines:
        print(f"VBoxManage: error: {line}", file=sys.stderr)
    sys.exit(1)


def find(kept, name):
    for ident, machine in kept["machines"].items():
        if name in (ident, machine["name"]):
            return ident, machine
    refuse(f"Could not find a registered machine named '{name}'",
           "Details: code VBOX_E_OBJECT_NOT_FOUND (0x80bb0001), component VirtualBoxWrap, interface IVirtualBox, "
           "callee nsISupports")


def options(words, known):
    """--name value pairs of the recorded spelling."""
    found = {}
    while words:
        name = words.pop(0)
        if name not in known:
            refuse(f"Unknown option: {name}")
        found[name] = words.pop(0)
    return found


def createvm(kept, words):
    words.remove("--register")
    o = options(words, {"--name", "--ostype", "--basefolder"})
    assert o["--ostype"] == "Linux26_64" and pathlib.Path(o["--basefolder"]).is_dir()
    ident = str(uuid.uuid4())
    kept["machines"][ident] = {"name": o["--name"], "folder": o["--basefolder"], "disks": {}, "rules": [], "set": {}}
    pathlib.Path(o["--basefolder"], o["--name"]).mkdir()
    print(f"Virtual machine '{o['--name']}' is created and registered.\nUUID: {ident}\n"
          f"Settings file: '{o['--basefolder']}/{o['--name']}/{o['--name']}.vbox'")


def modifyvm(kept, words):
    _, machine = find(kept, words.pop(0))
    if "--uart1" in words:
        assert words[:3] == ["--uart1", "0x3F8", "4"] and words[3:5] == ["--uart-mode1", "file"], words
        machine["console"] = words[5]
        return
    if words[0] == "--nat-pf1":
        machine["rules"].append(words[1])
        return
    machine["set"].update(options(words, PLAIN))


def convertfromraw(kept, words):
    assert words[2:] == ["--format", "VDI"], words
    size = pathlib.Path(words[0]).stat().st_size
    print(f'Converting from raw image file="{words[0]}" to file="{words[1]}"...\n'
          f"Creating dynamic image with size {size} bytes ({size >> 20}MB)...", file=sys.stderr)
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "vdi", words[0], words[1]], check=True)


def storagectl(kept, words):
    _, machine = find(kept, words.pop(0))
    machine["controller"] = options(words, {"--name", "--add", "--controller", "--hostiocache", "--bootable"})


def storageattach(kept, words):
    _, machine = find(kept, words.pop(0))
    o = options(words, {"--storagectl", "--port", "--device", "--type", "--medium"})
    assert o["--storagectl"] == machine["controller"]["--name"] and o["--type"] == "hdd" and o["--device"] == "0"
    machine["disks"][o["--port"]] = o["--medium"]


def setextradata(kept, words):
    _, machine = find(kept, words.pop(0))
    machine["extra"] = words


def showvminfo(kept, words):
    ident, machine = find(kept, words.pop(0))
    assert words == ["--machinereadable"]
    rules = "".join(f'Forwarding({i})="{rule}"\n' for i, rule in enumerate(machine["rules"]))
    state = "running" if stub.is_running(machine) else "poweroff"
    print(INFO.format(uuid=ident, rules=rules, state=state, memory=machine["set"].get("--memory", 1024),
                      chipset=machine["set"].get("--chipset", "piix3"), cpus=machine["set"].get("--cpus", 1),
                      name=machine["name"], folder=machine["folder"], console=machine.get("console", "")), end="")


def startvm(kept, words):
    ident, machine = find(kept, words.pop(0))
    assert words == ["--type", "headless"]
    print(f'Waiting for VM "{ident}" to power on...')
    if stub.fails("startvm"):
        refuse(f"The virtual machine '{machine['name']}' has terminated unexpectedly during startup with exit code 1 (0x1)",
               "Details: code NS_ERROR_FAILURE (0x80004005), component MachineWrap, interface IMachine")
    if machine.pop("is_locked", False):
        refuse(f"The machine '{machine['name']}' is already locked by a session (or being locked or unlocked)",
               "Details: code VBOX_E_INVALID_OBJECT_STATE (0x80bb0007), component MachineWrap, interface IMachine")
    has, ctl = machine["set"], machine["controller"]
    assert has["--nic1"] == "nat" and has["--nic-type1"] == "virtio" and has["--firmware"] == "bios", has
    assert ctl["--controller"] == "PIIX4" and ctl["--add"] == "ide", ctl
    rules = [rule.split(",") for rule in machine["rules"]]
    forwards = "".join(f",hostfwd={r[1]}:{r[2]}:{r[3]}-{r[4]}:{r[5]}" for r in rules)
    words = ["-machine", "pc", "-m", has["--memory"], "-smp", has["--cpus"], "-serial", f"file:{machine['console']}",
             "-netdev", f"user,id=n{forwards}", "-device", "virtio-net-pci,netdev=n,romfile="]
    for port, medium in machine["disks"].items():
        words += ["-drive", f"if=ide,index={2 * int(port)},file={medium},format=vdi"]
    stub.start(machine, "VBoxHeadless", ident, words)
    logs = pathlib.Path(machine["folder"], machine["name"], "Logs")
    logs.mkdir(exist_ok=True)
    # As in 7.2.22's log: two lines a disk, the one that boots first.
    is_asked = machine.get("extra") == ["VBoxInternal/Devices/piix3ide/0/LUN#2/Config/IgnoreFlush", "0"]
    (logs / "VBox.log").write_text(
        "00:00:04.539265   IgnoreFlush <integer> = 0x0000000000000000 (0)\n"
        "00:00:04.989896 DrvVD: Flushes will be ignored\n00:00:04.991605 DrvVD: Async flushes will be passed to the disk\n"
        f"00:00:05.042986 DrvVD: Flushes will be {'passed to the disk' if is_asked else 'ignored'}\n"
        "00:00:05.043204 DrvVD: Async flushes will be passed to the disk\n"
        "00:00:05.180381   CLFSH - CLFLUSH instruction                             = 1 (1)\n")
    print(f'VM "{ident}" has been successfully started.')


def controlvm(kept, words):
    _, machine = find(kept, words.pop(0))
    if not stub.is_running(machine):
        refuse(f"Machine '{machine['name']}' is not currently running.")
    if words == ["acpipowerbutton"]:
        stub.press_button(machine)
        return
    assert words == ["poweroff"]
    stub.kill(machine)
    machine["is_locked"] = True  # until somebody has asked
    print(PROGRESS, file=sys.stderr)


def unregistervm(kept, words):
    ident, machine = find(kept, words.pop(0))
    assert words == ["--delete"]
    if stub.is_running(machine):
        refuse(f"Cannot unregister the machine '{machine['name']}' while it is locked",
               "Details: code VBOX_E_INVALID_OBJECT_STATE (0x80bb0007), component MachineWrap, interface IMachine")
    for medium in machine["disks"].values():
        pathlib.Path(medium).unlink()
    subprocess.run(["rm", "-r", pathlib.Path(machine["folder"], machine["name"])], check=True)
    del kept["machines"][ident]
    print(PROGRESS, file=sys.stderr)


def listing(kept, words):
    assert words == ["vms"]
    for ident, machine in kept["machines"].items():
        print(f'"{machine["name"]}" {{{ident}}}')


def snapshot(kept, words):
    _, machine = find(kept, words.pop(0))
    verb, name = words[:2]
    if verb != "take" and name not in machine.get("snapshots", []):
        refuse(f"Could not find a snapshot named '{name}'")
    if verb == "take":
        assert words[2:] == ["--live"], words
        stub.disks_keep(machine, name, machine["disks"].values())
        print(f"Snapshot taken. UUID: {uuid.uuid4()}")
    if verb == "restore":
        if stub.is_running(machine):
            refuse(f"The machine '{machine['name']}' is not powered off, cannot restore")
        stub.disks_back(machine, name, machine["disks"].values())
    if verb == "delete":
        machine["snapshots"].remove(name)
    print(PROGRESS, file=sys.stderr)


VERBS = {"createvm": createvm, "modifyvm": modifyvm, "convertfromraw": convertfromraw, "storagectl": storagectl,
         "storageattach": storageattach, "setextradata": setextradata, "showvminfo": showvminfo, "startvm": startvm,
         "controlvm": controlvm, "unregistervm": unregistervm, "list": listing,
         "snapshot": snapshot}


def main():
    with stub.state() as kept:
        if sys.argv[1:] == ["--version"]:
            print("7.2.22_Debianr175245")
        else:
            VERBS[sys.argv[1]](kept, sys.argv[2:])


main()
