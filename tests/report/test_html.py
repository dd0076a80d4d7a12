"""The HTML report: read by a parser, and used in headless Chromium."""

import base64
import json
import re

import cv2
import numpy as np
import pytest
from browser import headless, requested
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.select import Select

from nircolor_tf.errors import InputError
from nircolor_tf.report import html

# What a name must not do: end the data, be markup, be a placeholder.
HOSTILE = """</script><b id=hacked>'"& <!--<script> /*data*/ /*report.js*/"""
ABSENT, MINUS = "\u2013", "\u2212"
SORT_BUTTONS = "#methods th button"


def _uri(level):
    """A 32x32 image of one gray level."""
    _, png = cv2.imencode(".png", np.full((32, 32), level, np.uint8))
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def _image(name, level, **psnr):
    return {
        "name": name,
        "scene": "7",
        "source": _uri(level),
        "truth": _uri(level + 1),
        "source_label": "NIR",
        "truth_label": "truth",
        "runs": {
            run: {
                "prediction": _uri(level + 2),
                "error": _uri(level + 3),
                "metrics": {"std/psnr": value, "hkbu/ae": 1.0},
            }
            for run, value in psnr.items()
        },
    }


def _metric(label, unit, higher_is_better, digits):
    return {
        "label": label,
        "unit": unit,
        "higher_is_better": higher_is_better,
        "digits": digits,
    }


def _run(name, state, psnr, ae):
    return {
        "name": name,
        "description": f"runs/{name}",
        "count": 3,
        "failures": [],
        "contamination": {"state": state, "text": f"{name} is {state}"},
        "mean": {"std/psnr": psnr, "hkbu/ae": ae, "fid": 50.0},
        "interval": {"std/psnr": [psnr - 1, psnr + 2]},
        "card": {"method": "unet", "training": {"steps": [1, 2]}},
    }


def _difference(second, metric, difference, interval):
    return {
        "first": "good",
        "second": second,
        "metric": metric,
        "difference": difference,
        "interval": interval,
        "images": 2,
        "text": f"words on {metric}" if interval else "no interval",
    }


@pytest.fixture(scope="module")
def report():
    """`leaky` is best and contaminated; `good` failed on image c."""
    good = _run("good", "clean", 20.0, 3.0)
    failure = {"image": "c", "reason": "of another size"}
    return {
        "title": HOSTILE,
        "about": {"split": HOSTILE},
        "metrics": {
            "std/psnr": _metric("PSNR", "dB", True, 2),
            "hkbu/ae": _metric("AE", "°", False, 1),
            "fid": _metric("FID", "", False, 0),
        },
        "runs": [
            _run("poor", "unknown", 10.0, 2.0),
            {**good, "count": 2, "failures": [failure]},
            _run("leaky", "contaminated", 30.0, 1.0),
        ],
        "unloadable": [{"name": "gone", "reason": HOSTILE}],
        "differences": [
            _difference("poor", "std/psnr", 10.0, [-5.0, 20.0]),
            _difference("poor", "hkbu/ae", 10.0, [-5.0, 20.0]),
            # All images are of one scene.
            _difference("leaky", "hkbu/ae", 1.0, None),
        ],
        "images": [
            _image("Bee", 10, poor=9.0, good=22.0, leaky=58.92),
            _image("c", 20, poor=10.0, leaky=30.0),
            _image(HOSTILE, 30, poor=11.0, good=18.0, leaky=30.0),
        ],
        "omitted": 4,
        "error_scale": "black 0 to white 1",
        "robustness": {"svg": _uri(0), "text": "Curves."},
        "reported": [{"method": "DCGAN", "paper": "2017", "psnr": None}],
    }


def test_the_data_survive_the_page(report, tmp_path):
    html.write(tmp_path / "report.html", report)
    page = (tmp_path / "report.html").read_text("utf-8")
    data = re.search(r'id="report">(.*?)</script>', page, re.DOTALL)[1]
    assert "<" not in data
    assert json.loads(data) == report


def test_the_page_names_no_other_file(report, tmp_path):
    html.write(tmp_path / "report.html", report)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert not re.findall(r"https?:|url\(|@import|\bimport\b|fetch\(", page)
    assert not re.findall(r"<(?:link|script)[^>]*\b(?:href|src)=", page)
    assert "default-src 'none'; img-src data:" in page


def test_nothing_half_written(report, tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    with pytest.raises(ValueError, match="JSON"):
        html.write(path, {**report, "omitted": float("nan")})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="cannot be written"):
        html.write(tmp_path / "missing" / "report.html", report)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with headless(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def address(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    html.write(path, report)
    return path.as_uri()


@pytest.fixture
def page(browser, address):
    """The report, just opened; whatever a test does must leave no error."""
    browser.get(address)
    yield browser
    assert browser.get_log("browser") == []
    for url in requested(browser, address):
        assert url == address or url.startswith("data:")


def _find(page, selector):
    return page.find_element("css selector", selector)


def _texts(page, selector):
    return [
        found.text for found in page.find_elements("css selector", selector)
    ]


def _select(page, selector, text):
    Select(_find(page, selector)).select_by_visible_text(text)


def _clip(page, selector):
    """Where the upper image of a slider ends, in percent from the left."""
    style = _find(page, f"{selector} .upper").value_of_css_property("clip-path")
    return 100 - float(re.match(r"inset\(0px ([\d.]+)%", style)[1])


def test_methods_table(page):
    row = _texts(page, "#methods tbody tr")[1]
    assert row.split() == ["good", "runs/good", "2", "20.00", "19.00..22.00"]
    # The best mean is the leaky one's, which does not count.
    assert _texts(page, "#methods b") == ["20.00"]
    marks = ["UNKNOWN TRAINING", "CONTAMINATED"]
    assert _texts(page, "#methods .mark") == marks
    struck = _find(page, "#methods tr.contaminated .value")
    assert "line-through" in struck.value_of_css_property("text-decoration")
    # 19..22 on a scale from 9 to 32.
    bar = page.find_elements("css selector", "#methods .bar")[1]
    low, high = (
        page.execute_script(
            "return arguments[0].style.getPropertyValue(arguments[1])", bar, end
        )
        for end in ("--low", "--high")
    )
    assert float(low[:-1]) == pytest.approx(100 * 10 / 23)
    assert float(high[:-1]) == pytest.approx(100 * 13 / 23)


def test_methods_sort_best_first_then_worst_first(page):
    def names():
        return _texts(page, "#methods tbody .name")

    assert names() == ["poor", "good", "leaky"]
    page.find_elements("css selector", SORT_BUTTONS)[1].click()
    assert names() == ["leaky", "good", "poor"]
    # The heading keeps the focus, though it was drawn anew.
    page.switch_to.active_element.send_keys(Keys.ENTER)
    assert names() == ["poor", "good", "leaky"]
    assert _texts(page, "#methods th[aria-sort='ascending']") == ["PSNR ↑ dB"]
    _find(page, "#protocols input[value='hkbu']").click()
    page.find_elements("css selector", SORT_BUTTONS)[1].click()
    assert names() == ["leaky", "poor", "good"]  # the lowest angle is best
    column = "#methods tbody td:last-child"
    assert _texts(page, column) == ["1.0", "2.0", "3.0"]
    _find(page, "#protocols input[value='set']").click()
    assert "FID ↓" in _texts(page, SORT_BUTTONS)


def test_warnings_failures_and_cards(page):
    warnings = _find(page, "#warnings").text.splitlines()
    assert warnings == [
        "UNKNOWN TRAINING poor poor is unknown",
        "good 1 of 3 images not measured: which and why",
        "CONTAMINATED leaky leaky is contaminated",
        f"gone not measured: {HOSTILE}",
    ]
    assert _texts(page, "#failures td")[3:] == ["good", "c", "of another size"]
    _find(page, "details summary").click()
    lines = _find(page, "details").text.splitlines()
    assert lines[-5:] == ["method", "unet", "training", "steps", "1, 2"]
    assert _texts(page, "#reported td")[:4] == ["DCGAN", "2017", ABSENT, ABSENT]


def test_differences_by_metric(page):
    assert _texts(page, "#differences td")[-4:] == [
        "10.00",
        f"{MINUS}5.00..20.00",
        "2",
        "words on std/psnr",
    ]
    # The interval holds zero: it is not drawn as a clear one.
    bar = _find(page, "#differences .around-zero")
    assert "clear" not in bar.get_attribute("class")
    _select(page, "#difference-metric", "hkbu AE")
    words = "#differences td:last-child"
    assert _texts(page, words) == ["words on hkbu/ae", "no interval"]
    assert _texts(page, "#differences td")[-3] == ABSENT
    _select(page, "#difference-run", "leaky")
    assert _texts(page, words) == ["no interval"]
    _select(page, "#difference-run", "good")
    assert len(_texts(page, words)) == 2


def test_names_are_text(page):
    assert page.title == HOSTILE
    assert _texts(page, "h1") == _texts(page, "#about dd") == [HOSTILE]
    assert page.find_elements("id", "hacked") == []


def test_slider_follows_the_pointer_and_the_keys(page):
    card = "#gallery .card:first-child .slider"
    assert _clip(page, card) == 50
    slider = _find(page, card)
    page.execute_script("arguments[0].scrollIntoView()", slider)
    quarter = slider.size["width"] // 4
    ActionChains(page, duration=20).move_to_element(
        slider
    ).click_and_hold().move_by_offset(quarter, 0).release().perform()
    assert _clip(page, card) == pytest.approx(75, abs=0.5)
    _find(page, f"{card} input").send_keys(Keys.HOME)
    assert _clip(page, card) == 0


def test_gallery_order_and_filter(page):
    def names():
        # The scene follows the name.
        return [text.rsplit(" ", 2)[0] for text in _texts(page, ".card h3")]

    assert names() == ["Bee", "c", HOSTILE]
    _select(page, "#order-run", "good")
    assert names() == [HOSTILE, "Bee", "c"]  # c was not measured: last
    _select(page, "#order", "best first")
    assert names() == ["Bee", HOSTILE, "c"]
    _find(page, "#filter").send_keys("bE")
    assert names() == ["Bee"]
    assert _find(page, "#gallery-count").text == (
        "1 of 3 images. 4 more are not in this file."
    )


def test_gallery_shows_what_was_chosen(page, report):
    first = report["images"][0]

    def pictures(part):
        found = page.find_elements(
            "css selector", f".card:first-child .{part} img"
        )
        return [picture.get_attribute("src") for picture in found]

    predictions = {
        name: one["prediction"] for name, one in first["runs"].items()
    }
    assert pictures("tiles") == [
        first["source"],
        first["truth"],
        *predictions.values(),
    ]
    assert pictures("slider") == [first["truth"], predictions["poor"]]
    assert "58.92" in _texts(page, ".card:first-child figure")[4]
    _find(page, "#shown-0").click()
    _find(page, "#errors").click()
    errors = [first["runs"][name]["error"] for name in ("good", "leaky")]
    assert pictures("tiles") == [first["source"], first["truth"], *errors]
    _select(page, "#before", "error of good")
    _select(page, "#after", "NIR")
    assert pictures("slider") == [first["source"], errors[0]]
    # A run that failed on an image has no picture of it.
    assert _texts(page, ".card:nth-child(2) .tiles .absent") == ["no image"]


def test_large_view_by_keyboard(page):
    tile = _find(page, ".card:first-child figure:nth-child(4) button")
    tile.send_keys(Keys.ENTER)
    assert _find(page, "#large").get_attribute("open")
    assert _find(page, "#large-name").text == "Bee"
    assert _texts(page, "#large .slider span") == ["good", "truth"]
    assert _texts(page, "#large-metrics tbody tr")[0] == (
        "std PSNR ↑ dB 9.00 22.00 58.92"
    )
    page.switch_to.active_element.send_keys(Keys.END)
    assert _clip(page, "#large .slider") == 100
    _find(page, "#next").click()
    assert _find(page, "#large-name").text == "c"
    page.switch_to.active_element.send_keys(Keys.ESCAPE)
    assert _find(page, "#large").get_attribute("open") is None


def test_a_report_of_one_run_without_images(browser, report, tmp_path):
    bare = {
        **report,
        "runs": [{**report["runs"][2], "card": None}],
        "robustness": None,
        "unloadable": [],
        "differences": [],
        "images": [],
        "reported": [],
    }
    html.write(tmp_path / "report.html", bare)
    browser.get((tmp_path / "report.html").as_uri())
    assert browser.get_log("browser") == []
    headings = ["Methods", "The runs"]
    assert [text for text in _texts(browser, "h2") if text] == headings
