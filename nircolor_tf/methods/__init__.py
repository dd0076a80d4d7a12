"""Methods by the name a config file gives them."""

from nircolor_tf.methods.atcyclegan import ATCycleGAN
from nircolor_tf.methods.cocolor import CoColor
from nircolor_tf.methods.colornet import ColorNet
from nircolor_tf.methods.cyclegan import CycleGAN
from nircolor_tf.methods.dcgan import DCGAN
from nircolor_tf.methods.ensemble import Ensemble
from nircolor_tf.methods.heteroscedastic import Heteroscedastic
from nircolor_tf.methods.mpfnet import MPFNetMethod
from nircolor_tf.methods.supervised import Supervised
from nircolor_tf.methods.vivid import Vivid

METHODS = {
    "atcyclegan": ATCycleGAN,
    "cocolor": CoColor,
    "colornet": ColorNet,
    "cyclegan": CycleGAN,
    "dcgan": DCGAN,
    "ensemble": Ensemble,
    "heteroscedastic": Heteroscedastic,
    "mpfnet": MPFNetMethod,
    "supervised": Supervised,
    "vivid": Vivid,
}
