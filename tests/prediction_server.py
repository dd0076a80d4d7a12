"""TensorFlow Serving's protocol, with its own stubs, before a SavedModel."""

import contextlib
from concurrent import futures

import pytest
import tensorflow as tf


@contextlib.contextmanager
def serving(signatures, threads=2):
    """Runs a server; gives (signature, inputs) -> the output.

    Any number of threads may ask.
    """
    grpc = pytest.importorskip("grpc")
    pytest.importorskip("tensorflow_serving")
    from tensorflow_serving.apis import (  # noqa: PLC0415
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802 - the stubs' name
            inputs = {
                key: tf.constant(tf.make_ndarray(value))
                for key, value in request.inputs.items()
            }
            response = predict_pb2.PredictResponse()
            try:
                run = signatures[request.model_spec.signature_name]
                outputs = run(**inputs)
            except tf.errors.InvalidArgumentError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, error.message)
            for key, value in outputs.items():
                response.outputs[key].CopyFrom(tf.make_tensor_proto(value))
            return response

    def ask(signature, **inputs):
        request = predict_pb2.PredictRequest()
        request.model_spec.signature_name = signature
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        (result,) = stub.Predict(request, timeout=600).outputs.values()
        return tf.make_ndarray(result)

    server = grpc.server(futures.ThreadPoolExecutor(threads))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        Service(), server
    )
    port = server.add_insecure_port("localhost:0")
    server.start()
    sizes = ("send", "receive")
    options = [(f"grpc.max_{way}_message_length", 2**26) for way in sizes]
    with grpc.insecure_channel(f"localhost:{port}", options) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        yield ask
    server.stop(None)
