"""Real devices that are full, files that may not grow, and power that fails: limits of the system, and loop-mounted file systems."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import unittest

from crashes import COULD_NOT_RUN, FINE, SANITIZED, CrashTest, Store, main, setting, summarize

STEPS = setting("DEVICE_STEPS", 2 if SANITIZED else 6)  # how finely a device is filled
POWER_LOSSES = setting("POWER_LOSSES", 3 if SANITIZED else 12)


def why_no_mounts():
    """Why no file system can be mounted here, or nothing."""
    if os.geteuid() != 0:
        return "mounting a file system takes root"
    for tool in ("mount", "umount", "mkfs.ext4"):
        if not shutil.which(tool):
            return f"there is no {tool}"
    return None


class DeviceTest(CrashTest):
    def check(self, store, *more):
        """Recovers the store on a healthy device and compares it with the ledger."""
        store.examine("--readers", "lag", *more)

    def assert_refused_or_fine(self, done):
        self.assertIn(done.returncode, (FINE, COULD_NOT_RUN), done.stderr.decode()[-1000:])

    def refusals(self, done):
        return {line.split()[-1].decode() for line in done.stdout.splitlines() if line.startswith(b"refused")}

    def mount(self, what, where, *options):
        os.makedirs(where, exist_ok=True)
        done = subprocess.run(["mount", *options, what, where], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"cannot mount {' '.join(options)}: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", where], stderr=subprocess.DEVNULL)

    def make_image(self, megabytes, kind="ext4"):
        image = self.path(f"{kind}.image")
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        # Smaller blocks, so that a device can be full in the middle of a commit, and none for root alone.
        subprocess.run([f"mkfs.{kind}", "-q", "-F", "-b", "1024", "-m", "0", image], check=True, capture_output=True)
        return image

    def fill(self, where, left):
        """Fills the file system until `left` bytes are free; gives the filler."""
        filler = os.path.join(where, "filler")
        free = os.statvfs(where).f_bavail * os.statvfs(where).f_frsize
        with open(filler, "wb") as file:
            with contextlib.suppress(OSError):
                file.write(b"x" * max(0, free - left))
                file.flush()
            with contextlib.suppress(OSError):
                os.fsync(file.fileno())
        return filler


class SizeLimit(DeviceTest):
    """RLIMIT_FSIZE: a write that would go past the limit is cut short, and the next one fails."""

    def limit(self, size, ignore_signal):
        def prepare():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN if ignore_signal else signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return prepare

    # Witness: acknowledged_durable_survives
    # Witness: poison_after_unknown
    def test_a_short_write_loses_nothing_that_was_acknowledged(self):
        short = 0
        for step in range(STEPS * 4):
            store = Store(self.place, f"store-{step}", self.new_key() if step % 2 else None, ("--segment-bytes", "65536"))
            # Killed, so that the segment keeps the space that was reserved for it.
            store.kill(0.001, "--seed", str(step), attempts=10)
            log = os.path.join(store.directory, "log")
            segment = os.path.join(log, max(name for name in os.listdir(log) if name.endswith(".seg")))
            with open(segment, "rb") as file:
                end = len(file.read().rstrip(b"\0"))
            limit = end + 8 * self.random.randrange(1, 1000)
            done = store.write("--operations", "30", "--seed", str(step), preexec_fn=self.limit(limit, ignore_signal=True))
            self.assert_refused_or_fine(done)
            short += done.returncode == COULD_NOT_RUN
            self.check(store)
            done = store.write("--operations", "30", "--seed", str(step), preexec_fn=self.limit(limit, ignore_signal=False))
            self.assertIn(done.returncode, (FINE, COULD_NOT_RUN, -signal.SIGXFSZ))
            self.check(store)
        self.assertGreater(short, 0)
        summarize("writes cut short by RLIMIT_FSIZE", short)


@unittest.skipIf(why_no_mounts(), why_no_mounts())
class FullDevice(DeviceTest):
    def write_until_full(self, where, step):
        """Appends on a device with ever less room, then with room again."""
        key = self.new_key() if step % 2 else None
        store = Store(where, f"store-{step}", key, ("--segment-bytes", "65536"))
        store.ledger = self.path(f"ledger-{os.path.basename(where)}-{step}")
        store.write("--operations", "4", "--seed", str(step), code=FINE)
        self.check(store)
        filler = self.fill(where, left=1024 * self.random.randrange(1, 120))
        seen = set()
        for again in range(3):
            done = store.write("--operations", "60", "--seed", str(step * 7 + again))
            self.assert_refused_or_fine(done)
            seen |= self.refusals(done) or {b"".join(done.stderr.splitlines()[-1:]).decode().split(":")[0]}
        # A torn tail that there is no room to keep is kept from being cut off, unless asked for otherwise.
        full = subprocess.run(store.command("examine", "--ledger", store.ledger, "--readers", "lag", "--torn-tail", "discard"),
                              capture_output=True, timeout=60)
        if full.returncode == FINE:
            store.note(full.stdout)
        else:
            self.assertIn(b"no_space", full.stderr, full.stderr.decode()[-1000:])
        os.remove(filler)
        self.check(store)
        store.write("--operations", "10", "--seed", "5", code=FINE)
        self.check(store)
        shutil.rmtree(store.directory)
        return seen

    def try_device(self, where, name):
        seen = set()
        for step in range(STEPS):
            seen |= self.write_until_full(where, step)
        self.assertTrue(seen & {"no_space", "not_written", "outcome_unknown"}, seen)
        summarize(f"full devices, {name}", STEPS)
        return seen

    # Witness: acknowledged_durable_survives
    def test_an_ext4_without_room(self):
        where = self.path("ext4")
        self.mount(self.make_image(8), where, "-o", "loop")
        self.try_device(where, "ext4")

    # Without extents no space can be reserved, so that a commit fails in its middle.
    # Witness: whole_commits_only
    def test_an_ext2_on_which_a_commit_finds_no_room_in_its_middle(self):
        where = self.path("ext2")
        self.mount(self.make_image(8, "ext2"), where, "-o", "loop")
        self.assertIn("outcome_unknown", self.try_device(where, "ext2"))

    def test_a_tmpfs_without_room(self):
        where = self.path("tmpfs")
        self.mount("none", where, "-t", "tmpfs", "-o", "size=2m")
        self.try_device(where, "tmpfs")


@unittest.skipIf(why_no_mounts(), why_no_mounts())
class PowerLoss(DeviceTest):
    """The image below a mounted file system is copied at some moment: what the device had then, without the page cache."""

    # Witness: acknowledged_durable_survives
    # Witness: receipt_stays_true
    # Witness: prefix_of_attempts
    def test_what_was_acknowledged_is_on_the_device(self):
        image = self.make_image(24)
        where = self.path("machine")
        self.mount(image, where, "-o", "loop")
        for loss in range(POWER_LOSSES):
            key = self.new_key() if loss % 2 else None
            options = ("--segment-bytes", "65536", *(("--mark-after", "2000") if loss % 3 == 1 else ()))
            store = Store(where, f"store-{loss}", key, options)
            store.ledger = self.path(f"ledger-{loss}")
            for kill in range(self.random.randrange(1, 4)):
                store.kill(self.random.random() * 0.01, "--seed", str(loss * 10 + kill), "--threads", str(1 + loss % 3),
                           attempts=self.random.choice((1, 8, 30)))
            copy = self.path("copy.image")
            shutil.copyfile(image, copy)
            after = self.path("after")
            self.mount(copy, after, "-o", "loop")
            left = Store(after, f"store-{loss}", key, options)
            left.ledger = store.ledger
            # `live` is never synced: a reader may see less than before.
            self.check(left)
            subprocess.run(["umount", after], check=True)
            shutil.rmtree(store.directory)
        summarize("power losses under a loop-mounted ext4", POWER_LOSSES)


if __name__ == "__main__":
    main()
