"""Methods by the name a config file gives them."""

from nircolor_tf.methods.atcyclegan import ATCycleGAN
from nircolor_tf.methods.colornet import ColorNet
from nircolor_tf.methods.cyclegan import CycleGAN
from nircolor_tf.methods.dcgan import DCGAN
from nircolor_tf.methods.supervised import Supervised

METHODS = {
    "atcyclegan": ATCycleGAN,
    "colornet": ColorNet,
    "cyclegan": CycleGAN,
    "dcgan": DCGAN,
    "supervised": Supervised,
}
