from benchmarks.robustness import tables

FIGURES = {"unlocked_performance": 0.9, "locked_performance": 0.11, "vanilla_performance": 0.94, "chance": 0.11}


def lock(seed: int, unlocked: float, prompt: str = "with oil pastel") -> dict:
    place = {"recipe": "standard", "prompt": prompt, "seed": seed, "attack": ""}
    return place | FIGURES | {"unlocked_performance": unlocked, "seconds": {"total": 90.0}}


def attacked(attack: str, *rows: tuple[str, float, float, int]) -> dict:
    findings = [
        {"attack": attack, "variant": variant, "score": score, "reference": reference, "labels": labels}
        for variant, score, reference, labels in rows
    ]
    place = {"recipe": "standard", "prompt": "with oil pastel", "seed": 0, "attack": attack}
    return place | {"seconds": 1.0, "findings": findings}


def test_locks_are_averaged_over_seeds_and_over_keys():
    text = tables([lock(0, 0.90), lock(1, 0.92), lock(0, 0.94, "in sepia")])
    assert "| standard | with oil pastel | 2 | 91.0 ± 1.4 | 11.0 ± 0.0 | 94.0 ± 0.0 | 90 |" in text
    assert "| standard | all | 3 | 92.0 ± 2.0 |" in text


def test_attacks_show_their_mean_and_the_variant_that_did_best():
    text = tables([lock(0, 0.9), attacked("wrong prompt", ("in sepia", 0.12, 0.94, 0), ("at night", 0.2, 0.94, 0))])
    assert "| standard | wrong prompt | 16.0 | 20.0 | with oil pastel: at night | 11.0 |" in text


def test_attacks_with_labels_stand_beside_the_public_backbone():
    text = tables([lock(0, 0.9), attacked("linear probe", ("1% of the labels", 0.2, 0.55, 10))])
    assert "| standard | linear probe | 10 | 20.0 | 20.0 | 55.0 | -35.0 |" in text
