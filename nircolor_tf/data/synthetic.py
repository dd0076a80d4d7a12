"""Synthetic NIR/RGB pairs: procedural landscapes for tests and the demo.

A scene is one map of materials. Both images are rendered from it with the
same light and shading, so what tells NIR from RGB is what does so outdoors:
the reflectance of the material. Leaves are green and bright in NIR, a clear
sky and water are dark in NIR, and dyed things of any color share one NIR
reflectance, so that NIR alone cannot tell them apart.

The sky is light, not a material: its radiance falls as about 1/wavelength^4
(Rayleigh), from blue to nearly black in NIR, and pales towards the horizon.
"""

import os
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from nircolor_tf.data.materials import MATERIALS
from nircolor_tf.images import conversions, image_files

_INDEX = {name: index for index, name in enumerate(MATERIALS)}
_REFLECTANCE = np.array(list(MATERIALS.values()), np.float32)[:, :4]
_TEXTURE = np.array(list(MATERIALS.values()), np.float32)[:, 4]
_DYES = ("red dye", "blue dye", "yellow dye")
_ZENITH = np.array([0.10, 0.20, 0.45, 0.05], np.float32)
_HORIZON = np.array([0.36, 0.42, 0.50, 0.16], np.float32)
_CLOUD = np.array([0.72, 0.73, 0.75, 0.66], np.float32)
_EXPOSURE = np.array([1.7, 1.7, 1.7, 1.3], np.float32)
# NIR light passes haze better than visible light (1/wavelength^n, n near 1.3).
_HAZE = np.array([1.0, 1.0, 1.0, 0.6], np.float32)


def write_dataset(
    folder: str | os.PathLike,
    count: int,
    height: int,
    width: int,
    *,
    bits: int = 8,
    seed: int = 0,
) -> None:
    """Writes nir/ and rgb/ PNG folders for `--layout=folder`.

    Every pair is a scene of its own.

    Args:
        folder: Made when absent; files of the same names are replaced.
        count: Number of pairs.
        height: Pixels, at least 16.
        width: Pixels, at least 16.
        bits: 8 or 16.
        seed: Pair i is `make_pair((seed, i), ...)`.

    Raises:
        InputError: A file cannot be written.
        ValueError: As `make_pair`.
    """
    folder = Path(folder)
    for kind in ("nir", "rgb"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for index in tqdm(range(count), desc="synthetic pairs", unit="pair"):
        nir, rgb = make_pair((seed, index), height, width, bits)
        name = f"synthetic_{index:04d}.png"
        image_files.write_image(folder / "nir" / name, nir)
        image_files.write_image(folder / "rgb" / name, rgb)


def make_pair(
    seed: int | tuple[int, ...], height: int, width: int, bits: int = 8
) -> tuple[np.ndarray, np.ndarray]:
    """Renders one landscape.

    Args:
        seed: The same seed and size give the same pair.
        height: Pixels, at least 16.
        width: Pixels, at least 16.
        bits: 8 or 16.

    Returns:
        nir (H, W, 1) and rgb (H, W, 3), uint8 or uint16.

    Raises:
        ValueError: The size is below 16 or bits are neither 8 nor 16.
    """
    if min(height, width) < 16:
        raise ValueError(f"expected at least 16x16, got {height}x{width}")
    rng = np.random.default_rng(seed)
    canvas = _Canvas(rng, height, width)
    horizon = rng.uniform(0.28, 0.55)
    sky = _sky(rng, height, width, horizon)
    _paint_ridges(canvas, horizon)
    _paint_ground(canvas, horizon)
    if rng.random() < 0.35:
        _paint_lake(canvas, horizon)
    if rng.random() < 0.45:
        _paint_road(canvas, horizon)
    _paint_things(canvas, horizon)
    radiance = _light(canvas, sky)
    noise = rng.standard_normal(radiance.shape, dtype=np.float32)
    # A lens blurs by about half a pixel; a sensor adds a little noise.
    values = _srgb(cv2.GaussianBlur(radiance, (3, 3), 0.5)) + 0.008 * noise
    integers = conversions.to_integers(values, bits)
    return integers[..., 3:], np.ascontiguousarray(integers[..., :3])


class _Canvas:
    """What is painted, back to front: material, shade and haze per pixel.

    Coordinates are (x, y) in fractions of the width and the height.
    """

    def __init__(self, rng: np.random.Generator, height: int, width: int):
        self.rng = rng
        self.height = height
        self.width = width
        self.size = (height, width)
        self.material = np.zeros(self.size, np.uint8)
        self.shade = np.ones(self.size, np.float32)
        self.haze = np.zeros(self.size, np.float32)

    def fill(self, mask, material, shade, haze):
        """Paints where mask (H, W) is true; shade is (H, W), haze a number."""
        self.material[mask] = _INDEX[material]
        self.shade[mask] = shade[mask]
        self.haze[mask] = haze

    def _pixel(self, point):
        return round(point[0] * self.width), round(point[1] * self.height)

    def polygon(self, points, material, shade=1.0, haze=0.0):
        size = (self.width, self.height)
        points = np.rint(np.multiply(points, size)).astype(np.int32)
        cv2.fillPoly(self.material, [points], _INDEX[material])
        cv2.fillPoly(self.shade, [points], shade)
        cv2.fillPoly(self.haze, [points], haze)

    def disc(self, center, radius, material, shade=1.0, haze=0.0):
        """Paints a disc; radius in fractions of the height."""
        center = self._pixel(center)
        radius = max(round(radius * self.height), 1)
        cv2.circle(self.material, center, radius, _INDEX[material], -1)
        cv2.circle(self.shade, center, radius, shade, -1)
        cv2.circle(self.haze, center, radius, haze, -1)

    def shadow(self, center, radius):
        """Darkens a flat ellipse on the ground."""
        center = self._pixel(center)
        axes = (round(radius * self.height), round(radius * self.height / 4))
        cv2.ellipse(self.shade, center, axes, 0, 0, 360, 0.4, -1)


def _fractal(rng, size, cells, octaves=4):
    """Smooth noise of about unit variance.

    size = (height, width); cells = rows and columns of the coarsest octave.
    """
    height, width = size
    rows, columns = cells
    total = np.zeros(size, np.float32)
    for octave in range(octaves):
        shape = (rows * 2**octave + 1, columns * 2**octave + 1)
        grid = rng.standard_normal(shape, dtype=np.float32)
        total += cv2.resize(
            grid, (width, height), interpolation=cv2.INTER_CUBIC
        ) / np.float32(2**octave)
    return total


def _sky(rng, height, width, horizon):
    """Radiance of the sky, (H, W, 4): a gradient with some clouds."""
    rise = np.linspace(0, 1, height, dtype=np.float32) / horizon
    blend = np.clip(rise, 0, 1)[:, None, None] ** 1.5
    sky = _ZENITH + (_HORIZON - _ZENITH) * blend
    cover = rng.uniform(-0.6, 1.6)
    density = _fractal(rng, (height, width), (5, 2)) - cover
    alpha = np.clip(density, 0, 1)[..., None]
    # Thick clouds are darker below.
    cloud = _CLOUD * (1 - 0.25 * np.clip(density - 0.8, 0, 1)[..., None])
    return sky + (cloud - sky) * alpha


def _paint_ridges(canvas, horizon):
    """Mountains with rock and snow, then wooded hills, back to front."""
    rng = canvas.rng
    height, width = canvas.height, canvas.width
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    relief = _fractal(rng, canvas.size, (6, 6))
    layers = int(rng.integers(1, 4))
    mountains = rng.random() < 0.6
    for layer in range(layers):
        distance = 1 - layer / layers
        rough = mountains and layer == 0
        ridge = _fractal(rng, (1, width), (1, 3 if rough else 2), 5)
        crest = horizon - 0.10 * distance
        crest = crest - (0.09 if rough else 0.03) * (1 + ridge)
        shade = 0.75 + 0.15 * relief
        haze = 0.4 * distance
        depth = y - crest + 0.03 * relief
        inside = y > crest
        if rough:
            canvas.fill(inside, "rock", 1.1 * shade, haze)
            canvas.fill(
                inside & (depth < rng.uniform(-0.02, 0.12)), "snow", shade, haze
            )
            canvas.fill(inside & (depth > 0.14), "conifer", shade, haze)
        else:
            wood = "leaves" if rng.random() < 0.5 else "conifer"
            canvas.fill(inside, wood, shade, haze)
            if rng.random() < 0.5:
                canvas.fill(inside & (relief > 0.7), "grass", shade, haze)


def _paint_ground(canvas, horizon):
    """Fields in perspective: strips of equal height in the logarithm."""
    rng = canvas.rng
    height, width = canvas.height, canvas.width
    first = int(horizon * height)
    fall = (np.arange(height - first, dtype=np.float32) + 0.5) / (
        height - first
    )
    depth = np.repeat(1 / (fall[:, None] + 0.06), width, axis=1)
    side = np.linspace(-0.5, 0.5, width, dtype=np.float32) * depth
    wobble = _fractal(rng, (height - first, width), (3, 3))
    row = (np.log(depth) * 1.3 + rng.uniform(0, 9) + 0.06 * wobble).astype(int)
    column = np.floor(side * 0.5 + rng.uniform(0, 1, 16)[row % 16] + 40)
    choice = rng.choice(
        ["grass", "dry grass", "soil"], (16, 97), p=rng.dirichlet((3, 1, 1))
    )
    cover = choice[row % 16, column.astype(int) % 97]
    # One noise image laid on the ground gives texture that shrinks far away.
    noise = _fractal(rng, (256, 256), (32, 32), 3)
    texture = cv2.remap(
        noise,
        side * 40 + 128,
        depth * 60,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_WRAP,
    )
    shade = np.ones(canvas.size, np.float32)
    shade[first:] = 0.95 + 0.12 * texture * np.sqrt(fall)[:, None]
    for material in ("grass", "dry grass", "soil"):
        mask = np.zeros(canvas.size, bool)
        mask[first:] = cover == material
        canvas.fill(mask, material, shade, 0.0)


def _paint_lake(canvas, horizon):
    rng = canvas.rng
    y, x = np.mgrid[0 : canvas.height, 0 : canvas.width].astype(np.float32)
    y, x = y / canvas.height, x / canvas.width
    middle = horizon + rng.uniform(0.12, 0.3)
    shore = 0.25 * _fractal(rng, canvas.size, (3, 3))
    radius = np.hypot(
        (x - rng.uniform(0.2, 0.8)) / rng.uniform(0.3, 0.6),
        (y - middle) / rng.uniform(0.06, 0.12),
    )
    lake = (radius + shore < 1) & (y > horizon)
    ripples = 1 + 0.15 * _fractal(rng, canvas.size, (40, 3), 2)
    canvas.fill(lake, "water", ripples, 0.0)


def _paint_road(canvas, horizon):
    rng = canvas.rng
    far, near = rng.uniform(0.2, 0.8), rng.uniform(0, 1)
    surface = rng.choice(["asphalt", "concrete", "soil"], p=[0.6, 0.2, 0.2])
    fall = np.linspace(0, 1, 12)
    middle = far + (near - far) * fall + 0.1 * np.sin(fall * np.pi)
    half = 0.006 + 0.14 * fall
    y = horizon + (1 - horizon) * fall
    left = np.stack([middle - half, y], axis=1)
    right = np.stack([middle + half, y], axis=1)
    canvas.polygon(np.concatenate([left, right[::-1]]), surface, 0.95)


def _paint_things(canvas, horizon):
    """Trees, houses and dyed things, the far ones first."""
    rng = canvas.rng
    painters = [_paint_tree] * int(rng.integers(3, 16))
    painters += [_paint_house] * int(rng.choice([0, 0, 1, 2, 4]))
    painters += [_paint_dyed] * int(rng.integers(0, 5))
    # Squared: most things are far away, as in a real view.
    falls = rng.uniform(0.02, 0.9, len(painters)) ** 2
    order = rng.permutation(len(painters))
    for fall, which in zip(np.sort(falls), order, strict=True):
        ground = (rng.uniform(0, 1), horizon + (1 - horizon) * fall)
        painters[which](canvas, ground, 0.05 + 0.45 * fall)


def _paint_tree(canvas, ground, size):
    """A trunk and a crown of many small discs, lit from the upper left."""
    rng = canvas.rng
    x, y = ground
    aspect = canvas.height / canvas.width
    conifer = rng.random() < 0.35
    material = "conifer" if conifer else "leaves"
    size *= rng.uniform(0.8, 1.4)
    canvas.shadow((x + 0.2 * size * aspect, y), 0.4 * size)
    trunk = 0.04 * size * aspect
    canvas.polygon(
        [
            (x - trunk, y),
            (x + trunk, y),
            (x + trunk / 2, y - 0.6 * size),
            (x - trunk / 2, y - 0.6 * size),
        ],
        "bark",
        0.7,
    )
    count = int(np.clip(size * canvas.height * 2, 12, 120))
    up = np.sort(rng.uniform(0, 1, count))
    if conifer:
        reach = 0.26 * (1 - up) + 0.01
    else:
        reach = 0.34 * np.sqrt(np.clip(1 - (2 * up - 1) ** 2, 0.02, 1))
    out = rng.uniform(-1, 1, count)
    light = 0.75 + 0.35 * up - 0.25 * out + rng.normal(0, 0.12, count)
    for i in range(count):
        center = (
            x + out[i] * reach[i] * size * aspect,
            y - size * (0.2 + 0.85 * up[i]),
        )
        radius = size * (0.05 if conifer else 0.08)
        canvas.disc(center, radius, material, max(float(light[i]), 0.25))


def _paint_house(canvas, ground, size):
    rng = canvas.rng
    x, y = ground
    aspect = canvas.height / canvas.width
    size *= 0.6
    wide, deep = rng.uniform(0.5, 0.8, 2) * size * aspect
    tall = 0.5 * size
    wall = rng.choice(["white paint", "concrete", "rock"])
    roof = rng.choice(["roof tile", "roof tile", "slate"])

    def box(left, right, top, bottom):
        return [(left, top), (right, top), (right, bottom), (left, bottom)]

    canvas.shadow((x + deep, y), 0.6 * size)
    canvas.polygon(box(x - wide, x, y - tall, y), wall)
    canvas.polygon(box(x, x + deep, y - tall, y), wall, 0.55)
    ridge = y - tall - 0.35 * size
    canvas.polygon(
        [
            (x - 1.1 * wide, y - tall),
            (x - 0.7 * wide, ridge),
            (x + 0.6 * deep, ridge),
            (x + 1.1 * deep, y - tall),
        ],
        roof,
        0.95,
    )
    for left in (0.8, 0.35):
        near = x - left * wide
        window = box(near, near + 0.2 * wide, y - 0.75 * tall, y - 0.4 * tall)
        canvas.polygon(window, "glass")


def _paint_dyed(canvas, ground, size):
    """A tent or a parasol of one dye."""
    rng = canvas.rng
    x, y = ground
    half = 0.25 * size * canvas.height / canvas.width
    top = y - 0.4 * size
    dye = rng.choice(_DYES)
    canvas.shadow((x, y), 0.3 * size)
    canvas.polygon([(x - half, y), (x, top), (x + 0.3 * half, y)], dye, 1.0)
    canvas.polygon([(x + 0.3 * half, y), (x, top), (x + half, y)], dye, 0.6)


def _light(canvas, sky):
    """Radiance (H, W, 4) in the order R, G, B, NIR, exposed."""
    rng = canvas.rng
    grain = _fractal(
        rng, canvas.size, (canvas.height // 4, canvas.width // 4), 2
    )
    strength = _TEXTURE[canvas.material]
    shade = np.clip(canvas.shade * (1 + strength * grain), 0.05, 2)
    warm = rng.uniform(-0.04, 0.08)
    sun = np.array([1 + warm, 1, 1 - warm, 1], np.float32)
    radiance = _REFLECTANCE[canvas.material] * shade[..., None] * sun
    # Water mirrors the sky near the horizon, weakly.
    water = canvas.material == _INDEX["water"]
    radiance[water] += 0.25 * _HORIZON * canvas.shade[water][:, None]
    haze = canvas.haze[..., None] * _HAZE
    radiance += (_HORIZON - radiance) * haze
    radiance = np.where((canvas.material == 0)[..., None], sky, radiance)
    return radiance * _EXPOSURE * np.float32(rng.uniform(0.85, 1.1))


def _srgb(linear):
    """The transfer curve of IEC 61966-2-1; NIR goes through it as well."""
    linear = np.clip(linear, 0, 1)
    return np.where(
        linear <= 0.0031308,
        12.92 * linear,
        1.055 * np.power(linear, 1 / 2.4) - 0.055,
    )
