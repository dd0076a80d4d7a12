"""Functions that the methods with discriminators share."""

from keras import ops

from nircolor_tf import losses
from nircolor_tf.methods.base import Method, Scalars


def judge(
    method: Method, domain: str, real, fake, gan: losses.GanLoss
) -> tuple:
    """What the discriminator of a domain minimises.

    It sees real and generated images in one call, so that its spectral norms
    are estimated once a step. The generated ones come from the method's pool
    'fake_<domain>' and pass no gradient to the generator.

    Args:
        method: Has a network '<domain>_discriminator'.
        domain: 'rgb', say.
        real: (B, H, W, C).
        fake: (B, H, W, C), generated in this step.
        gan: The form of the game.

    Returns:
        The loss, a scalar, and scalars to log: it, and the mean logits, whose
        distance says who is winning.
    """
    name = f"{domain}_discriminator"
    fake = method.pooled(f"fake_{domain}", ops.stop_gradient(fake))
    both = ops.concatenate([real, fake])
    logits = getattr(method, name)(both, training=True)
    real_logits, fake_logits = ops.split(logits, 2)
    loss = gan.discriminator(real_logits, fake_logits)
    scalars: Scalars = {
        f"{name}/gan": loss,
        f"{name}/real_logits": ops.mean(real_logits),
        f"{name}/fake_logits": ops.mean(fake_logits),
    }
    return loss, scalars


def cycle_visuals(colorizer, rgb_to_nir, nir, rgb) -> dict:
    """Both directions of a CycleGAN, there and back, of one pair."""
    fake_rgb, fake_nir = colorizer(nir), rgb_to_nir(rgb)
    return {
        "nir": nir,
        "fake rgb": fake_rgb,
        "cycled nir": rgb_to_nir(fake_rgb),
        "rgb": rgb,
        "fake nir": fake_nir,
        "cycled rgb": colorizer(fake_nir),
    }
