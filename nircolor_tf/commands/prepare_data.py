"""Checks NIR/RGB pairs and writes the manifest.csv that other commands read.

If the folder has problems, all of them are reported at once, and nothing is
written. Otherwise the shift between NIR and RGB of each pair is measured, crops
of one photo are grouped into scenes, and whole scenes are drawn into the splits
train, val and test. --scenes=FILE.csv says instead which pairs show one scene:
a line name,scene for each, or name,scene,split.

Layouts:
  folder    nir/ and rgb/ with the same file names; optionally unpaired/
  vcip2020  NIR/x_nir.png, RGB-Registered/x_rgb_reg.png; optionally RGB-Online/
            (unpaired), Validation/, Testing/
  epfl      <category>/NNNN_nir.tiff and NNNN_rgb.tiff; photos are cut to
            480x480 pairs, written as PNG into the output folder
  scenes    vcip2020/, rgb_nir_scene/ and rgb_nir_more/, each with nir/ and
            rgb/, of the names in the split scenes-strict; photos to train on
            are written into the output folder, shrunk
  multispectral  images of many bands, NIR and color among them: --channel=4,
            and --rgb_bands=3,2,1 where the file does not say which bands are
            red, green and blue; optionally unpaired/

--range says which stored values of the NIR files are black and white, and
--rgb_range, of which there are auto and LOW,HIGH, those of the color files:
  auto        0 and the largest value of a camera of 8, 10, 12, 14 or 16 bit,
              the fewest that hold all of the 16-bit files; of 8-bit files 255
  max         0 and the largest value of each image
  percentile  the values beyond which 0.5 % of each image lie, at either end
  LOW,HIGH    these numbers: right for all images of one camera
The manifest holds them for each image; all commands read them there.

A training keeps its pixels in memory, unless the manifest has shards: then it
reads them as it needs them, and trains on the same batches. Shards are written
beside the manifest where the images to train on have more than --memory_gb GB
of pixels; --shards_of=MANIFEST writes those of a manifest that exists.

Example:
  bin/prepare_data.py --source=pairs --layout=folder --output=data
  (the manifest is then data/manifest.csv)
"""

import shutil

from absl import flags

from nircolor_tf.commands import cli
from nircolor_tf.data import checking, layouts, manifest, prepare, storage
from nircolor_tf.images import channels

_SOURCE = flags.DEFINE_string("source", None, "Folder of the data set.")
_LAYOUT = flags.DEFINE_enum(
    "layout", None, list(layouts.LAYOUTS), "Its layout, see above."
)
_OUTPUT = flags.DEFINE_string("output", None, "Folder for manifest.csv.")
_SPLIT = flags.DEFINE_enum(
    "split",
    "auto",
    prepare.SPLIT_CHOICES,
    "scene: 0.8/0.1/0.1 of whole scenes; test: all of it, to measure a trained "
    "model on; vcip-*, scenes-strict: a shipped list of names; "
    "auto: vcip-strict for vcip2020, scenes-strict for scenes, else scene.",
)
_SCENES = flags.DEFINE_string(
    "scenes", None, "CSV file: name,scene or name,scene,split of every pair."
)
_PATCH = flags.DEFINE_enum(
    "patch",
    "0",
    ["0", "64"],
    "epfl: 64 cuts the photos into patches of 64x64 instead.",
)
_UNPAIRED = flags.DEFINE_string(
    "unpaired", None, "Folder of color photos without NIR."
)
_SEED = flags.DEFINE_integer("seed", 0, "Another seed: another scene split.", 0)
_RANGE = flags.DEFINE_string(
    "range", "auto", "Values of black and white in NIR files."
)
_RGB_RANGE = flags.DEFINE_string(
    "rgb_range", "auto", "Likewise in color files: auto or LOW,HIGH."
)
_CHANNEL = flags.DEFINE_string(
    "channel",
    "gray",
    f"Which channel of a NIR file is NIR: {channels.CHOICES}.",
)
_RGB_BANDS = flags.DEFINE_string(
    "rgb_bands", "", "Red, green and blue of color files of many bands: R,G,B."
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace a manifest.csv, or shards, that exist already."
)
_MEMORY_GB = flags.DEFINE_float(
    "memory_gb",
    storage.MEMORY_GB,
    "Images of more GB of pixels get shards; 0: all do.",
    0.0,
)
_SHARDS_OF = flags.DEFINE_string(
    "shards_of", None, "Write the shards of this manifest.csv, nothing else."
)
flags.register_multi_flags_validator(
    ["source", "layout", "output", "shards_of"],
    lambda values: (
        (values["shards_of"] is None)
        == all(values[name] for name in ("source", "layout", "output"))
    ),
    "--source, --layout and --output must have a value, or --shards_of alone",
)


def main() -> None:
    if _SHARDS_OF.value is not None:
        _write_shards(_SHARDS_OF.value, _OVERWRITE.value)
        return
    _prepare()
    written = f"{_OUTPUT.value}/manifest.csv"
    # Those of the manifest that was overwritten are of other images.
    shutil.rmtree(storage.folder_of(written), ignore_errors=True)
    examples = storage.trained_on(manifest.read_manifest(written))
    if storage.count_bytes(examples) > 1e9 * _MEMORY_GB.value:
        _write_shards(written)


def _write_shards(path: str, overwrite: bool = False) -> None:
    # TensorFlow takes seconds to import: only where it is needed.
    from nircolor_tf.data import shards

    cli.say(shards.write(path, overwrite))


def _prepare() -> None:
    summary = prepare.prepare(
        _SOURCE.value,
        _LAYOUT.value,
        _OUTPUT.value,
        reading=checking.Reading(
            nir_range=_RANGE.value,
            rgb_range=_RGB_RANGE.value,
            channel=_CHANNEL.value,
            rgb_bands=_RGB_BANDS.value,
        ),
        split=_SPLIT.value,
        patch=int(_PATCH.value),
        unpaired=_UNPAIRED.value,
        seed=_SEED.value,
        overwrite=_OVERWRITE.value,
        scene_file=_SCENES.value,
    )
    cli.say(f"{summary}\nwrote {_OUTPUT.value}/manifest.csv")
