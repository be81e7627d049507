"""Many damages tried on many specimens, on all processors."""

import concurrent.futures
import os

import damage
from agreement import Bench

_benches = {}  # of this process


def _bench(specimen):
    if specimen.name not in _benches:
        _benches[specimen.name] = Bench(specimen)
    return _benches[specimen.name]


def damages(specimen, other, kind, count, seed):
    """A list that is the same in each process. `other` is another store's directory."""
    layout = _bench(specimen).layout
    if kind == "files":
        return damage.files(layout, other)[:count]
    make = {"flips": damage.one_byte_flips, "tears": damage.cuts_and_tears, "forgeries": damage.forgeries,
            "names": damage.names}[kind]
    return make(specimen.directory, layout, count, seed)


def _share(task, share, shares):
    specimen, other, kind, count, seed, opening = task
    said = []
    tried = 0
    for number, what in enumerate(damages(specimen, other, kind, count, seed)):
        if number % shares == share:
            said += _bench(specimen).try_damage(what, opening and number % 3 == 0)
            tried += 1
    return said, tried


def run(tasks):
    """Each task is (specimen, other, kind, count, seed, opening); gives sentences about what was not agreed on, and how many
    damages were tried."""
    shares = os.cpu_count() or 1
    with concurrent.futures.ProcessPoolExecutor(shares) as processes:
        waiting = [processes.submit(_share, task, share, shares) for task in tasks for share in range(shares)]
        results = [future.result() for future in waiting]
    return [sentence for said, _ in results for sentence in said], sum(tried for _, tried in results)
