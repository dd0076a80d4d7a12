"""The measured numbers of docs/ablations.md are those of their files."""

import json

import pytest

MEANS = {
    "colornet": [
        ("| `:scd` |", "SCD"),
        ("| `:linknet` |", "LinkNet"),
        ("| `:acd` |", "ACD"),
        ("| `:acd_glffnet` |", "ColorNet without BFWLS"),
        ("| (nothing) | with BFWLS |", "ColorNet"),
        ("| `:scd_bfwls` |", "SCD with BFWLS"),
        ("| `:linknet_bfwls` |", "LinkNet with BFWLS"),
        ("| `:acd_bfwls` |", "ACD with BFWLS"),
    ],
    "cocolor": [
        ("| (nothing) | `n2c` | 1", "CoColor"),
        ("| `:without_bilateral` | `n2c` |", "without bilateral"),
        ("| `:from_scratch` | `n2c` |", "from scratch"),
        ("| `:standalone` | `n2c` |", "standalone"),
        ("| `:partial` | `n2c` |", "partial"),
        ("| `:strong_cycle` | `n2c` |", "strong cycle"),
        ("| `:aligned_gray` | `n2c` |", "aligned gray"),
        ("| (nothing) | `g2c` |", "CoColor g2c"),
        ("| `:standalone` | `g2c` |", "standalone g2c"),
    ],
    "mpfnet": [
        ("| (nothing) | 1", "MPFNet"),
        ("| `:without_feature_gan` | 1", "without feature GAN"),
        ("| `:weak_feature_gan` | 1", "weak feature GAN"),
        ("| `:two_scales` | 1", "two scales"),
        ("| `:one_scale` | 1", "one scale"),
        ("| `:without_rcab` | 1", "without RCAB"),
        ("| `:without_sccm` | 1", "without SCCM"),
    ],
}
# Beginning of a row: first less second.
DIFFERENCES = {
    "colornet": [
        ("| ACD has 0.91 dB more than SCD", "ACD", "SCD"),
        ("| ACD has 0.36 dB more than LinkNet", "ACD", "LinkNet"),
        ("| GLFFNet gives ACD", "ColorNet without BFWLS", "ACD"),
        ("| BFWLS gives", "ColorNet", "ColorNet without BFWLS"),
        ("| the same of ACD", "ACD with BFWLS", "ACD"),
        ("| of SCD", "SCD with BFWLS", "SCD"),
        ("| of LinkNet", "LinkNet with BFWLS", "LinkNet"),
    ],
    "cocolor": [
        (start, "CoColor g2c" if "g2c" in second else "CoColor", second)
        for start, second in MEANS["cocolor"]
        if "(nothing)" not in start
    ],
    "mpfnet": [
        (start, "MPFNet", second) for start, second in MEANS["mpfnet"][1:]
    ],
}


@pytest.fixture(scope="module")
def page(repository):
    return (repository / "docs" / "ablations.md").read_text().splitlines()


def summary(repository, name):
    folder = repository / "docs" / "measured" / "ablations" / name
    return json.loads((folder / "summary.json").read_text())


def the_line(page, start):
    (line,) = [line for line in page if line.startswith(start)]
    return line


@pytest.mark.parametrize("name", MEANS)
def test_means(name, page, repository):
    means = {
        run["name"]: run["mean"] for run in summary(repository, name)["runs"]
    }
    assert means.keys() == {run for _, run in MEANS[name]}
    for start, run in MEANS[name]:
        psnr, ssim, ae, mae = (
            means[run][f"std/{metric}"]
            for metric in ("psnr", "ssim", "ae", "mae")
        )
        expected = f" | {psnr:.2f} / {ssim:.3f} / {ae:.2f} |"
        if name == "colornet":
            expected = f" | {mae:.4f} / {psnr:.2f} / {ssim:.3f} |"
        assert expected in the_line(page, start)


def described(difference, digits):
    low, high = difference["interval"]
    return (
        f" | {difference['difference']:+.{digits}f} "
        f"[{low:+.{digits}f}, {high:+.{digits}f}] |"
    )


@pytest.mark.parametrize("name", DIFFERENCES)
def test_differences(name, page, repository):
    differences = {
        (entry["metric"], entry["first"], entry["second"]): entry
        for entry in summary(repository, name)["differences"]
    }
    for start, first, second in DIFFERENCES[name]:
        line = the_line(page, start)
        for metric, digits in (("std/psnr", 2), ("std/ssim", 3)):
            entry = differences.get((metric, first, second))
            if entry is None:
                entry = negated(differences[metric, second, first])
            assert described(entry, digits) in line


def negated(entry):
    low, high = entry["interval"]
    return {"difference": -entry["difference"], "interval": (-high, -low)}
