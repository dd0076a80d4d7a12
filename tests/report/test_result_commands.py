"""The command that a table names for a row trains what was measured."""

import json
import shlex

from absl import flags
from ml_collections import config_flags

from nircolor_tf.report import result_commands

CONFIG = "configs/supervised.py:unet256,cpu"


def load_config(text):
    """As bin/train.py reads its flags."""
    values, words = flags.FlagValues(), ["test", *shlex.split(text)]
    config_flags.DEFINE_config_file(
        "config", flag_values=values, sys_argv=words
    )
    values(words)
    return values.config


def test_a_command_gives_the_config_that_was_trained(repository, monkeypatch):
    monkeypatch.chdir(repository)
    trained = {
        "data.batch_size": 3,
        "data.zoom": (0.25, 0.75),
        "evaluate.paths": ("n2c", "g2c"),
        "rate.schedule": "cosine",
        "train.mixed_bfloat16": False,
    }
    config = load_config(f"--config={CONFIG}")
    config.update_from_flattened_dict(trained)
    plain = json.loads(config.to_json())
    command = result_commands.train_command("far", CONFIG, plain, "far")
    words = shlex.split(command.replace("\\\n", ""))
    assert words[:1] == ["bin/train.py"]
    assert len(words) == 4 + len(trained)
    again = load_config(shlex.join(w for w in words if "workdir" not in w))
    config.data.manifest = "MANIFEST"
    assert again.to_dict() == config.to_dict()
    # What a flag cannot say is said.
    del plain["loss"]["l1"]
    plain["train"]["speed"] = 1
    command = result_commands.train_command("far", CONFIG, plain, "far")
    assert "# The config now has loss.l1." in command
    assert "# The config no longer has train.speed." in command
