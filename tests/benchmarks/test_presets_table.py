from benchmarks.presets import table


def lock(recipe: str, seed: int, unlocked: float, prompt: str = "with oil pastel") -> dict:
    reached = {"mean": 0.12, "max": 0.2, "variants": 1}
    names = ("label permutation", "logit probe", "wrong prompt", "wrong editor", "cheap filter")
    return {
        "recipe": recipe, "seed": seed, "prompt": prompt,
        "unlocked": unlocked, "locked": 0.11, "vanilla": 0.94,
        "attacks": dict.fromkeys(names, reached), "gained": {"linear probe": -0.02, "finetune": 0.01},
    }  # fmt: skip


def test_the_table_has_a_row_a_recipe_and_means_over_the_seeds():
    lines = table([lock("quick", 0, 0.90), lock("quick", 1, 0.92), lock("hardened", 0, 0.93)]).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    hardened, quick = lines[2:]
    assert hardened.startswith("| hardened | with oil pastel | 1 | 93.0 | 11.0 | 94.0 | 20.0 | 20.0 | 12.0 |")
    assert quick.startswith("| quick | with oil pastel | 2 | 91.0 ± 1.4 | 11.0 ± 0.0 |")


def test_a_recipe_with_several_keys_has_a_row_of_all():
    *_, last = table([lock("quick", 0, 0.90), lock("quick", 0, 0.94, "in sepia")]).splitlines()
    assert last.startswith("| quick | all 2 keys | 2 | 92.0 ± 2.8 |")
