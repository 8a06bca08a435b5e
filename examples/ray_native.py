"""Two trainables as Ray Tune's own documentation writes them; they run unchanged from a sweep file."""

from ray import tune


def objective(x, width, height):
    """Ray's own toy: falls with the step, as fast as width says."""
    return (0.1 + width * x / 100) ** (-1) + height * 0.1


def train_function(config):
    """The function API: `tune.report` is a step."""
    for step in range(1, 100):
        tune.report({"mean_loss": objective(step, config["width"], config["height"])})


class TrainClass(tune.Trainable):
    """The class API: `step` is a step."""

    def setup(self, config):
        self.width, self.height = config["width"], config["height"]
        self.step_done = 0

    def step(self):
        self.step_done += 1
        return {"mean_loss": objective(self.step_done, self.width, self.height)}

    def save_checkpoint(self, checkpoint_dir):
        with open(f"{checkpoint_dir}/step.txt", "w") as file:
            file.write(str(self.step_done))

    def load_checkpoint(self, checkpoint_dir):
        with open(f"{checkpoint_dir}/step.txt") as file:
            self.step_done = int(file.read())

    def reset_config(self, new_config):
        self.setup(new_config)
        return True
