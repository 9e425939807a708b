"""Names of `dagster` that belong to no larger area."""

from __future__ import annotations

from rostrum.compat import aliases

aliases.install()
import dagster as dg  # noqa: E402


def test_libraries_register_themselves() -> None:
    dg.DagsterLibraryRegistry.register("dagster-made-up", "1.2", is_dagster_package=False)
    assert dg.DagsterLibraryRegistry.get()["dagster-made-up"] == "1.2"


def test_pages() -> None:
    first = dg.PaginatedResults.create_from_sequence([1, 2, 3], limit=2, ascending=True)
    assert (first.results, first.has_more) == ([1, 2], True)
    second = dg.PaginatedResults.create_from_sequence([1, 2, 3], limit=2, ascending=True, cursor=first.cursor)
    assert (second.results, second.has_more) == ([3], False)


def test_selectors() -> None:
    selector = dg.JobSelector("here", job_name="job")
    assert selector.repository_selector == dg.RepositorySelector("here", "__repository__")
    assert dg.CodeLocationSelector("here").to_repository_selector().location_name == "here"
    assert dg.AssetJobKey.from_user_string("job").to_user_string() == "job"


def test_a_version_and_a_path() -> None:
    assert dg.version.__version__ == dg.__version__
    assert dg.file_relative_path("/x/y.py", "../z.csv") == "/x/../z.csv"
