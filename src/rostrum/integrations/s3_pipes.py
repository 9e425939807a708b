"""Pipes over S3: context and messages as objects of a bucket."""

from __future__ import annotations

import json
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from rostrum.pipes.injectors import PipesContextInjector
from rostrum.pipes.protocol import PipesContextData
from rostrum.pipes.readers import PipesBlobStoreMessageReader, PipesLogReader


class PipesS3ContextInjector(PipesContextInjector):
    """Writes the context to an object, which is gone at the end."""

    def __init__(self, *, bucket: str, client: Any) -> None:
        self.bucket, self.client = bucket, client

    @contextmanager
    def inject_context(self, context_data: PipesContextData) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives `bucket` and `key`."""
        key = f"rostrum-pipes/{secrets.token_hex(15)}/context.json"
        self.client.put_object(Bucket=self.bucket, Key=key, Body=json.dumps(context_data).encode("utf-8"))
        try:
            yield {"bucket": self.bucket, "key": key}
        finally:
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to inject context via an object of the S3 bucket {self.bucket}."


class PipesS3MessageReader(PipesBlobStoreMessageReader):
    """Reads messages from objects of a bucket. `include_stdio_in_messages`: with the output of the process."""

    def __init__(
        self,
        *,
        interval: float = 10,
        bucket: str,
        client: Any,
        log_readers: Sequence[PipesLogReader] | None = None,
        include_stdio_in_messages: bool = False,
    ) -> None:
        super().__init__(interval=interval, log_readers=log_readers)
        self.bucket, self.client, self.include_stdio_in_messages = bucket, client, include_stdio_in_messages

    @contextmanager
    def get_params(self) -> Generator[Mapping[str, Any], None, None]:
        """A context manager that gives `bucket` and `key_prefix`."""
        prefix = f"rostrum-pipes/{secrets.token_hex(15)}"
        yield {
            "bucket": self.bucket,
            "key_prefix": prefix,
            "include_stdio_in_messages": self.include_stdio_in_messages,
        }

    def messages_are_readable(self, params: Mapping[str, Any]) -> bool:
        """The process has been told where to write."""
        return "key_prefix" in params

    def download_messages_chunk(self, index: int, params: Mapping[str, Any]) -> str | None:
        """One object, None where there is none yet."""
        key = f"{params['key_prefix']}/{index}.json"
        try:
            return self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read().decode("utf-8")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in {"NoSuchKey", "404"}:
                return None
            raise

    def no_messages_debug_text(self) -> str:
        """A sentence for the user."""
        return f"Attempted to read messages from the S3 bucket {self.bucket}."
