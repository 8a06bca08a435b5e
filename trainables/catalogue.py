"""The trainables that come with the project, by the name a sweep file uses for them."""

from __future__ import annotations

__all__ = ["CATALOGUE"]

CATALOGUE: dict[str, str] = {
    # models on real data
    "mlp": "trainables.neural.mlp:MLP",
    "cnn": "trainables.neural.cnn:CNN",
    "resnet": "trainables.neural.resnet:ResNet",
    "inception": "trainables.neural.inception:Inception",
    "densenet": "trainables.neural.densenet:DenseNet",
    "classical": "trainables.classical.classical:Classical",
    "finetune": "trainables.neural.finetune:Finetune",
    "rnn": "trainables.neural.rnn:RNN",
    "transformer": "trainables.neural.transformer:Transformer",
    "vae": "trainables.neural.vae:VAE",
    "gan": "trainables.neural.gan:GAN",
    "boosting": "trainables.classical.boosting:Boosting",
    "xgboost": "trainables.classical.xgboost:XGBoost",
    "lightgbm": "trainables.classical.lightgbm:LightGBM",
    # functions whose optimum is known
    "branin": "trainables.synthetic.functions:branin",
    "hartmann6": "trainables.synthetic.functions:hartmann6",
    "sphere": "trainables.synthetic.functions:sphere",
    "rosenbrock": "trainables.synthetic.functions:rosenbrock",
    "ackley": "trainables.synthetic.functions:ackley",
    "rastrigin": "trainables.synthetic.functions:rastrigin",
    "mixed": "trainables.synthetic.structured:mixed",
    "conditional": "trainables.synthetic.structured:conditional",
    "noisy": "trainables.synthetic.structured:noisy",
    # learning curves whose final order is known, and one that misbehaves on request
    "curves": "trainables.synthetic.curves:Curves",
    "chaos": "trainables.chaos:Chaos",
}
