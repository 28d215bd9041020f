from benchmarks.catalogue import summary


def test_the_summary_has_the_mean_and_the_worst_of_styles_and_objects():
    locks = [{"kind": "style", "unlocked": up, "locked": lp} for up, lp in ((0.9, 0.1), (0.8, 0.3))]
    lines = summary([*locks, {"kind": "object", "unlocked": 0.95, "locked": 0.12}]).splitlines()
    assert lines[2] == "| styles | 2 | 85.0 | 80.0 | 20.0 | 30.0 |"
    assert lines[3] == "| objects | 1 | 95.0 | 95.0 | 12.0 | 12.0 |"
