# Trains on NVIDIA GPUs; all other commands, too. The machine has NVIDIA's
# driver and its Container Toolkit, CUDA is in the image:
#   docker build --file docker/train.Dockerfile --tag nircolor-train .
#   docker run --rm --gpus all --volume "$PWD:/data" \
#       --user "$(id -u):$(id -g)" nircolor-train \
#       train --config=configs/landscapes.py:color --workdir=runs/mine \
#       --config.data.manifest=data/manifest.csv

FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/nircolor \
    && pip --python /opt/nircolor/bin/python install --no-cache-dir \
        --constraint constraints.txt "$(echo /wheels/*.whl)[gpu]"

FROM python:3.12-slim-bookworm
COPY --from=build /opt/nircolor /opt/nircolor
RUN useradd --create-home --uid 1000 nircolor \
    && install --directory --owner=nircolor /data
# What the toolkit brings in from the driver. A user without a home, as --user
# makes one, has a cache too.
ENV PATH=/opt/nircolor/bin:$PATH \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    KERAS_HOME=/tmp/keras \
    MPLCONFIGDIR=/tmp/matplotlib
USER 1000
WORKDIR /data
ENTRYPOINT ["nircolor"]
CMD ["--help"]
