"""Methods by the name a config file gives them."""

from nircolor_tf.methods.colornet import ColorNet
from nircolor_tf.methods.supervised import Supervised

METHODS = {
    "colornet": ColorNet,
    "supervised": Supervised,
}
