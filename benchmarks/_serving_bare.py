"""The app that one would write first: FastAPI, a pydantic record, one call of the model for each request.

python benchmarks/_serving_bare.py MODEL PORT
"""

import sys
from typing import Any

import pandas as pd
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, create_model

from deploy.model import Model

KINDS: dict[str, Any] = {"number": float | None, "category": str | None}


def app_of(model: Model) -> FastAPI:
    """POST /predict of one record, in FastAPI's threads."""
    app = FastAPI()
    fields: dict[str, Any] = {column.name: (KINDS[column.kind], ...) for column in model.schema.columns}
    kind: type[BaseModel] = create_model("Record", **fields)

    @app.post("/predict")
    def predict(record: kind) -> dict[str, Any]:  # type: ignore[valid-type]
        found = model.predict(pd.DataFrame([record.model_dump()]))  # type: ignore[attr-defined]
        shares = dict(zip(model.schema.labels, found.probabilities[0].tolist(), strict=True))
        return {"label": str(found.labels[0]), "probabilities": shares}

    return app


if __name__ == "__main__":
    uvicorn.run(app_of(Model.load(sys.argv[1])), host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
