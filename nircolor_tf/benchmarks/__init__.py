"""What the project's speed is compared with, and how it is measured.

twins       the same networks and training steps in plain PyTorch
others      measurements, each a small function, and the page that shows them

Nothing else imports this room; it needs the extra [bench].
"""

import sys

# Of PyTorch's compiler for GPUs; beside TensorFlow its library crashes the
# process as it is loaded (PyTorch 2.14, TensorFlow 2.21). None: not there.
sys.modules.setdefault("triton", None)
