"""One network in every program that can run it: image in, image out."""

import dataclasses
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from ml_collections import ConfigDict

from nircolor_tf.benchmarks import limits
from nircolor_tf.benchmarks.rows import Plan
from nircolor_tf.benchmarks.twins import TWINS, make_twin
from nircolor_tf.data import synthetic
from nircolor_tf.export import model_files, onnx_file, tflite
from nircolor_tf.export.fixed_sizes import FixedSizes
from nircolor_tf.export.samples import Samples
from nircolor_tf.images import conversions
from nircolor_tf.inference import runtimes
from nircolor_tf.inference.litert import LitertModel
from nircolor_tf.inference.onnx_model import OnnxModel
from nircolor_tf.methods.base import CHANNELS, InferencePath, Method
from nircolor_tf.training import build

# The reference of the ratios.
EAGER = "PyTorch, eager"
# Of a TFLite file: the kind -> the bytes of an activation and of a weight.
KINDS = {"float32": (4, 4), "dynamic": (4, 1), "int8": (1, 1)}

Program = Callable[[], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Network:
    """A network to be timed.

    Attributes:
        method: Whose network.
        path: The inference path that is this network alone.
        image: (1, H, W, 1) float32 in [0, 1].
        plan: Device and threads.
        folder: For files.
    """

    method: Method
    path: InferencePath
    image: np.ndarray
    plan: Plan
    folder: Path

    @classmethod
    def make(
        cls, config: ConfigDict, path: str | None, plan: Plan, folder: Path
    ) -> "Network":
        """Builds the network of a path of a config, with new weights."""
        config = config.copy_and_resolve_references()
        if "pretrained" in config.network:
            config.network.pretrained = False
        nir, _ = synthetic.make_pair(0, plan.side, plan.side)
        image = conversions.to_float(nir)[None]
        method = build.make_method(config)
        return cls(method, method.inference_path(path), image, plan, folder)

    @property
    def range(self) -> tuple[float, float]:
        """Of the values that the networks see."""
        return tuple(self.method.config.data.value_range)

    def programs(self, compiled: bool) -> dict[str, Program]:
        """Returns every program that this machine has, by name.

        Args:
            compiled: Whether PyTorch's compiler is among them; it takes a
                minute.
        """
        programs = {"SavedModel": self._saved_model()}
        if self.plan.device == "cpu":
            programs |= self._litert()
            if importlib.util.find_spec("tf2onnx") is not None:
                programs["ONNX Runtime"] = self._onnx()
        if self.method.config.network.name in TWINS:
            programs |= self._torch(compiled)
        return programs

    def _saved_model(self) -> Program:
        paths = {"own": self.path}
        model_files.write_saved_model(self.method, paths, self.folder)
        (written,) = self.folder.glob("*/saved_model.pb")
        predict = runtimes.load_saved_model(
            written.parent, "network", self.path.source, self.path.target
        )
        return lambda: predict(self.image)

    def _litert(self) -> dict[str, Program]:
        images = [self.image[0]]
        fixed = FixedSizes(
            kinds=tuple(KINDS),
            sizes=(self.image.shape[1:3],),
            least_db={},
            representative=1,
            threads=self.plan.threads,
        )
        entries = tflite.write_fixed(
            self.method,
            self.path,
            fixed,
            Samples(images, images, "synthetic"),
            self.folder / "model",
        )
        programs = {}
        for entry in entries:
            model = LitertModel(self.folder / entry["file"], self.plan.threads)
            programs[f"LiteRT, {entry['kind']}"] = _bind(
                model.predict, self.image
            )
        return programs

    def _onnx(self) -> Program:
        (written,) = self.folder.glob("*_float32.tflite")
        file = self.folder / "model.onnx"
        onnx_file.write(written, self.path.source, self.path.target, file)
        return _bind(OnnxModel(file, self.plan.threads).predict, self.image)

    def _torch(self, compiled: bool) -> dict[str, Program]:
        device = "cuda" if self.plan.device == "gpu" else "cpu"
        (name,) = self.path.networks
        section = ConfigDict(self.method.config.network)
        section.output_channels = CHANNELS[self.path.target]
        twin = make_twin(section, self.method.networks[name], 1)
        twin = twin.eval().to(device)
        low, high = self.range
        values = low + (high - low) * self.image.transpose(0, 3, 1, 2)
        image = torch.from_numpy(np.ascontiguousarray(values)).to(device)

        def run(network, dtype=None):
            context = torch.autocast(device, dtype, enabled=dtype is not None)
            with torch.inference_mode(), context:
                result = network(image)
            if isinstance(result, tuple):
                result = result[-1]
            result = result.float().cpu().numpy().transpose(0, 2, 3, 1)
            return (result - low) / (high - low)

        programs = {EAGER: lambda: run(twin)}
        # Its compiler writes C++ for a processor.
        if compiled and device == "cpu" and shutil.which("g++"):
            fused = torch.compile(twin)
            programs["PyTorch, compiled"] = lambda: run(fused)
        if limits.has_bfloat16(self.plan):
            programs["PyTorch, bfloat16"] = lambda: run(twin, torch.bfloat16)
        return programs


def _bind(
    predict: Callable[[np.ndarray], np.ndarray], image: np.ndarray
) -> Program:
    return lambda: predict(image)
