# Colorizes, without TensorFlow:
#   docker build --file docker/colorize.Dockerfile --tag nircolor .
#   docker run --rm --volume "$PWD:/data" --user "$(id -u):$(id -g)" nircolor \
#       colorize --input=nir --output=color

FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/nircolor \
    && pip --python /opt/nircolor/bin/python install --no-cache-dir \
        --constraint constraints.txt /wheels/*.whl
WORKDIR /opt/nircolor/lib/python3.12/site-packages
# The SavedModels are for TensorFlow alone; the TFLite files are the same models.
# The other two are never loaded to colorize on a processor.
RUN rm -r nircolor_tf/saved_models/*/saved_model \
    && rm ai_edge_litert/libLiteRtWebGpuAccelerator.so \
    && find numpy -type d -name tests -prune -exec rm -r {} +

FROM python:3.12-slim-bookworm
COPY --from=build /opt/nircolor /opt/nircolor
RUN useradd --uid 1000 nircolor && install --directory --owner=nircolor /data
ENV PATH=/opt/nircolor/bin:$PATH
USER 1000
WORKDIR /data
ENTRYPOINT ["nircolor"]
CMD ["--help"]
