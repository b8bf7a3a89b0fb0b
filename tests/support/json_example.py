"""A minimal value valid for a JSON schema, as far as model outputs use it."""

from typing import Any

Json = dict[str, Any]


def example_of(schema: Json) -> Any:
    """Return the smallest value that the schema allows: required fields only, lists at their least length."""
    return _example(schema, schema.get("$defs", {}))


def _example(schema: Json, defs: Json) -> Any:
    if "$ref" in schema:
        return _example(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return _example(schema[choice][0], defs)
    return _of_type(schema, defs)


def _of_type(schema: Json, defs: Json) -> Any:
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", [])
            return {name: _example(schema["properties"][name], defs) for name in wanted}
        case "array":
            return [_example(schema.get("items", {}), defs) for _ in range(schema.get("minItems", 0))]
        case "string":
            return "stub".ljust(schema.get("minLength", 0), ".")
        case "boolean":
            return False
        case "null":
            return None
        case _:
            return schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
