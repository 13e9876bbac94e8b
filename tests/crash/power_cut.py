"""A power cut: ext4 on a loop device, and a copy of what had reached the device at the moment of the cut.

The file system commits by itself only every 300 s. What is in the copy is there because it was synced.
"""

import os
import random
import shutil
import subprocess

import city
import matrix
from lab import Broken, Missing, documents, standing

NEEDS = [("mkfs.ext4", "e2fsprogs"), ("e2fsck", "e2fsprogs"), ("mount", "mount")]

MEGABYTES = 96


class Disk:
    """A file with ext4 in it, mounted while in use."""

    def __init__(self, image, at):
        self.image, self.at = image, at

    def made(self):
        with open(self.image, "wb") as file:
            file.truncate(MEGABYTES << 20)
        command("mkfs.ext4", "-q", "-F", self.image)
        return self

    def __enter__(self):
        self.at.mkdir(exist_ok=True)
        command("mount", "-o", "loop,commit=300,noatime", self.image, self.at)
        return self.at

    def __exit__(self, *_):
        command("umount", self.at)


def command(*words):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, words))}: {done.stderr.strip()}")


def cut(lab, scenario, faults):
    """Runs on a disk of its own, and takes the copy at once; how the run ended, its ledger, and the disk after the cut."""
    place = lab.place("disk")
    disk, after = Disk(place / "image", place / "mounted").made(), place / "after"
    with disk as at:
        shutil.copytree(scenario.data, at / "var")
        os.sync()
        ended = lab.run(at / "var", scenario.drop, faults=faults)
        # The cut: nothing that is in memory alone gets into the copy.
        subprocess.run(["cp", "--sparse=always", place / "image", after], check=True)
        ledger = lab.nianbao(at / "var", "runs", "list").out
    # As a machine does when it starts again.
    checked = subprocess.run(["e2fsck", "-fy", after], capture_output=True, text=True)
    if checked.returncode >= 4:
        raise Broken(f"e2fsck ends with {checked.returncode}: {checked.stdout[-200:]}")
    return ended, ledger, Disk(after, place / "mounted-after")


def look(lab, scenario, ended, ledger, disk):
    """What is wrong after the cut, and after the next run on what it left."""
    with disk as at:
        data = at / "var"
        wrong = []
        try:
            release = standing(data)
            which = "none" if release is None else "another"
            for name in ("old", "new"):
                known = getattr(scenario, name)
                if release and known and release.content == known.content and release.digest == known.digest:
                    which = name
        except Broken as broken:
            which, wrong = "broken", [str(broken)]
        if which == "another" or (which == "none" and scenario.old):
            wrong.append("the published release is neither the old nor the new one")
        if ended.published():
            if which != "new":
                wrong.append(f"exit code {ended.code}, then a power cut: the release is lost ({which} stands)")
            if documents(data) != scenario.documents:
                wrong.append("exit code 10, then a power cut: documents are lost")
            if lab.nianbao(data, "runs", "list").out != ledger:
                wrong.append("exit code 10, then a power cut: the ledger is not what it was")
        checked = lab.verify(data)
        if checked.code:
            wrong.append(f"verify ends with {checked.code}: {matrix.last_line(checked.out + checked.err)}")
        temporary = lab.place("tmp")
        later = matrix.after(lab, scenario, data, temporary)
    return which, wrong, later


def run(lab, report, whole, seed):
    if os.geteuid() != 0:
        return report.skip("power cut", "mounting needs root: run it as root (sudo make test-crash)")
    probe = lab.place("probe")
    try:
        with Disk(probe / "image", probe / "mounted").made():
            pass
    except Missing as missing:
        return report.skip("power cut", f"no loop device can be mounted here: {missing}")
    rng = random.Random(seed)
    made = matrix.scenarios(lab)
    trials = 10 if whole else 4
    rows = []
    for name, faults in (("after exit", {}), ("after exit, fsync taken out", {"NOSYNC": 1}), ("in the run", None)):
        counts = {"trials": 0, "none": 0, "old": 0, "new": 0, "kept": 0, "next run well": 0}
        for trial in range(trials * (2 if faults is None and whole else 1)):
            scenario = made[("first", "changed")[trial % 2]]
            # A run publishes at its end: most cuts are there.
            number = rng.choice(scenario.calls[len(scenario.calls) * (trial % 4) // 5 :]).number
            settings = {"AT": number, "ACT": "kill"} if faults is None else faults
            try:
                ended, ledger, disk = cut(lab, scenario, settings)
                which, wrong, later = look(lab, scenario, ended, ledger, disk)
            except Broken as broken:
                which, wrong, later = "broken", [str(broken)], ["no next run"]
            counts["trials"] += 1
            counts[which] = counts.get(which, 0) + 1
            counts["kept"] += not wrong
            counts["next run well"] += not later
            if faults != {"NOSYNC": 1}:
                where = f"{scenario.name}, cut {name}" + (f" at call {number} ({scenario.calls[number - 1].kind} {scenario.calls[number - 1].place()})" if faults is None else "")
                for text in wrong + later:
                    report.violation("power cut", f"{where}: {text}")
        rows.append([name, *counts.values()])
        if faults == {"NOSYNC": 1} and counts["kept"] == counts["trials"]:
            report.violation("test of the test", f"without fsync {counts['kept']} of {counts['trials']} cuts lose nothing: the cut is none")
    report.table(["power cut", "trials", "none", "old", "new", "kept", "next run well", *(["broken"] if any(len(row) > 7 for row in rows) else [])],
                 [row + [0] * (max(map(len, rows)) - len(row)) for row in rows])
