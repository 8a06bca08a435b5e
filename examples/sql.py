"""Makes measurements.db for sql.yaml: scikit-learn's breast_cancer set as two tables of an SQLite database."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sklearn.datasets import load_breast_cancer


def make(folder: Path = Path(__file__).parent) -> Path:
    """Write the database into `folder`, in place of one that is there.

    Returns:
        its path.
    """
    bunch = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in bunch.feature_names]
    file = folder / "measurements.db"
    file.unlink(missing_ok=True)
    with closing(sqlite3.connect(file)) as connection, connection:
        columns = ", ".join(f"{name} REAL" for name in names)
        connection.execute(f"CREATE TABLE cells (sample INTEGER PRIMARY KEY, {columns})")
        connection.execute("CREATE TABLE findings (sample INTEGER REFERENCES cells, finding TEXT)")
        marks = ", ".join("?" for _ in range(len(names) + 1))
        rows = ([index, *row] for index, row in enumerate(bunch.data.tolist()))
        connection.executemany(f"INSERT INTO cells VALUES ({marks})", rows)
        labels = ((index, str(bunch.target_names[label])) for index, label in enumerate(bunch.target))
        connection.executemany("INSERT INTO findings VALUES (?, ?)", labels)
    return file


if __name__ == "__main__":
    print(make())
