"""CoColor: its parameters, from the lists of its convolutions."""

import smoke
from stubs import tiny_method


def biased(inputs, outputs):
    return 16 * inputs * outputs + outputs


def derive_generator(filters, levels, outputs):
    """The parameters of a generator, from its list of convolutions."""
    widths = [filters * min(2**level, 8) for level in range(levels)]
    e1, e2, e3, e4 = widths[:4]
    encoders = zip([1, *widths[:-1]], widths, strict=True)
    # The innermost decoder sees its encoder alone, the others two maps.
    decoders = [
        (widths[-1], widths[-2]),
        *((2 * widths[i], widths[i - 1]) for i in range(levels - 2, 1, -1)),
        (e2 + e4 + e2, e1),
        (e1 + e4 + e3 + e1, outputs),
    ]
    return sum(biased(*sizes) for sizes in (*encoders, *decoders))


def derive_discriminator(filters, channels):
    """Of a discriminator, with the vectors of its three spectral norms."""
    widths = [filters, 2 * filters, 4 * filters, 8 * filters, 1]
    convolutions = zip([channels, *widths[:-1]], widths, strict=True)
    return sum(biased(*sizes) for sizes in convolutions) + sum(widths[1:4])


def test_golden_parameter_counts():
    def derive(filters, levels):
        colorizer = derive_generator(filters, levels, 3)
        translator = derive_generator(filters, levels, 1)
        image = derive_discriminator(filters, 1)
        feature = derive_discriminator(filters, 3)
        return {
            "nir_colorizer": colorizer,
            "gray_colorizer": colorizer,
            "nir_to_gray": translator,
            "gray_to_nir": translator,
            "nir_discriminator": image,
            "gray_discriminator": image,
            "nir_feature_discriminator": feature,
            "gray_feature_discriminator": feature,
        }

    tiny = tiny_method("cocolor")
    assert derive(filters=8, levels=5) == {
        name: network.count_params() for name, network in tiny.networks.items()
    }
    published = smoke.load_config("cocolor", "")
    assert (published.network.filters, published.network.levels) == (64, 8)
    assert published.discriminator.filters == 64
    counts = derive(64, 8)
    assert counts["nir_colorizer"] == 54_968_707
    # Two of three output filters fewer, each 4x4 of 14 * 64 maps and a bias.
    assert counts["nir_to_gray"] == 54_968_707 - 2 * (16 * 14 * 64 + 1)
    assert sum(counts.values()) == 230_875_916
