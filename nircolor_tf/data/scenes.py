"""Groups images of the same scene, and splits data without tearing a scene.

Data sets are often several crops of one photo. When one crop is trained on
and another is tested on, the test measures memory. So crops are grouped by
their common local features and kept on one side of every split.
"""

import hashlib
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from tqdm import tqdm

# Larger images are reduced first: features of a scene, not of its pixels.
_LONGEST_SIDE = 512
_FEATURES = 400
_CONTRAST = 0.01  # a quarter of the default: hazy mountains count too
# Level of the brightest pixels to which darker images are brightened.
_BRIGHT = 64
# The strongest features find candidates; all of them decide.
_STRONGEST = 160
_CANDIDATES = 16
_RATIO = 0.8  # Lowe (IJCV 2004), section 7.1
# Chosen on the VCIP 2020 pairs: 206 of the compared pairs of one scene reach
# 10 and none of other scenes does; at 8 and 9 lie three of one, six of other.
_INLIERS = 10
# Crops of one photo differ by a zoom of at most this; a wilder one is chance.
_ZOOM = 2.5


def group_scenes(images: Iterable[np.ndarray]) -> list[int]:
    """Groups images that overlap, or whose mirror images do, or that are equal.

    SIFT features; each of an image's strongest ones votes for the images
    that hold its nearest neighbors, the images with most votes are compared
    in full, and a pair overlaps when at least 10 matches agree on one
    similarity transform (RANSAC). So once more with mirror images. Groups are
    the connected components. The time grows with the square of the number of
    images: a minute for 300, minutes for 1,000. The result is deterministic.

    Args:
        images: (H, W, 3) uint8; they are asked for one at a time.

    Returns:
        A scene number per image, counted from 0 in order of appearance.
    """
    features, equal = [], []
    for image in images:
        features.append(_features(image))
        equal.append(hashlib.sha256(np.ascontiguousarray(image)).digest())
    # Equal images may have no features.
    parents = [equal.index(digest) for digest in equal]
    mirrored = [_mirrored(each) for each in features]

    def root(index):
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for others in (features, mirrored):
        candidates = _candidate_pairs(features, others)
        for i, j in tqdm(candidates, "scenes", unit="comparison"):
            if root(i) != root(j) and _overlap(features[i], others[j]):
                parents[max(root(i), root(j))] = min(root(i), root(j))
    numbers = {}
    return [
        numbers.setdefault(root(index), len(numbers))
        for index in range(len(features))
    ]


def assign_splits(
    scenes: Sequence[object],
    seed: int,
    fractions: tuple[float, float] = (0.1, 0.1),
) -> list[str]:
    """Draws train, val and test, whole scenes each.

    Val and test never grow beyond their fraction, but for the one scene that
    each gets in any case; train gets the rest, and always a scene that is
    larger than their fractions.

    Args:
        scenes: The scene of each example, any hashable value.
        seed: Decides the draw, together with `scenes`.
        fractions: Of the examples for val and for test.

    Returns:
        train, val or test for each example.
    """
    sizes = {}
    for scene in scenes:
        sizes[scene] = sizes.get(scene, 0) + 1
    quotas = {
        split: max(round(fraction * len(scenes)), 1)
        for split, fraction in zip(("val", "test"), fractions, strict=True)
    }
    shuffled = list(sizes)
    np.random.default_rng(seed).shuffle(shuffled)
    # Scenes above the quota come last, the smallest of them first.
    smallest = min(quotas.values())
    shuffled.sort(key=lambda scene: max(sizes[scene], smallest))
    splits = {}
    counts = dict.fromkeys(quotas, 0)
    for scene in shuffled[:-1]:
        for split, quota in quotas.items():
            if counts[split] == 0 or counts[split] + sizes[scene] <= quota:
                counts[split] += sizes[scene]
                splits[scene] = split
                break
    return [splits.get(scene, "train") for scene in scenes]


def _features(image):
    """Positions (N, 2) and RootSIFT descriptors (N, 128), strongest first."""
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    scale = _LONGEST_SIDE / max(gray.shape)
    if scale < 1:
        height, width = (max(1, round(side * scale)) for side in gray.shape)
        gray = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA)
    # SIFT's contrast is one of levels; a dark image has little.
    bright = np.percentile(gray, 99.5)
    if 0 < bright < _BRIGHT:
        gray = cv2.convertScaleAbs(gray, alpha=_BRIGHT / bright)
    sift = cv2.SIFT_create(_FEATURES, contrastThreshold=_CONTRAST)
    points, descriptors = sift.detectAndCompute(gray, None)
    if descriptors is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32)
    order = np.argsort([-point.response for point in points], kind="stable")
    positions = np.array([points[i].pt for i in order], np.float32)
    # RootSIFT (Arandjelovic and Zisserman, CVPR 2012): unit length as well.
    total = np.maximum(descriptors.sum(axis=1, keepdims=True), 1e-9)
    return positions, np.sqrt(descriptors / total)[order]


def _mirrored(features):
    """What `_features` finds in the mirror image, but for its origin."""
    positions, descriptors = features
    # 4 x 4 cells, (row, column), of the gradients of 8 directions, each.
    cells = descriptors.reshape(-1, 4, 4, 8)[:, ::-1][..., -np.arange(8) % 8]
    return positions * np.float32([-1, 1]), cells.reshape(-1, 128)


def _strongest(features):
    strongest = np.zeros((len(features), _STRONGEST, 128), np.float32)
    for slot, (_, descriptors) in zip(strongest, features, strict=True):
        slot[: len(descriptors)] = descriptors[:_STRONGEST]
    return strongest


def _candidate_pairs(features, others):
    """Pairs (i, j), i < j, whose features and others to compare in full."""
    count = len(features)
    if count < 2:
        return []
    strongest = _strongest(features)
    columns = np.ascontiguousarray(_strongest(others).reshape(-1, 128).T)
    votes = np.zeros((count, count), np.int64)
    neighbors = min(4, count - 1)
    for index in tqdm(range(count), "candidates", unit="image"):
        similarity = (strongest[index] @ columns).reshape(
            _STRONGEST, count, _STRONGEST
        )
        best = similarity.max(axis=2)
        best[:, index] = -1
        nearest = np.argpartition(-best, neighbors - 1, axis=1)[:, :neighbors]
        votes[index] = np.bincount(nearest.ravel(), minlength=count)
    votes += votes.T
    np.fill_diagonal(votes, -1)
    partners = np.argsort(-votes, axis=1, kind="stable")[:, :_CANDIDATES]
    return sorted(
        {
            (min(i, int(j)), max(i, int(j)))
            for i in range(count)
            for j in partners[i]
            if i != j
        }
    )


def _overlap(first, second):
    """Whether enough features agree on one similarity transform."""
    (points, descriptors), (other_points, other_descriptors) = first, second
    if min(len(points), len(other_points)) < _INLIERS:
        return False
    matches = cv2.BFMatcher().knnMatch(descriptors, other_descriptors, k=2)
    good = [a for a, b in matches if a.distance < _RATIO * b.distance]
    if len(good) < _INLIERS:
        return False
    transform, inliers = cv2.estimateAffinePartial2D(
        points[[match.queryIdx for match in good]],
        other_points[[match.trainIdx for match in good]],
        ransacReprojThreshold=3,
    )
    if transform is None or inliers.sum() < _INLIERS:
        return False
    zoom = np.hypot(transform[0, 0], transform[1, 0])
    return bool(1 / _ZOOM < zoom < _ZOOM)
