"""What synthetic landscapes are made of.

The reflectances in `MATERIALS` are typical values for the bands R 600-700 nm,
G 500-600, B 400-500 and NIR 800-1000, rounded by hand to what the curves of
these libraries show for such materials. They make scenes plausible; they are
no measurement of a particular sample.

* USGS Spectral Library Version 7 (Kokaly et al., USGS Data Series 1035, 2017,
  https://doi.org/10.3133/ds1035): vegetation, dry grass, soil, snow, water;
* ECOSTRESS / ASTER Spectral Library (Baldridge et al., Remote Sensing of
  Environment 113, 2009; Meerdink et al., ibid. 230, 2019): conifer, rock,
  asphalt, concrete, roof tile, paint.

The dyes share one NIR value because organic dyes absorb visible light only:
in NIR the fabric shows, whatever its color.
"""

# Reflectance R, G, B, NIR and the strength of the texture.
MATERIALS = {
    "sky": (0.00, 0.00, 0.00, 0.00, 0.00),  # radiance comes from _sky
    "grass": (0.06, 0.11, 0.03, 0.50, 0.12),
    "leaves": (0.04, 0.08, 0.02, 0.44, 0.22),
    "conifer": (0.025, 0.05, 0.025, 0.26, 0.22),
    "dry grass": (0.28, 0.21, 0.11, 0.40, 0.12),
    "soil": (0.15, 0.10, 0.06, 0.24, 0.18),
    "bark": (0.10, 0.075, 0.05, 0.30, 0.20),
    "rock": (0.24, 0.22, 0.20, 0.28, 0.22),
    "snow": (0.78, 0.80, 0.82, 0.70, 0.05),
    "water": (0.02, 0.04, 0.04, 0.005, 0.05),
    "asphalt": (0.09, 0.09, 0.09, 0.11, 0.08),
    "concrete": (0.33, 0.31, 0.27, 0.38, 0.05),
    "white paint": (0.62, 0.60, 0.54, 0.62, 0.03),
    "roof tile": (0.30, 0.13, 0.08, 0.36, 0.10),
    "slate": (0.10, 0.11, 0.12, 0.13, 0.10),
    "glass": (0.04, 0.05, 0.06, 0.04, 0.02),
    "red dye": (0.45, 0.04, 0.05, 0.58, 0.04),
    "blue dye": (0.05, 0.09, 0.38, 0.58, 0.04),
    "yellow dye": (0.58, 0.46, 0.05, 0.58, 0.04),
}
