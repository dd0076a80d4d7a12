"""Lays out exports as TensorFlow Serving wants them.

    OUTPUT/
        compose.yaml            starts the server in a container
        models/
            models.config       every model below, for the server
            NAME/VERSION/       the SavedModel of an export, and in
                                assets.extra/ the requests that warm it up

A running server picks up a new version of a model by itself.
"""

import os
import shutil
import tempfile
from pathlib import Path

from nircolor_tf import files
from nircolor_tf.errors import InputError
from nircolor_tf.export import warmup
from nircolor_tf.inference import cards, runtimes

_COMPOSE = """\
# docker compose up; 8500 is gRPC, 8501 REST.
services:
  nircolor:
    image: tensorflow/serving
    command:
      - --model_config_file=/models/models.config
      # Seconds after which it looks for models added to the file.
      - --model_config_file_poll_wait_seconds=60
    ports:
      - "8500:8500"
      - "8501:8501"
    volumes:
      - ./models:/models:ro
    restart: unless-stopped
"""

_MODELS = "models.config"

_AGAIN = "export it again with bin/export.py --from_export"


def write_serving(
    export: str | os.PathLike, output: str | os.PathLike, version: int
) -> Path:
    """Adds a version of an export to a folder that a server reads.

    Args:
        export: An export folder.
        output: The folder, as above; it may hold other models.
        version: Of this export there, from 1 on; the server runs the highest.

    Returns:
        The folder of the version.

    Raises:
        InputError: The export is none, or too old to hold the signatures for
            a server, or its SavedModel cannot be loaded or has not all that
            the card says; the version is there, or not above 0; models.config
            is malformed; or the package tensorflow-serving-api is not
            installed. Nothing is written then.
    """
    if version < 1:
        raise InputError(f"version {version}: expected a whole number above 0")
    card = cards.read_card(export)
    source = _whole_model(Path(export), card)
    models = Path(output) / "models"
    target = models / card["name"] / str(version)
    if target.exists():
        raise InputError(
            f"{target}: exists already; choose another version, as a server "
            "does not read one twice"
        )
    if models.is_dir():
        _describe(models)  # a malformed file is named before anything is there
    requests = list(warmup.make_requests(card))
    target.parent.mkdir(parents=True, exist_ok=True)
    # Renamed when it is whole: the server reads whatever is called a number.
    with tempfile.TemporaryDirectory(
        prefix=".version-", dir=target.parent
    ) as folder:
        copy = Path(folder) / "model"
        shutil.copytree(source, copy)
        warmup.write(requests, copy)
        files.sync_folder(copy)
        copy.replace(target)
    _write_configs(Path(output), models)
    return target


def _whole_model(export: Path, card: dict) -> Path:
    """Returns the folder of the SavedModel, if it is one for a server."""
    first, about = next(iter(card["paths"].items()))
    if "signature" not in about:
        raise InputError(
            f"{export / cards.CARD_FILE}: key 'paths.{first}.signature' is "
            "missing: an older version wrote this export, whose SavedModel "
            f"holds the network alone; {_AGAIN}"
        )
    folder = cards.model_file(export, card, first, "saved_model")
    signatures = runtimes.load_signatures(folder)
    for path in card["paths"]:
        for name in warmup.signatures(card, path):
            if name not in signatures:
                raise InputError(
                    f"{folder}: has no signature {name!r}, which a server "
                    f"needs for the path {path} in card.json; it has: "
                    f"{', '.join(signatures) or 'none'}; {_AGAIN}"
                )
    return folder


def _write_configs(output: Path, models: Path) -> None:
    texts = {models / _MODELS: _describe(models)}
    compose = output / "compose.yaml"
    if not compose.exists():  # it is the user's from then on
        texts[compose] = _COMPOSE
    for file, text in texts.items():
        with files.replacing(file) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _describe(models: Path) -> str:
    """Returns the server's configuration, with the models that it lacks.

    Where it lacks none, it stays as it is; else its comments are lost.

    Raises:
        InputError: The one that is there is malformed, or no list of models.
    """
    from google.protobuf import text_format  # noqa: PLC0415 - with the extra
    from tensorflow_serving.config import (  # noqa: PLC0415
        model_server_config_pb2,
    )

    config = model_server_config_pb2.ModelServerConfig()
    file, text = models / _MODELS, ""
    if file.exists():  # what the user has written there stays
        try:
            text = file.read_text(encoding="utf-8")
            text_format.Parse(text, config)
        except (text_format.ParseError, UnicodeDecodeError) as error:
            raise InputError(
                f"{file}: not a configuration of a model server: {error}"
            ) from error
        if config.WhichOneof("config") == "custom_model_config":
            raise InputError(f"{file}: expected model_config_list")
    known = {model.name for model in config.model_config_list.config}
    folders = (path.name for path in models.iterdir() if path.is_dir())
    missing = sorted(set(folders) - known)
    for name in missing:
        config.model_config_list.config.add(
            name=name,
            # Inside the container.
            base_path=f"/models/{name}",
            model_platform="tensorflow",
        )
    if text and not missing:
        return text
    return text_format.MessageToString(config, as_utf8=True)
