"""Can the winner be trusted? Attacks, noise, calibration, explanations, weak slices and shift of a trained trial."""

__all__: list[str] = []
