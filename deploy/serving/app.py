"""The app: the same under uvicorn and in each replica of Ray Serve."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from deploy.serving.bodies import read_json
from deploy.serving.description import describe, openapi
from deploy.serving.engine import Engine
from deploy.serving.explanation import MOST_ROWS, explain
from deploy.serving.feedback import labels_of
from deploy.serving.guard import Guard
from deploy.serving.metrics import Metrics
from deploy.serving.page import FILES
from deploy.serving.records import records_of
from deploy.serving.refusals import Refusal, json_bytes
from deploy.serving.served_log import ServedLog
from deploy.serving.settings import Settings
from deploy.serving.source import ModelSource

__all__ = ["make_app"]

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}


def make_app(source: ModelSource, settings: Settings) -> FastAPI:
    """An ASGI app that serves one model.

    POST /predict, /explain, /feedback; GET /schema, /healthz, /readyz, /metrics, /openapi.json; pages at / and /docs.
    The model is loaded when the app starts (ASGI lifespan), and again whenever `source` has another version.

    Args:
        source: where the model comes from.
        settings: limits, log, and who may ask.

    Raises:
        DeployError: the log folder cannot be written. On start: the model cannot be loaded.
    """
    metrics = Metrics()
    engine = Engine(source, settings, metrics)
    log = ServedLog(settings, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await engine.start()
        try:
            yield
        finally:
            await engine.close()
            log.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, lifespan=lifespan)
    app.state.engine = engine

    async def json_of(request: Request) -> Any:
        return await read_json(request, settings.body_bytes, settings.patience)

    @app.post("/predict")
    async def predict(request: Request) -> Response:
        name, records, version = request.state.request, [], ""
        try:
            with engine.opened():
                version = engine.loaded.version
                records = records_of(await json_of(request), engine.loaded.model.schema, settings.rows)
                answer = await engine.predict(records)
        except Refusal as refusal:
            for field in {str(fault["field"]) for fault in refusal.faults}:
                metrics.refused(field if field in engine.fields else "other")
            log.refused(name, version, refusal, _since(request))
            raise
        except Exception:
            log.failed(name, version, _since(request))
            raise
        log.answered(name, answer, records, _since(request))
        rows = [{"row": row, **told} for row, told in enumerate(answer.rows)]
        return _json({"request": name, "version": answer.loaded.version, "predictions": rows})

    @app.post("/explain")
    async def explain_rows(request: Request) -> Response:
        records = records_of(await json_of(request), engine.loaded.model.schema, MOST_ROWS)
        version = engine.loaded.version
        told = await engine.with_model(lambda model: explain(model, records))
        return _json({"request": request.state.request, "version": version, **told})

    @app.post("/feedback")
    async def feedback(request: Request) -> Response:
        labels = labels_of(await json_of(request), engine.loaded.model.schema, settings.rows)
        if not log.kept:
            raise Refusal(
                409, "this server keeps no log, so labels have nowhere to go; start it with --log DIR"
            )
        if not log.labelled(labels):
            raise Refusal(
                503, "the log cannot be written now; send the labels again", headers={"Retry-After": "60"}
            )
        return _json({"request": request.state.request, "kept": len(labels)}, 202)

    @app.get("/healthz")
    async def healthy() -> Response:
        return _json({"alive": True})

    @app.get("/readyz")
    async def ready() -> Response:
        return _json(
            {"ready": True, "version": engine.loaded.version, "newer_version_failed": bool(engine.problem)}
        )

    @app.get("/metrics")
    async def figures() -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/schema")
    async def schema() -> Response:
        return _json(describe(engine.loaded))

    @app.get("/openapi.json")
    async def machine_readable() -> Response:
        return _json(openapi(engine.loaded, settings))

    for path, file in FILES.items():
        app.get(path)(_asset(file))

    @app.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return _refusal(request, refusal)

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> Response:
        rules = {
            404: "there is nothing at this path; see /docs",
            405: "this path takes another method; see /docs",
        }
        rule = rules.get(error.status_code, "this request cannot be answered")
        return _refusal(request, Refusal(error.status_code, rule, headers=error.headers))

    routes = frozenset(str(getattr(route, "path", "other")) for route in app.routes)
    app.add_middleware(Guard, settings=settings, metrics=metrics, routes=routes)
    return app


def _asset(path: Path) -> Callable[[], Awaitable[Response]]:
    content = path.read_bytes()

    async def asset() -> Response:
        return Response(content, media_type=_TYPES[path.suffix])

    return asset


def _json(value: Any, status: int = 200) -> Response:
    return Response(json_bytes(value), status, media_type="application/json")


def _refusal(request: Request, refusal: Refusal) -> Response:
    body = json_bytes(refusal.to_json(request.state.request))
    return Response(body, refusal.status, refusal.headers, media_type="application/json")


def _since(request: Request) -> float:
    """Seconds since the request's head was there."""
    return time.perf_counter() - float(request.state.began)
