"""What a server says of its model: the schema for people and forms, and OpenAPI for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deploy.serving.settings import Settings
from deploy.serving.source import Loaded
from deploy.serving.typical import example

if TYPE_CHECKING:
    from deploy.schema import Column, Schema

__all__ = ["describe", "openapi"]


def describe(loaded: Loaded) -> dict[str, Any]:
    """Name, version, schema, and an example record of typical values."""
    schema = loaded.model.schema
    columns = [
        {
            "name": column.name,
            "kind": column.kind,
            "nullable": column.nullable,
            "low": column.low,
            "high": column.high,
            "labels": list(column.labels),
        }
        for column in schema.columns
    ]
    return {
        "model": loaded.model.name,
        "version": loaded.version,
        "modality": schema.modality,
        "task": schema.task,
        "target": schema.target,
        "labels": list(schema.labels),
        "columns": columns,
        "shape": list(schema.shape),
        "window": schema.window,
        "example": example(loaded.model),
    }


def openapi(loaded: Loaded, settings: Settings) -> dict[str, Any]:
    """OpenAPI 3.1 of the app as it serves this model."""
    schema, shown = loaded.model.schema, example(loaded.model)
    record = _record(schema)
    records = {
        "oneOf": [record, {"type": "array", "items": record, "minItems": 1, "maxItems": settings.rows}]
    }
    wanted = "label" if schema.task == "classification" else "value"
    told: Any = schema.labels[0] if wanted == "label" and schema.labels else 0.0
    row: dict[str, Any] = {"row": {"type": "integer"}, wanted: _answer(schema)}
    if wanted == "label":
        row["probabilities"] = _object({name: _share() for name in schema.labels})
    predicted = _object(
        {
            "request": {"type": "string"},
            "version": {"type": "string"},
            "predictions": {"type": "array", "items": _object(row)},
        }
    )
    explained = _object(
        {"version": {"type": "string"}, "method": {"type": "string"}, "explanations": {"type": "array"}}
    )
    label = _object(
        {"request": {"type": "string"}, "row": {"type": "integer", "default": 0}, wanted: _answer(schema)}
    )
    paths = {
        "/predict": {"post": _post("Predict one record, or a list of them", records, shown, predicted)},
        "/explain": {
            "post": _post("What the prediction owes to each part of a record", records, shown, explained)
        },
        "/feedback": {
            "post": _post(
                "Tell what came true, for the monitor",
                {"oneOf": [label, {"type": "array", "items": label}]},
                {"request": "0123456789abcdef", "row": 0, wanted: told},
                _object({"kept": {"type": "integer"}}),
                done="202",
            )
        },
        "/schema": {"get": _get("The schema of a record, and an example")},
        "/healthz": {"get": _get("Whether the process is alive")},
        "/readyz": {"get": _get("Whether a model is loaded, and which version")},
        "/metrics": {"get": _get("Figures for Prometheus", "text/plain")},
    }
    whole: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": loaded.model.name,
            "version": loaded.version,
            "description": f"{schema.task.capitalize()} of {schema.target or 'a target'}, served by tuneyard.",
        },
        "paths": paths,
    }
    if settings.token is not None:
        whole["components"] = {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}}
        whole["security"] = [{"token": []}]
    return whole


def _record(schema: Schema) -> dict[str, Any]:
    if schema.columns:
        return _object({column.name: _value(column) for column in schema.columns})
    if schema.modality == "text":
        return {"type": "string"}
    numbers: dict[str, Any] = {"type": "number"}
    for size in reversed(schema.shape):
        numbers = {"type": "array", "items": numbers, "minItems": size, "maxItems": size}
    return numbers


def _value(column: Column) -> dict[str, Any]:
    kind = "number" if column.kind == "number" else "string"
    value: dict[str, Any] = {"type": [kind, "null"] if column.nullable else kind}
    if column.kind == "date":
        value["format"] = "date-time"
    if column.labels:
        value["examples"] = list(column.labels[:20])
    if column.low is not None and column.high is not None:
        value["description"] = f"{column.low:g} to {column.high:g} in training"
    return value


def _answer(schema: Schema) -> dict[str, Any]:
    if schema.task == "classification":
        return {"type": "string", "enum": list(schema.labels)}
    return (
        {"type": "array", "items": {"type": "number"}} if schema.task == "forecasting" else {"type": "number"}
    )


def _share() -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "maximum": 1}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


_REFUSALS = {
    "400": "no JSON in UTF-8",
    "401": "a token is needed",
    "408": "the body came too slowly",
    "413": "too large, or too many records",
    "415": "another content type than application/json",
    "422": "a record breaks the schema: row, field and rule of each fault",
    "429": "too many requests of one address",
    "503": "too much waits, or the server is ending: send it again",
    "504": "no answer in time",
}


def _post(
    summary: str, body: dict[str, Any], example: Any, answer: dict[str, Any], done: str = "200"
) -> dict[str, Any]:
    answered = {"description": "answered", "content": {"application/json": {"schema": answer}}}
    return {
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body, "example": example}},
        },
        "responses": {
            done: answered,
            **{status: {"description": rule} for status, rule in _REFUSALS.items()},
        },
    }


def _get(summary: str, kind: str = "application/json") -> dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": "answered", "content": {kind: {}}}}}
