"""As many threads as the user, or torchrun, has set; else as many as there are cores."""

import os

import pytest

from modellock_core.threads import available_cores, bound_threads


@pytest.mark.parametrize(("given", "threads"), [(None, str(available_cores())), ("1", "1"), ("3", "3")])
def test_every_library_computes_with_as_many_threads_as_openmp_is_told(given, threads, monkeypatch):
    monkeypatch.setattr(os, "environ", {} if given is None else {"OMP_NUM_THREADS": given})
    bound_threads()
    assert os.environ["OMP_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == threads


def test_what_the_user_has_set_stays(monkeypatch):
    monkeypatch.setattr(os, "environ", {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "1"})
    bound_threads()
    assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("2", "1")


@pytest.mark.parametrize(
    ("files", "most"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "50000 100000"}, 1),
        ({"cpu.max": "max 100000"}, 64),
        ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
        ({"cpu.max": ""}, 64),
        ({}, 64),
    ],
)
def test_a_container_s_limit_counts(tmp_path, monkeypatch, files, most):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(64)), raising=False)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    assert available_cores(tmp_path) == most
