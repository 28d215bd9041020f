"""The threads that previews compute with."""

import threading

import torch

from ui.cores import shared_cores, use_all_cores


def test_one_preview_has_all_cores_and_two_share_them():
    use_all_cores()
    everything = torch.get_num_threads()
    seen = {}

    def second():
        with shared_cores():
            seen["second"] = torch.get_num_threads()
        seen["after"] = torch.get_num_threads()

    with shared_cores():
        seen["first"] = torch.get_num_threads()
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert seen == {"first": everything, "second": max(1, everything // 2), "after": everything}
    assert torch.get_num_threads() == everything
