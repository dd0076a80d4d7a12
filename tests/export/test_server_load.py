"""A server under load: every request is answered, with its own answer."""

import random
import resource
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import prediction_server
import pytest
import server_model
import tensorflow as tf

CLIENTS = 16
SIZES = ((1, 1), (1, 37), (24, 24), (31, 45), (64, 48))
# Larger than any other of these requests by a factor of 300.
HUGE = (1024, 1024)


def png(image):
    return cv2.imencode(".png", image)[1].tobytes()


def make_files(seed):
    """Files of every kind by name; each is an image of its own."""
    generator = np.random.default_rng(seed)

    def noise(size, dtype=np.uint8):
        return generator.integers(0, np.iinfo(dtype).max, size, dtype)

    files = {
        f"{height}x{width}, {number}": png(noise((height, width), dtype))
        for height, width in SIZES
        for number, dtype in enumerate([np.uint8, np.uint8, np.uint16] * 4)
    }
    files |= {
        f"1x1, {level}": png(np.full((1, 1), level, np.uint8))
        for level in (0, 128, 255)
    }
    files["huge"] = png(noise(HUGE))
    whole = png(noise((31, 45)))
    refused = {
        "empty": b"",
        "text": b"no image",
        "cut off": whole[:-20],
        "color": png(noise((9, 9, 3))),
        # Says that it has 2^31 - 1 rows.
        "claims": whole[:20] + b"\x7f\xff\xff\xff" + whole[24:],
    }
    return files, refused


def draw_requests(count, files, refused):
    """Names, a tenth of them odd: malformed, huge, or of one pixel."""
    draw = random.Random(0)
    odd = [*refused, *(name for name in files if name.startswith("1x1,"))]
    usual = [name for name in files if name not in (*odd, "huge")]
    return [
        # A huge one takes as long as hundreds.
        ("huge" if draw.random() < 0.02 else draw.choice(odd))
        if draw.random() < 0.1
        else draw.choice(usual)
        for _ in range(count)
    ]


def resident():
    """Memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


@pytest.mark.parametrize(
    "count", [160, pytest.param(10_000, marks=pytest.mark.slow)]
)
def test_every_request_gets_its_own_answer(count, tmp_path, record_property):
    grpc = pytest.importorskip("grpc")
    method = server_model.Blocks(24, None)
    server_model.write_export(tmp_path, method, ("n2c",))
    loaded = tf.saved_model.load(str(tmp_path / "saved_model"))
    files, refused = make_files(0)
    requests = draw_requests(count, files, refused)
    with prediction_server.serving(loaded.signatures, threads=4) as ask:

        def answer(name):
            file = files.get(name) or refused[name]
            try:
                (result,) = ask("image_bytes", image_bytes=[file])
            except grpc.RpcError as error:
                return error.code()
            return result

        # One at a time, and the largest, for what memory it takes.
        expected = {name: answer(name) for name in files}
        own = [expected[name] for name in files if "1x1," not in name]
        assert len(set(own)) == len(own)
        bad = grpc.StatusCode.INVALID_ARGUMENT
        expected |= dict.fromkeys(refused, bad)
        tenth = count // 10
        memory, wrong = [], 0
        with ThreadPoolExecutor(CLIENTS) as clients:
            for start in range(0, count, tenth):
                names = requests[start : start + tenth]
                answers = clients.map(answer, names)
                wrong += sum(
                    result != expected[name]
                    for name, result in zip(names, answers, strict=True)
                )
                memory.append(resident())
    record_property("memory", memory)
    print(f"{count} requests, {wrong} wrong answers, memory {memory} MB")
    assert wrong == 0
    # Flat: the last fifth needs no more than the second and third tenth.
    assert max(memory[-2:]) < 1.05 * max(memory[1:3])
