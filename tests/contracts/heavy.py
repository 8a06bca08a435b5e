"""The libraries that take long to import: what a light command, and a light module, must not load."""

HEAVY = frozenset(
    {
        "ray",
        "torch",
        "optuna",
        "hyperopt",
        "sklearn",
        "pandas",
        "plotly",
        "scipy.stats",
        "tensorboard",
        "pyarrow",
        "mlflow",
        "wandb",
        "IPython",
    }
)
