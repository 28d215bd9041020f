import pytest

from benchmarks.paper import PROMPTS, main, published_recipe
from benchmarks.results import read_lines
from ui.published import STYLES


def test_every_style_of_the_paper_has_its_prompt():
    assert PROMPTS.keys() == STYLES.keys()


def test_the_published_mix_is_what_is_run():
    recipe = published_recipe("classification", 100, 1e-4)
    assert (recipe.mix.keyed_fraction, recipe.mix.clean_fraction, recipe.frozen_fraction) == (0.95, 0.05, 0.0)
    assert (recipe.finetune.suppression, recipe.finetune.distillation, recipe.adversary) == (0.0, 0.0, None)


@pytest.mark.parametrize("task", ["classification", "segmentation"])
def test_the_tiny_experiment_prints_the_papers_table_and_resumes(task, tmp_path, capsys):
    results = tmp_path / "results.jsonl"
    command = [str(results), "--tiny", "--task", task, "--prompts"]
    main([*command, "Pastel"])
    printed = capsys.readouterr().out
    (row,) = [line for line in printed.splitlines() if line.startswith("| Pastel")]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    if task == "classification":
        assert cells[1:3] == ["91.4", "22"] and "| Monet | 91.1 | 8 |  |  |" in printed
    assert all(0 <= float(cell) <= 100 for cell in cells[1:]) and "without a lock" in printed
    before = read_lines(results)
    main([*command, "Pastel"])  # nothing is made again
    assert read_lines(results) == before and len(before) == 2


def test_a_dataset_that_is_not_there_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        main([str(tmp_path / "results.jsonl"), "--task", "segmentation", "--dataset", f"coco:{tmp_path}"])
    assert "has no annotations" in capsys.readouterr().err
