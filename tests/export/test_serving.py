"""The folder for a model server, and what calls one."""

import base64
import http.server
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import prediction_server
import pytest
import server_model
import tensorflow as tf

from nircolor_tf.errors import InputError
from nircolor_tf.export import serving, warmup
from nircolor_tf.inference import models

IMAGE = np.random.default_rng(0).integers(0, 256, (31, 45), np.uint8)
FILE = cv2.imencode(".png", IMAGE)[1].tobytes()


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """An export without a fusion, which OpenVINO does not know."""
    folder = tmp_path_factory.mktemp("export")
    method = server_model.Blocks(24, None)
    server_model.write_export(folder, method, ("n2c",))
    return folder


@pytest.fixture(scope="module")
def signatures(export):
    return tf.saved_model.load(str(export / "saved_model")).signatures


@pytest.fixture(scope="module")
def nir():
    return (IMAGE / 255).astype(np.float32)[None, ..., None]


@pytest.fixture(scope="module")
def rgb(export, nir):
    """What our own inference makes of the image."""
    return models.load_export(export, "saved_model")(nir[0])


def levels(png):
    stored = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    return stored[..., ::-1]


def assert_colorized(png, rgb):
    np.testing.assert_allclose(levels(png), 255 * rgb, atol=0.6)


# The folder


@pytest.fixture(scope="module")
def output(export, tmp_path_factory):
    pytest.importorskip("tensorflow_serving")
    output = tmp_path_factory.mktemp("serving")
    serving.write_serving(export, output, 1)
    compose = output / "compose.yaml"
    pinned = compose.read_text().replace("/serving", "/serving:2.19")
    compose.write_text(pinned)
    folder = serving.write_serving(export, output, 2)
    assert folder == output / "models" / "blocks" / "2"
    assert compose.read_text() == pinned  # the user's
    return output


def test_versions_lie_where_the_server_looks(output, nir, rgb):
    models = output / "models"
    assert {path.name for path in models.iterdir()} == {
        "blocks",
        "models.config",
    }
    versions = sorted(path.name for path in (models / "blocks").iterdir())
    assert versions == ["1", "2"]
    loaded = tf.saved_model.load(str(models / "blocks" / "2"))
    result = loaded.signatures["serving_default"](nir=nir)["rgb"][0]
    np.testing.assert_allclose(result, rgb, atol=1e-4)


def test_the_servers_own_parser_reads_the_config(output):
    from google.protobuf import text_format  # noqa: PLC0415 - with the stubs
    from tensorflow_serving.config import (  # noqa: PLC0415
        model_server_config_pb2,
    )

    config = text_format.Parse(
        (output / "models" / "models.config").read_text(),
        model_server_config_pb2.ModelServerConfig(),
    )
    (model,) = config.model_config_list.config
    assert (model.name, model.base_path) == ("blocks", "/models/blocks")
    assert model.model_platform == "tensorflow"


def test_no_folder_breaks_the_config_of_all_models(tmp_path):
    pytest.importorskip("tensorflow_serving")
    from google.protobuf import text_format  # noqa: PLC0415 - with the stubs
    from tensorflow_serving.config import (  # noqa: PLC0415
        model_server_config_pb2,
    )

    names = ['a"b\nc', "b", "Länder"]
    for name in names:
        (tmp_path / "models" / name).mkdir(parents=True)
    serving._write_configs(tmp_path, tmp_path / "models")
    config = text_format.Parse(
        (tmp_path / "models" / "models.config").read_text("utf-8"),
        model_server_config_pb2.ModelServerConfig(),
    )
    models = config.model_config_list.config
    assert {model.name: model.base_path for model in models} == {
        name: f"/models/{name}" for name in names
    }


def test_every_warm_up_request_can_be_answered(output, signatures):
    from tensorflow_serving.apis import (  # noqa: PLC0415
        prediction_log_pb2,
    )

    extra = output / "models" / "blocks" / "1" / "assets.extra"
    records = tf.data.TFRecordDataset(str(extra / warmup.FILE))
    warmed = []
    for record in records.as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        assert request.model_spec.name == "blocks"
        name = request.model_spec.signature_name
        inputs = {
            key: tf.constant(tf.make_ndarray(value))
            for key, value in request.inputs.items()
        }
        (result,) = signatures[name](**inputs).values()
        assert len(result) == 1
        warmed.append(name)
    assert warmed == ["serving_default", "image_bytes", "image_bytes"]


def test_a_version_that_is_there_stays(output, export):
    with pytest.raises(InputError, match=r"blocks/2: exists already"):
        serving.write_serving(export, output, 2)


def test_what_cannot_be_served_writes_nothing(export, tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"version 0: expected .* above 0"):
        serving.write_serving(export, tmp_path / "out", 0)
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "tensorflow_serving.apis", None)
        with pytest.raises(InputError, match=r"nircolor-tf\[serving\]"):
            serving.write_serving(export, tmp_path / "out", 1)
    old = tmp_path / "old"
    old.mkdir()
    card = json.loads((export / "card.json").read_text())
    del card["paths"]["n2c"]["signature"]
    (old / "card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"paths\.n2c\.signature.* again"):
        serving.write_serving(old, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


def test_a_model_that_no_server_can_load_writes_nothing(export, tmp_path):
    copy = shutil.copytree(export, tmp_path / "copy")
    card = json.loads((copy / "card.json").read_text())
    card["paths"]["n2g"] = card["paths"]["n2c"]
    (copy / "card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"copy/saved_model: .*ture 'n2g'"):
        serving.write_serving(copy, tmp_path / "out", 1)
    for part in ("variables/variables.index", "saved_model.pb"):
        (copy / "saved_model" / part).unlink()
        with pytest.raises(InputError, match=f"copy/saved_model/{part}: miss"):
            serving.write_serving(copy, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


# What calls a server


@pytest.fixture
def predict(signatures):
    """Asks a server with the real stubs: (signature, inputs) -> the output."""
    with prediction_server.serving(signatures) as ask:
        yield ask


def test_the_stubs_of_the_prediction_service(predict, nir, rgb):
    import grpc  # noqa: PLC0415 - with the stubs

    result = predict("serving_default", nir=nir)
    np.testing.assert_allclose(result[0], rgb, atol=1e-4)
    small = cv2.imencode(".png", IMAGE[:7])[1].tobytes()
    large, less = predict("image_bytes", image_bytes=[FILE, small])
    assert_colorized(large, rgb)
    assert levels(less).shape == (7, 45, 3)
    with pytest.raises(grpc.RpcError) as failed:
        predict("image_bytes", image_bytes=[b"no image"])
    assert failed.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    (alive,) = predict("image_bytes", image_bytes=[FILE])
    assert alive == large


def decode_json(value):
    """As TensorFlow Serving reads JSON: {"b64": ...} is bytes."""
    if isinstance(value, list):
        return [decode_json(item) for item in value]
    if isinstance(value, dict):
        return base64.b64decode(value["b64"])
    return value


@pytest.fixture
def rest_server(signatures):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            length = int(self.headers["Content-Length"])
            body = json.loads(self.rfile.read(length))
            inputs = {
                key: tf.constant(decode_json(value))
                for key, value in body["inputs"].items()
            }
            try:
                assert self.path == "/v1/models/blocks:predict"
                run = signatures[body["signature_name"]]
                # One output stands for itself; one whose name ends with
                # '_bytes' is written in base64.
                ((name, values),) = run(**inputs).items()
                assert name.endswith("_bytes")
                files = values.numpy().tolist()
                encoded = [base64.b64encode(png).decode() for png in files]
                code = 200
                reply = {"outputs": [{"b64": text} for text in encoded]}
            except tf.errors.InvalidArgumentError as error:
                code, reply = 400, {"error": error.message}
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(reply).encode())

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("localhost", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    yield f"http://localhost:{server.server_port}/v1/models/blocks"
    server.shutdown()
    server.server_close()


def test_the_rest_client(rest_server, repository, rgb):
    file = repository / "examples" / "serving" / "client.py"
    spec = importlib.util.spec_from_file_location("client", file)
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    png = client.colorize(rest_server, FILE)
    assert_colorized(png, rgb)
    with pytest.raises(ValueError, match="expected a PNG or JPEG file"):
        client.colorize(rest_server, b"no image")
    assert client.colorize(rest_server, FILE) == png


def test_the_rest_client_fails_in_one_line(rest_server, repository, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    target = tmp_path / "color.png"
    closed = "http://localhost:9/v1/models/blocks"
    for server, source, message in (
        (closed, "bad.png", f"{closed}: no server answers: [Errno 111]"),
        (rest_server, "gone.png", "gone.png: No such file or directory"),
        (rest_server, "bad.png", "bad.png: expected a PNG or JPEG file"),
    ):
        client = repository / "examples" / "serving" / "client.py"
        result = subprocess.run(
            [sys.executable, client, server, tmp_path / source, target],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1
        assert result.stderr.startswith("error: ")
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not target.exists()


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"]
)
def test_the_rest_client_tells_a_server_that_dies(answer, repository, tmp_path):
    (tmp_path / "a.png").write_bytes(FILE)
    client = repository / "examples" / "serving" / "client.py"
    with socket.create_server(("localhost", 0)) as listener:
        listener.settimeout(60)
        port = listener.getsockname()[1]
        address = f"http://localhost:{port}/v1/models/blocks"
        process = subprocess.Popen(
            [sys.executable, client, address, tmp_path / "a.png", "none.png"],
            stderr=subprocess.PIPE,
            text=True,
        )
        with listener.accept()[0] as connection:
            connection.recv(1 << 20)
            connection.sendall(answer)
            connection.shutdown(socket.SHUT_WR)
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith(f"error: {address}: ")
    assert "None" not in errors
    assert len(errors.splitlines()) == 1


@pytest.mark.slow
def test_saved_model_cli(export, tmp_path, nir, rgb):
    tool = Path(sys.executable).parent / "saved_model_cli"
    if not tool.exists():
        pytest.skip("saved_model_cli is not installed")
    np.save(tmp_path / "nir.npy", nir)
    model = ["--dir", export / "saved_model", "--tag_set", "serve"]
    show = [tool, "show", *model, "--signature_def", "image_bytes"]
    shown = subprocess.run(show, capture_output=True, text=True, check=True)
    assert "inputs['image_bytes'] tensor_info:" in shown.stdout
    assert "outputs['png_bytes'] tensor_info:" in shown.stdout
    run = [tool, "run", *model, "--signature_def", "serving_default"]
    given = ["--inputs", f"nir={tmp_path / 'nir.npy'}", "--outdir", tmp_path]
    subprocess.run([*run, *given], capture_output=True, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "rgb.npy")[0], rgb, atol=1e-4)


@pytest.mark.slow
def test_a_c_program(export, repository, tmp_path, rgb):
    library = Path(tf.sysconfig.get_lib())
    if (
        not shutil.which("cc")
        or not (library / "libtensorflow_cc.so.2").exists()
    ):
        pytest.skip("no C compiler, or no C library of TensorFlow")
    program = tmp_path / "colorize"
    subprocess.run(
        [
            *("cc", "-Wall", "-Werror", f"-I{library}/include"),
            *(repository / "examples/serving/colorize.c", "-o", program),
            *(f"-Wl,-rpath,{library}", f"-L{library}"),
            *("-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"),
        ],
        check=True,
    )
    names = ("image_bytes_image_bytes", "StatefulPartitionedCall")

    def colorize(file):
        (tmp_path / "nir.png").write_bytes(file)
        files = (tmp_path / "nir.png", tmp_path / "color.png")
        return subprocess.run(
            [program, export / "saved_model", *names, *files],
            capture_output=True,
            text=True,
            check=False,
        )

    refused = colorize(b"no image")
    assert refused.returncode == 1
    assert "expected a PNG or JPEG file" in refused.stderr
    assert not (tmp_path / "color.png").exists()
    assert colorize(FILE).returncode == 0
    assert_colorized((tmp_path / "color.png").read_bytes(), rgb)


def test_openvino_runs_it(export, nir, rgb):
    openvino = pytest.importorskip("openvino")
    model = openvino.Core().compile_model(
        export / "saved_model", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    np.testing.assert_allclose(model([nir])[0][0], rgb, atol=1e-4)
