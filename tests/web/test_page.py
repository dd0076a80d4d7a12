"""The page in headless Chromium, and what its server gives away."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from browser import headless, requested
from colorizing import write_nir
from selenium.webdriver import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.support.wait import WebDriverWait

from nircolor_tf.data import synthetic
from nircolor_tf.images import image_files
from nircolor_tf.inference import models
from nircolor_tf.inference.colorizer import Colorizer

gradio = pytest.importorskip("gradio")

from nircolor_tf.web import server  # noqa: E402 - it needs gradio
from nircolor_tf.web.events import Events  # noqa: E402
from nircolor_tf.web.uploads import Settings  # noqa: E402

REPOSITORY = Path(__file__).parents[2]
SLIDER_IMAGES = "#slider img[data-testid^=imageslider]"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The URL of the page; it takes files up to 1 MiB."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    other = tmp_path_factory.mktemp("models") / "other"
    shutil.copytree(models.locate("default"), other)
    offered = ["default", str(other)]
    with server.serve(offered, port=port, max_upload=1) as url:
        root = Path(os.environ["GRADIO_TEMP_DIR"])
        assert root.is_dir()
        yield url
    assert not root.exists()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with headless(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """A folder with NIR images of 16 bit, nir/, and what colorize makes."""
    folder = tmp_path_factory.mktemp("images")
    synthetic.write_dataset(folder, 2, 96, 160, bits=16, seed=1)
    command = [sys.executable, REPOSITORY / "bin" / "colorize.py"]
    subprocess.run(
        [*command, f"--input={folder / 'nir'}", f"--output={folder / 'color'}"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
    )
    return folder


@pytest.fixture
def page(browser, site, request):
    """The page, just opened, at the width of the parameter."""
    width = getattr(request, "param", 1200)
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": 844,
            "deviceScaleFactor": 1,
            "mobile": width < 500,
        },
    )
    browser.get(site)
    wait(lambda: find(browser, "#files input[type=file]"))
    yield browser
    assert all(
        url.startswith((site, "data:", "blob:"))
        for url in requested(browser, site)
    )
    levels = {entry["level"] for entry in browser.get_log("browser")}
    assert "SEVERE" not in levels


def wait(condition, seconds=60):
    return WebDriverWait(None, seconds).until(lambda _: condition())


def find(page, selector):
    return page.find_elements("css selector", selector)


def drop(page, *paths):
    """Replaces the files of the page."""
    for button in find(page, "#files button[aria-label=Clear]"):
        button.click()
    wait(lambda: find(page, "#files input[type=file]"))
    find(page, "#files input[type=file]")[0].send_keys(
        "\n".join(map(str, paths))
    )
    # Each has a link when it has been sent.
    wait(lambda: len(find(page, "#files a")) == len(paths))


def press(page, text):
    for button in find(page, "button"):
        if button.text == text:
            button.click()
            return
    raise AssertionError(text)


def links(page):
    return [link.get_attribute("href") for link in find(page, "#results a")]


def pixels(url, folder):
    path = folder / url.rpartition("/")[2]
    with urllib.request.urlopen(url) as answer:
        path.write_bytes(answer.read())
    return image_files.read_image(path)


@pytest.mark.parametrize("page", [1200, 390], indirect=True)
def test_a_visit(page, images, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no image")
    drop(page, broken)
    press(page, "Colorize")
    message = wait(lambda: find(page, "[data-testid=toast-body]"))[0].text
    assert "broken.png: " in message
    assert str(Path(os.environ["GRADIO_TEMP_DIR"])) not in message
    assert links(page) == []
    # The page lives on.
    names = sorted(path.name for path in (images / "nir").iterdir())
    drop(page, *(images / "nir" / name for name in names))
    press(page, "Colorize")
    wait(lambda: len(links(page)) == 2)
    for name, link in zip(names, links(page), strict=True):
        result = pixels(link, tmp_path)
        assert result.dtype == np.uint16
        expected = image_files.read_image(images / "color" / name)
        np.testing.assert_array_equal(result, expected)
    wait(lambda: find(page, "#levels svg"))
    assert "160 x 96 px, 16-bit file" in find(page, "#levels")[0].text
    before, after = wait(lambda: find(page, SLIDER_IMAGES))
    for image in (before, after):
        wait(lambda image=image: image.get_property("naturalWidth") == 160)
    width = page.execute_script("return window.innerWidth")
    overflow = page.execute_script("return document.body.scrollWidth")
    assert overflow <= width


def test_zoom_by_the_wheel(page, images):
    drop(page, images / "nir" / "synthetic_0000.png")
    press(page, "Colorize")
    before, after = wait(lambda: find(page, SLIDER_IMAGES))
    wait(lambda: before.get_property("naturalWidth"))
    page.execute_script("arguments[0].scrollIntoView()", before)
    transform = before.get_attribute("style")
    assert "scale(1)" in transform
    ActionChains(page).scroll_from_origin(
        ScrollOrigin.from_element(before, -90, 60), 0, -300
    ).perform()
    wait(lambda: "scale(1)" not in before.get_attribute("style"))
    # Both halves show the same place, once the zoom has ended.
    wait(lambda: scale(before) == scale(after))
    assert "scale(1)" not in before.get_attribute("style")


def scale(image):
    """The first digits of an image's zoom, as in '(1.33'."""
    return image.get_attribute("style").split("scale")[1][:5]


def test_several_images_have_a_progress_bar(page, images, tmp_path):
    names = [f"{number}.png" for number in range(8)]
    for name in names:
        shutil.copy(images / "nir" / "synthetic_0000.png", tmp_path / name)
    drop(page, *(tmp_path / name for name in names))
    page.execute_script(
        "window.texts = ''; new MutationObserver(() => window.texts += "
        "document.querySelector('#slider').innerText + '\\n').observe("
        "document.body, {childList: true, subtree: true, characterData: true})"
    )
    press(page, "Colorize")
    wait(lambda: len(links(page)) == 8)
    texts = page.execute_script("return window.texts")
    assert re.search(r"[1-8]/8 image", texts)


def test_another_image_is_shown_by_its_name(page, images):
    names = ["synthetic_0000.png", "synthetic_0001.png"]
    drop(page, *(images / "nir" / name for name in names))
    press(page, "Colorize")

    def shown():
        return [
            "/".join(image.get_attribute("src").split("/")[-2:])
            for image in find(page, SLIDER_IMAGES)
        ]

    wait(lambda: len(shown()) == 2)
    assert shown()[0] == f"{names[0]}/before.webp"
    find(page, "input[aria-label=Shown]")[0].click()
    options = wait(lambda: find(page, "[role=option]"))
    assert [option.text.split()[-1] for option in options] == names
    options[1].click()
    after = [f"{names[1]}/{side}.webp" for side in ("before", "after")]
    wait(lambda: shown() == after)


def test_files_are_deleted_when_the_page_is_left(page, images):
    drop(page, images / "nir" / "synthetic_0000.png")
    press(page, "Colorize")
    wait(lambda: links(page))
    root = Path(os.environ["GRADIO_TEMP_DIR"])

    def stored():
        return [path for path in root.rglob("*.*p*") if path.is_file()]

    assert stored()
    page.get("about:blank")
    wait(lambda: not stored())


def status(url, data=None, **headers):
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", str(REPOSITORY / "setup.cfg"), "setup.cfg", "../setup.cfg"],
)
def test_files_of_the_server_are_not_served(site, path):
    assert status(f"{site}gradio_api/file={path}")[0] in (403, 404)


def post(site, name, data):
    body = json.dumps(data).encode()
    headers = {"Content-Type": "application/json"}
    return status(f"{site}gradio_api/{name}", body, **headers)


def submit(site, session, **values):
    """Colorizes as a program would; returns the events of the server."""
    config = json.loads(status(f"{site}config")[1])
    labels = {
        part["id"]: part["props"].get("label") for part in config["components"]
    }
    event = next(
        event
        for event in config["dependencies"]
        if "NIR images, or a video" in map(labels.get, event["inputs"])
    )
    defaults = {
        part["id"]: part["props"].get("value") for part in config["components"]
    }
    data = [
        values.get(labels[part], defaults[part]) for part in event["inputs"]
    ]
    join = {"data": data, "fn_index": event["id"], "session_hash": session}
    assert post(site, "queue/join", join)[0] == 200
    address = f"{site}gradio_api/queue/data?session_hash={session}"
    return status(address)[1].decode()


def test_a_web_address_is_not_fetched(site, monkeypatch):
    asked = []
    lookup = socket.getaddrinfo

    def record(host, *arguments, **options):
        asked.append(host)
        return lookup(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", record)
    for address in ("https://example.com/a.png", "https://hf.co/a.png"):
        assert status(f"{site}gradio_api/file={address}")[0] == 403
        upload = {"path": address, "meta": {"_type": "gradio.FileData"}}
        events = submit(site, "s", **{"NIR images, or a video": [upload]})
        assert '"success":false' in events
    assert set(asked) <= {"127.0.0.1", b"127.0.0.1"}


def test_a_file_of_the_server_is_no_upload(site):
    path = str(REPOSITORY / "docs" / "demo.png")
    upload = {"path": path, "meta": {"_type": "gradio.FileData"}}
    events = submit(site, "s", **{"NIR images, or a video": [upload]})
    assert '"success":false' in events


@pytest.mark.parametrize(("size", "answer"), [(2**19, 200), (2**21, 413)])
def test_the_size_of_uploads_is_bounded(site, size, answer):
    body = (
        b'--b\r\nContent-Disposition: form-data; name="files"; '
        b'filename="a.png"\r\n\r\n' + bytes(size) + b"\r\n--b--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    code, _ = status(f"{site}gradio_api/upload", body, **headers)
    assert code == answer


def test_a_port_in_use_is_one_line(site):
    port = site.rstrip("/").rpartition(":")[2]
    command = [sys.executable, REPOSITORY / "bin" / "web.py", f"--port={port}"]
    result = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert port in result.stderr
    assert "Traceback" not in result.stderr


@pytest.fixture
def events(tmp_path, monkeypatch):
    """Events of a model that fails."""

    def fail(nir):
        raise RuntimeError("/srv/secret")

    events = Events(["default"], tmp_path)
    monkeypatch.setattr(events, "_load", lambda model, path: Colorizer(fail))
    return events


def test_an_error_of_another_kind_says_nothing_of_the_server(tmp_path, events):
    write_nir(tmp_path / "a.png")
    with pytest.raises(gradio.Error) as caught:
        events.colorize([str(tmp_path / "a.png")], Settings(), "session")
    assert caught.value.message == (
        "failed: RuntimeError; the server's log says more"
    )


def test_names_in_messages_are_text(tmp_path, events):
    path = tmp_path / "<img src=x>.png"
    path.write_bytes(b"no image")
    with pytest.raises(gradio.Error) as caught:
        events.colorize([str(path)], Settings(), "session")
    assert caught.value.message.startswith("&lt;img src=x&gt;.png: ")


def test_a_model_that_cannot_be_loaded_keeps_its_folder(tmp_path):
    card = (REPOSITORY / "saved_models" / "default" / "card.json").read_text()
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(card)
    events = Events([str(folder)], tmp_path)
    write_nir(tmp_path / "a.png")
    with pytest.raises(gradio.Error) as caught:
        events.colorize([str(tmp_path / "a.png")], Settings("mine"), "session")
    assert "mine" in caught.value.message
    assert str(tmp_path) not in caught.value.message
