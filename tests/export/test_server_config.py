"""The list of models of a server, to which a user may have written."""

import pytest
import server_model

from nircolor_tf.errors import InputError
from nircolor_tf.export import serving


def test_what_a_user_wrote_into_the_config_stays(tmp_path):
    pytest.importorskip("tensorflow_serving")
    models, output = tmp_path / "models", tmp_path
    (models / "a").mkdir(parents=True)
    serving._write_configs(output, models)
    file = models / "models.config"
    text = file.read_text("utf-8")
    policy = "model_version_policy { specific { versions: 3 } }"
    platform = 'model_platform: "tensorflow"'
    file.write_text(text.replace(platform, f"{platform} {policy}"), "utf-8")
    (models / "b").mkdir()
    serving._write_configs(output, models)
    changed = file.read_text("utf-8")
    assert "versions: 3" in changed
    assert changed.count('name: "') == 2
    # Where no model is missing, comments stay, too.
    file.write_text(f"# mine\n{changed}", "utf-8")
    serving._write_configs(output, models)
    assert file.read_text("utf-8") == f"# mine\n{changed}"


def test_a_malformed_config_is_named_before_anything_is_there(tmp_path):
    pytest.importorskip("tensorflow_serving")
    export, output = tmp_path / "export", tmp_path / "server"
    export.mkdir()
    server_model.write_export(export, server_model.Blocks(24, None), ("n2c",))
    (output / "models").mkdir(parents=True)
    file = output / "models" / "models.config"
    for text in ("models: a", "custom_model_config {}"):
        file.write_text(text, "utf-8")
        with pytest.raises(InputError, match=r"models\.config: (not|expected)"):
            serving.write_serving(export, output, 1)
    assert [path.name for path in file.parent.iterdir()] == [file.name]
