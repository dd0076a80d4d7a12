"""Functions that the methods with discriminators share."""

from keras import ops

from nircolor_tf import losses
from nircolor_tf.methods.base import Losses, Method, Scalars


def cycle_losses(
    method: Method, nir, rgb, fake_nir, fake_rgb, pair: Scalars
) -> tuple[Losses, Scalars]:
    """A CycleGAN's total: GAN, cycle and pair terms, and the discriminators'.

    Source: Zhu et al., ICCV 2017, eq. 1-3; with the pair terms Yang & Chen,
    VCIP 2020, eq. 1, 2 and 5.

    Args:
        method: Has colorizer, rgb_to_nir, a discriminator of either domain,
            `gan`, a losses.GanLoss, and the weights gan, cycle, pair and
            discriminator in config.loss.
        nir: (B, H, W, 1).
        rgb: (B, H, W, 3), of the same scenes or not.
        fake_nir: rgb_to_nir(rgb).
        fake_rgb: colorizer(nir).
        pair: The pair terms, '<network>/pair' -> scalar; may be empty.

    Returns:
        The losses of generator_optimizer and discriminator_optimizer, and
        every term.
    """
    weights = method.config.loss
    cycled_nir = method.rgb_to_nir(fake_rgb, training=True)
    cycled_rgb = method.colorizer(fake_nir, training=True)
    cycle = {  # eq. 2
        "rgb_to_nir/cycle": losses.l1(cycled_nir, nir),
        "colorizer/cycle": losses.l1(cycled_rgb, rgb),
    }
    rgb_logits = method.rgb_discriminator(fake_rgb, training=False)
    nir_logits = method.nir_discriminator(fake_nir, training=False)
    gan = {  # eq. 1, as the generators see it
        "colorizer/gan": method.gan.generator(rgb_logits),
        "rgb_to_nir/gan": method.gan.generator(nir_logits),
    }
    generators = (
        weights.gan * sum(gan.values())
        + weights.cycle * sum(cycle.values())
        + weights.pair * sum(pair.values())
    )
    rgb_loss, rgb_scalars = judge(method, "rgb", rgb, fake_rgb)
    nir_loss, nir_scalars = judge(method, "nir", nir, fake_nir)
    return {
        "generator_optimizer": generators,
        "discriminator_optimizer": weights.discriminator
        * (rgb_loss + nir_loss),
    }, {**gan, **cycle, **pair, **rgb_scalars, **nir_scalars}


def judge(method: Method, domain: str, real, fake) -> tuple:
    """What the discriminator of a domain minimises.

    It sees real and generated images in one call, so that its spectral norms
    are estimated once a step. The generated ones come from the method's pool
    'fake_<domain>' and pass no gradient to the generator.

    Args:
        method: Has a network '<domain>_discriminator' and `gan`, the game.
        domain: 'rgb', say.
        real: (B, H, W, C).
        fake: (B, H, W, C), generated in this step.

    Returns:
        The loss, a scalar, and scalars to log: it, and the mean logits, whose
        distance says who is winning.
    """
    name = f"{domain}_discriminator"
    fake = method.pooled(f"fake_{domain}", ops.stop_gradient(fake))
    both = ops.concatenate([real, fake])
    logits = getattr(method, name)(both, training=True)
    real_logits, fake_logits = ops.split(logits, 2)
    loss = method.gan.discriminator(real_logits, fake_logits)
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
