"""The tree of errors: names, bases, and what is no error of the product."""

from __future__ import annotations

import importlib

import dagster as dg
import pytest
from dagster._check import CheckError, ElementCheckError, NotImplementedCheckError, ParameterCheckError

errors = importlib.import_module("dagster._core.errors")

BELOW_THE_BASE = """
    DagsterInvalidDefinitionError DagsterInvalidConfigDefinitionError DagsterInvalidPythonicConfigDefinitionError
    DagsterInvalidDagsterTypeInPythonicConfigDefinitionError DagsterInvalidConfigError DagsterInvalidInvocationError
    DagsterInvariantViolationError DagsterInvalidSubsetError DagsterInvalidAssetSelectionError
    DagsterUnknownPartitionError DagsterUnknownResourceError DagsterUnmetExecutorRequirementsError
    DagsterStepOutputNotFoundError DagsterTypeCheckDidNotPass DagsterAssetCheckFailedError
    DagsterMaxRetriesExceededError DagsterExecutionStepNotFoundError DagsterRunNotFoundError DagsterRunAlreadyExists
    DagsterRunConflict DagsterRunTooLargeError DagsterEventLogInvalidForRun DagsterSubprocessError
    DagsterInvalidMetadata DagsterInvalidObservationError DagsterInvalidAssetKey DagsterInvalidPropertyError
    DagsterUndefinedDataVersionError DagsterHomeNotSetError DagsterImportError DagsterCodeLocationLoadError
    DagsterCodeLocationNotFoundError DagsterUserCodeProcessError DagsterUserCodeUnreachableError
    DagsterLaunchFailedError DagsterBackfillFailedError DagsterAssetBackfillDataLoadError
    DagsterRedactedUserCodeError DagsterObjectStoreError DagsterSnapshotDoesNotExist
    DagsterExecutionPlanSnapshotNotFoundError DagsterInvalidDeserializationVersionError
    DagsterDefinitionChangedDeserializationError DagsterUnknownStepStateError DagsterUserCodeExecutionError
    DagsterUserCodeLoadError
""".split()
WRAPPERS = """
    DagsterExecutionStepExecutionError DagsterExecutionLoadInputError DagsterExecutionHandleOutputError
    DagsterResourceFunctionError DagsterTypeCheckError DagsterTypeLoadingError DagsterConfigMappingFunctionError
    JobError PartitionExecutionError HookExecutionError SensorExecutionError ScheduleExecutionError
    RunStatusSensorExecutionError FreshnessPolicySensorExecutionError
""".split()
EXPORTED = """
    DagsterInvalidDefinitionError DagsterInvalidConfigDefinitionError DagsterInvalidConfigError
    DagsterInvalidInvocationError DagsterInvariantViolationError DagsterInvalidSubsetError
    DagsterUnknownPartitionError DagsterUnknownResourceError DagsterUnmetExecutorRequirementsError
    DagsterStepOutputNotFoundError DagsterTypeCheckDidNotPass DagsterExecutionStepNotFoundError
    DagsterRunNotFoundError DagsterEventLogInvalidForRun DagsterSubprocessError DagsterExecutionStepExecutionError
    DagsterResourceFunctionError DagsterTypeCheckError DagsterConfigMappingFunctionError
""".split()


@pytest.mark.parametrize("name", BELOW_THE_BASE)
def test_classes_below_the_base(name: str) -> None:
    found = getattr(errors, name)
    assert issubclass(found, dg.DagsterError)
    assert issubclass(found, Exception)


@pytest.mark.parametrize("name", WRAPPERS)
def test_wrappers_of_user_exceptions(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.DagsterUserCodeExecutionError)


@pytest.mark.parametrize("name", EXPORTED)
def test_names_at_the_top_are_the_same_classes(name: str) -> None:
    assert getattr(dg, name) is getattr(errors, name)


def test_an_unknown_resource_is_an_attribute_error() -> None:
    assert issubclass(dg.DagsterUnknownResourceError, AttributeError)


@pytest.mark.parametrize("kind", [dg.Failure, dg.RetryRequested])
def test_what_users_raise_is_no_error_of_the_product(kind: type[Exception]) -> None:
    assert issubclass(kind, Exception)
    assert not issubclass(kind, dg.DagsterError)


@pytest.mark.parametrize("kind", [ParameterCheckError, ElementCheckError, NotImplementedCheckError])
def test_kinds_of_check_errors(kind: type[Exception]) -> None:
    assert issubclass(kind, CheckError)
    assert not issubclass(CheckError, dg.DagsterInvalidDefinitionError)


@pytest.mark.parametrize("kind", [CheckError, dg.DagsterPipesExecutionError])
def test_differs_errors_of_arguments_are_errors_too(kind: type[Exception]) -> None:
    """In Dagster wrong arguments and failed external processes are outside of its tree. Here every error that is not
    the user's own has one base, so one `except` catches them.
    """
    assert issubclass(kind, dg.DagsterError)


def test_not_an_exception() -> None:
    assert issubclass(dg.DagsterExecutionInterruptedError, BaseException)
    assert not issubclass(dg.DagsterExecutionInterruptedError, Exception)


@pytest.mark.parametrize(
    ("kind", "base"),
    [
        (dg.PreviewWarning, Warning),
        (dg.BetaWarning, Warning),
        (dg.SupersessionWarning, FutureWarning),
        (dg.ConfigArgumentWarning, SyntaxWarning),
    ],
)
def test_warnings(kind: type[Warning], base: type[Warning]) -> None:
    assert issubclass(kind, base)
