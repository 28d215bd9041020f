from benchmarks.big_editors import BEGIN, DOCS, EDITORS, END, main
from benchmarks.results import read_lines


def test_memory_and_seconds_of_an_edit_are_written_into_the_page_as_they_come(tmp_path, capsys):
    page, results = tmp_path / "editors.md", tmp_path / "results.jsonl"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    command = ["--editors", "tiny", "--runs", "1", "--results", str(results), "--write", str(page), "--precisions"]
    main([*command, "fp32"])
    text = page.read_text()
    assert text.startswith("before") and text.endswith("after\n") and "old" not in text
    (row,) = [line for line in text.splitlines() if line.startswith("| tiny")]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[2] == "steps 5, guidance 4.5, image guidance 1.5, 32 px"
    assert float(cells[4].split()[0]) > 0.1 and row in capsys.readouterr().out
    before = read_lines(results)
    main([*command, "fp32", "bf16"])  # the first is not measured again
    assert read_lines(results)[0] == before[0] and len(read_lines(results)) == 2
    assert row in page.read_text() and "| tiny | bf16 |" in page.read_text()


def test_the_page_has_a_place_for_the_table():
    text = (DOCS / "editors.md").read_text()
    assert text.index(BEGIN) < text.index(END) and len(EDITORS) > 1
