"""External side: context and messages in the stores of cloud vendors. Clients are given by the user; none is loaded
here.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import IO, Any

from rostrum.pipes.params import PipesContextLoader, optional_text_param, read_json, text_param
from rostrum.pipes.protocol import PipesContextData, PipesMessage
from rostrum.pipes.writers import (
    PipesBlobStoreMessageWriter,
    PipesBlobStoreMessageWriterChannel,
    PipesBufferedFilesystemMessageWriterChannel,
    PipesMessageWriter,
    PipesMessageWriterChannel,
)


class _BucketChannel(PipesBlobStoreMessageWriterChannel):
    """Chunks are objects `<key prefix>/<index>.json` of a bucket."""

    def __init__(self, client: Any, bucket: str, key_prefix: str | None, *, interval: float = 10) -> None:
        super().__init__(interval=interval)
        self._client, self._bucket, self._key_prefix = client, bucket, key_prefix

    def _key(self, index: int) -> str:
        return f"{self._key_prefix}/{index}.json" if self._key_prefix else f"{index}.json"


# --- S3


class PipesS3ContextLoader(PipesContextLoader):
    """The context is an object (`bucket`, `key`). `client` is that of `boto3.client("s3")`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @contextmanager
    def load_context(self, params: Mapping[str, Any]) -> Generator[PipesContextData, None, None]:
        """A context manager that gives the context."""
        bucket, key = text_param(params, "bucket", self), text_param(params, "key", self)
        yield json.loads(self._client.get_object(Bucket=bucket, Key=key)["Body"].read().decode("utf-8"))


class PipesS3MessageWriterChannel(_BucketChannel):
    """Chunks are objects of an S3 bucket."""

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Store a chunk."""
        self._client.put_object(Body=payload.read(), Bucket=self._bucket, Key=self._key(index))


class PipesS3MessageWriter(PipesBlobStoreMessageWriter[PipesS3MessageWriterChannel]):
    """Messages go to an S3 bucket (`bucket`, `key_prefix`)."""

    def __init__(self, client: Any, *, interval: float = 10) -> None:
        super().__init__(interval=interval)
        self._client = client

    def make_channel(self, params: Mapping[str, Any]) -> PipesS3MessageWriterChannel:
        """The channel that the params tell of."""
        return PipesS3MessageWriterChannel(
            self._client,
            text_param(params, "bucket", self),
            optional_text_param(params, "key_prefix", self),
            interval=self.interval,
        )


# --- Google Cloud Storage


class PipesGCSContextLoader(PipesContextLoader):
    """The context is an object (`bucket`, `key`). `client` is a `google.cloud.storage.Client`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @contextmanager
    def load_context(self, params: Mapping[str, Any]) -> Generator[PipesContextData, None, None]:
        """A context manager that gives the context."""
        bucket, key = text_param(params, "bucket", self), text_param(params, "key", self)
        yield json.loads(self._client.get_bucket(bucket).blob(key).download_as_bytes())


class PipesGCSMessageWriterChannel(_BucketChannel):
    """Chunks are objects of a GCS bucket."""

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Store a chunk."""
        self._client.get_bucket(self._bucket).blob(self._key(index)).upload_from_string(payload.read())


class PipesGCSMessageWriter(PipesBlobStoreMessageWriter[PipesGCSMessageWriterChannel]):
    """Messages go to a GCS bucket (`bucket`, `key_prefix`)."""

    def __init__(self, client: Any, *, interval: float = 10) -> None:
        super().__init__(interval=interval)
        self._client = client

    def make_channel(self, params: Mapping[str, Any]) -> PipesGCSMessageWriterChannel:
        """The channel that the params tell of."""
        return PipesGCSMessageWriterChannel(
            self._client,
            text_param(params, "bucket", self),
            optional_text_param(params, "key_prefix", self),
            interval=self.interval,
        )


# --- Azure


class PipesAzureBlobStorageContextLoader(PipesContextLoader):
    """The context is a blob (`bucket`: the container, `key`). `client` is a `BlobServiceClient`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @contextmanager
    def load_context(self, params: Mapping[str, Any]) -> Generator[PipesContextData, None, None]:
        """A context manager that gives the context."""
        bucket, key = text_param(params, "bucket", self), text_param(params, "key", self)
        blob = self._client.get_blob_client(container=bucket, blob=key)
        yield json.loads(blob.download_blob().readall())


class PipesAzureBlobStorageMessageWriterChannel(_BucketChannel):
    """Chunks are blobs of a container."""

    def upload_messages_chunk(self, payload: IO[Any], index: int) -> None:
        """Store a chunk."""
        self._client.get_blob_client(container=self._bucket, blob=self._key(index)).upload_blob(payload.read())


class PipesAzureBlobStorageMessageWriter(PipesBlobStoreMessageWriter[PipesAzureBlobStorageMessageWriterChannel]):
    """Messages go to a container of Azure Blob Storage (`bucket`, `key_prefix`)."""

    def __init__(self, client: Any, *, interval: float = 10) -> None:
        super().__init__(interval=interval)
        self._client = client

    def make_channel(self, params: Mapping[str, Any]) -> PipesAzureBlobStorageMessageWriterChannel:
        """The channel that the params tell of."""
        return PipesAzureBlobStorageMessageWriterChannel(
            self._client,
            text_param(params, "bucket", self),
            optional_text_param(params, "key_prefix", self),
            interval=self.interval,
        )


# --- Databricks


class PipesDbfsContextLoader(PipesContextLoader):
    """The context is a file of DBFS (`path`), which is mounted below `/dbfs`."""

    @contextmanager
    def load_context(self, params: Mapping[str, Any]) -> Generator[PipesContextData, None, None]:
        """A context manager that gives the context."""
        yield read_json(_mounted(text_param(params, "path", self)))


class PipesDbfsMessageWriter(PipesBlobStoreMessageWriter[PipesBufferedFilesystemMessageWriterChannel]):
    """Messages go to files of a folder of DBFS (`path`)."""

    def get_opened_extras(self) -> Mapping[str, Any]:
        """Nothing: logs are found by the orchestrator."""
        return {}

    def make_channel(self, params: Mapping[str, Any]) -> PipesBufferedFilesystemMessageWriterChannel:
        """The channel that the params tell of."""
        return PipesBufferedFilesystemMessageWriterChannel(
            _mounted(text_param(params, "path", self)), interval=self.interval
        )


class PipesUnityCatalogVolumesContextLoader(PipesContextLoader):
    """The context is a file of a volume (`path`)."""

    @contextmanager
    def load_context(self, params: Mapping[str, Any]) -> Generator[PipesContextData, None, None]:
        """A context manager that gives the context."""
        yield read_json(text_param(params, "path", self))


class PipesUnityCatalogVolumesMessageWriter(PipesBlobStoreMessageWriter[PipesBufferedFilesystemMessageWriterChannel]):
    """Messages go to files of a folder of a volume (`path`)."""

    def get_opened_extras(self) -> Mapping[str, Any]:
        """Nothing: logs are found by the orchestrator."""
        return {}

    def make_channel(self, params: Mapping[str, Any]) -> PipesBufferedFilesystemMessageWriterChannel:
        """The channel that the params tell of."""
        return PipesBufferedFilesystemMessageWriterChannel(text_param(params, "path", self), interval=self.interval)


def _mounted(path: str) -> str:
    return os.path.join("/dbfs", path.lstrip("/"))  # noqa: PTH118 - a text


# --- Prefect


class PipesPrefectLogsMessageWriterChannel(PipesMessageWriterChannel):
    """Messages are lines of a run's log."""

    def __init__(self, logger: logging.Logger, max_message_bytes: int) -> None:
        self._logger, self._max_message_bytes = logger, max_message_bytes

    def write_message(self, message: PipesMessage) -> None:
        """Log one; a message that is too long for the log is left out, which is told."""
        line = json.dumps(message)
        if len(line.encode("utf-8")) > self._max_message_bytes:
            self._logger.warning("a Pipes message of %d bytes is too long for this log", len(line))
            return
        self._logger.info(line)


class PipesPrefectLogsMessageWriter(PipesMessageWriter[PipesPrefectLogsMessageWriterChannel]):
    """Messages go to the log of the Prefect run that this process is."""

    @contextmanager
    def open(self, params: Mapping[str, Any]) -> Generator[PipesPrefectLogsMessageWriterChannel, None, None]:
        """A context manager that gives the channel."""
        import importlib  # only where Prefect is

        prefect: Any = importlib.import_module("prefect")
        settings: Any = importlib.import_module("prefect.settings")
        limit = int(settings.PREFECT_LOGGING_TO_API_MAX_LOG_SIZE.value())
        yield PipesPrefectLogsMessageWriterChannel(prefect.get_run_logger(), limit)
