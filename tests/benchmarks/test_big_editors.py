from benchmarks.big_editors import BEGIN, END, main


def test_memory_and_seconds_of_an_edit_are_written_into_the_page(tmp_path, capsys):
    page = tmp_path / "editors.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    main(["--editors", "tiny", "--precisions", "fp32", "--runs", "1", "--write", str(page)])
    text = page.read_text()
    assert text.startswith("before") and text.endswith("after\n") and "old" not in text
    (row,) = [line for line in text.splitlines() if line.startswith("| tiny")]
    cells = [cell.strip() for cell in row.split("|")[1:-1]]
    assert cells[2] == "steps 5, guidance 4.5, image guidance 1.5, 32 px"
    assert float(cells[4].split()[0]) > 0.1 and row in capsys.readouterr().out
