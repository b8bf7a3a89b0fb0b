"""The ONNX graph of all-MiniLM-L6-v2 (BERT, six layers), mean pooling and L2 norm included, built from its weights."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HIDDEN = 384
HEADS = 12
LAYERS = 6
LAYER_NORM_EPSILON = 1e-12
FUSED = "com.microsoft"

Weights = Mapping[str, np.ndarray]


def build_graph(weights: Weights) -> bytes:
    """Return the serialised model: `ids` and `mask` (int32, texts × tokens) in, `embedding` (texts × 384) out."""
    graph = _Graph()
    hidden = _add_embeddings(graph, weights)
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}."
        hidden = _add_layer(
            graph, {k.removeprefix(prefix): v for k, v in weights.items() if k.startswith(prefix)}, hidden
        )
    _add_pooling(graph, hidden)
    return graph.serialise()


class _Graph:
    """Nodes and constants, each value under a name of its own."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, inputs: Iterable[str], *, name: str = "", domain: str = "", **attributes: Any) -> str:
        output = name or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], domain=domain, **attributes))
        return output

    def serialise(self) -> bytes:
        shape = ["texts", "tokens"]
        graph = helper.make_graph(
            self.nodes,
            "all-MiniLM-L6-v2",
            [helper.make_tensor_value_info(name, TensorProto.INT32, shape) for name in ("ids", "mask")],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["texts", HIDDEN])],
            self.constants,
        )
        versions = [helper.make_opsetid("", 20), helper.make_opsetid(FUSED, 1)]
        model = helper.make_model(graph, opset_imports=versions, ir_version=10)
        serialised: bytes = model.SerializeToString()
        return serialised


def _add_embeddings(graph: _Graph, weights: Weights) -> str:
    words = graph.add("Gather", [graph.constant(weights["embeddings.word_embeddings.weight"]), "ids"])
    tokens = graph.add("Shape", ["ids"], start=1)
    zero = graph.constant(np.array([0], np.int64))
    positions = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    places = graph.add("Slice", [graph.constant(positions), zero, tokens])
    return _add_norm(graph, graph.add("Add", [words, places]), weights, "embeddings.LayerNorm")


def _add_layer(graph: _Graph, weights: Weights, hidden: str) -> str:
    parts = ("query", "key", "value")
    matrix = np.concatenate([weights[f"attention.self.{part}.weight"].T for part in parts], axis=1)
    bias = np.concatenate([weights[f"attention.self.{part}.bias"] for part in parts])
    inputs = [hidden, graph.constant(matrix), graph.constant(bias), "mask"]
    attended = graph.add("Attention", inputs, domain=FUSED, num_heads=HEADS)
    mixed = _add_dense(graph, attended, weights, "attention.output.dense")
    hidden = _add_norm(graph, graph.add("Add", [hidden, mixed]), weights, "attention.output.LayerNorm")
    wide = graph.add("Gelu", [_add_dense(graph, hidden, weights, "intermediate.dense")])
    narrow = _add_dense(graph, wide, weights, "output.dense")
    return _add_norm(graph, graph.add("Add", [hidden, narrow]), weights, "output.LayerNorm")


def _add_pooling(graph: _Graph, hidden: str) -> None:
    last = graph.constant(np.array([-1], np.int64))
    mask = graph.add("Unsqueeze", [graph.add("Cast", ["mask"], to=TensorProto.FLOAT), last])
    middle = graph.constant(np.array([1], np.int64))
    total = graph.add("ReduceSum", [graph.add("Mul", [hidden, mask]), middle], keepdims=0)
    mean = graph.add("Div", [total, graph.add("ReduceSum", [mask, middle], keepdims=0)])
    graph.add("LpNormalization", [mean], name="embedding", axis=-1, p=2)


def _add_dense(graph: _Graph, value: str, weights: Weights, name: str) -> str:
    product = graph.add("MatMul", [value, graph.constant(weights[f"{name}.weight"].T)])
    return graph.add("Add", [product, graph.constant(weights[f"{name}.bias"])])


def _add_norm(graph: _Graph, value: str, weights: Weights, name: str) -> str:
    inputs = [value, graph.constant(weights[f"{name}.weight"]), graph.constant(weights[f"{name}.bias"])]
    return graph.add("LayerNormalization", inputs, axis=-1, epsilon=LAYER_NORM_EPSILON)
