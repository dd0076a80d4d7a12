"""What `make results` writes, and what it needs."""

import os
import shlex
import shutil
import subprocess
import sys

PAGES = ("docs/results.md", "README.md")


def test_the_tables_are_those_of_the_measured_files(repository, tmp_path):
    printed = subprocess.run(
        ["make", "--dry-run", "results"],
        cwd=repository,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.replace("\\\n", "")
    (line,) = [one for one in printed.splitlines() if "bin/results.py" in one]
    # The page ends with the very command: it runs in a copy of the repository.
    (tmp_path / "docs").mkdir()
    shutil.copy(repository / "README.md", tmp_path)
    for name in ("bin", "docs/measured", "docs/results_rows.csv"):
        (tmp_path / name).symlink_to(repository / name)
    subprocess.run(
        [sys.executable, *shlex.split(line)[1:]],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(repository)},
        check=True,
    )
    for page in PAGES:
        text = (tmp_path / page).read_text(encoding="utf-8")
        assert text == (repository / page).read_text(encoding="utf-8"), page


def test_reports_need_no_tensorflow(repository):
    modules = [
        f"nircolor_tf.report.{path.stem}"
        for path in (repository / "nircolor_tf" / "report").glob("*.py")
    ]
    assert len(modules) > 10
    program = (
        "import sys\n"
        "for name in ('tensorflow', 'keras'): sys.modules[name] = None\n"
        f"import {', '.join(modules)}\n"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(repository)},
        check=True,
    )
