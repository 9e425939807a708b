"""S3 and stores that speak like it: the client as a resource, an IO manager that pickles values into objects, files."""

from __future__ import annotations

import io
import pickle
import secrets
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import boto3.session
from botocore import UNSIGNED
from botocore.config import Config as ClientConfig
from botocore.exceptions import ClientError
from pydantic import Field

from rostrum.definitions.config.schema import Field as SchemaField
from rostrum.definitions.contexts.storage import InputContext, OutputContext
from rostrum.definitions.events.metadata import MetadataValue
from rostrum.definitions.resources.lifecycle import InitResourceContext, io_manager, resource
from rostrum.definitions.resources.resources import ConfigurableIOManager, ConfigurableResource, ResourceDependency
from rostrum.io_managers.paths import contained
from rostrum.model.errors import InvocationError, NotFound


class S3Resource(ConfigurableResource[Any]):
    """A client of S3: `s3.get_client().upload_file(...)`."""

    use_unsigned_session: bool = Field(default=False, description="Send requests without a signature.")
    region_name: str | None = None
    endpoint_url: str | None = Field(default=None, description="Address of a store that speaks like S3.")
    max_attempts: int = Field(default=5, description="How often a request is tried.")
    profile_name: str | None = Field(default=None, description="Profile of the shared configuration files.")
    use_ssl: bool = True
    api_version: str | None = None
    verify: str | bool | None = Field(default=None, description="File of certificates, or False for no check.")
    aws_access_key_id: str | None = None
    aws_secret_access_key: str | None = None
    aws_session_token: str | None = None

    def get_client(self) -> Any:
        """The client, as `boto3.client("s3")`."""
        config = ClientConfig(
            retries={"max_attempts": self.max_attempts}, **({"signature_version": UNSIGNED} if self._unsigned else {})
        )
        session: Any = boto3.session.Session(profile_name=self.profile_name)
        return session.client(
            "s3",
            region_name=self.region_name,
            endpoint_url=self.endpoint_url,
            use_ssl=self.use_ssl,
            api_version=self.api_version,
            verify=self.verify,
            aws_access_key_id=self.aws_access_key_id,
            aws_secret_access_key=self.aws_secret_access_key,
            aws_session_token=self.aws_session_token,
            config=config,
        )

    @property
    def _unsigned(self) -> bool:
        return self.use_unsigned_session

    def get_object_to_set_on_execution_context(self) -> Any:
        """What functions of the older style get: the client."""
        return self.get_client()


class S3PickleIOManager(ConfigurableIOManager):
    """Pickles values into objects. Assets: `<prefix>/<segments of the key>[/<partition>]`; values between ops:
    `<prefix>/storage/<run id>/<step>/<output>`.

    Unpickling runs code: the bucket must be one that only your own runs can write.
    """

    s3_resource: ResourceDependency[S3Resource]
    s3_bucket: str
    s3_prefix: str = "dagster"

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Pickle a value into its object."""
        self._objects().store(context, obj)

    def load_input(self, context: InputContext) -> Any:
        """The value; a dict by partition where there are several."""
        return self._objects().load(context)

    def _objects(self) -> _Objects:
        return _Objects(self.s3_resource.get_client(), self.s3_bucket, self.s3_prefix)


class _Objects:
    def __init__(self, client: Any, bucket: str, prefix: str) -> None:
        self.client, self.bucket, self.prefix = client, bucket, prefix.strip("/")

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        self.store(context, obj)

    def load_input(self, context: InputContext) -> Any:
        return self.load(context)

    def store(self, context: OutputContext, obj: Any) -> None:
        if obj is None:
            return
        keys = list(context.asset_partition_keys) if context.has_asset_key and context.has_asset_partitions else [None]
        if len(keys) != 1:
            raise InvocationError(
                f"{context.asset_key}: one value was returned for {len(keys)} partitions, and an object is for one."
            )
        key = self.key(context, keys[0])
        self.client.put_object(Bucket=self.bucket, Key=key, Body=pickle.dumps(obj, protocol=5))
        uri = f"s3://{self.bucket}/{key}"
        context.add_output_metadata({"uri": MetadataValue.path(uri)})

    def load(self, context: InputContext) -> Any:
        if context.has_asset_key and context.has_asset_partitions:
            keys = context.asset_partition_keys
            if len(keys) != 1:
                return {key: self._value(self.key(context, key)) for key in keys}
            return self._value(self.key(context, keys[0]))
        return self._value(self.key(context, None))

    def key(self, context: OutputContext | InputContext, partition: str | None) -> str:
        if context.has_asset_key:
            parts = [*context.asset_key.parts, *(partition.split("|") if partition is not None else [])]
        else:
            parts = ["storage", *context.get_identifier()]
        return "/".join([*([self.prefix] if self.prefix else []), *map(contained, parts)])

    def _value(self, key: str) -> Any:
        try:
            body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in {"NoSuchKey", "404"}:
                raise
            raise NotFound(f"there is no object s3://{self.bucket}/{key}: materialize what makes it first.") from error
        return pickle.loads(body)  # noqa: S301 - see S3PickleIOManager


@io_manager(
    config_schema={"s3_bucket": str, "s3_prefix": SchemaField(str, default_value="dagster", is_required=False)},
    required_resource_keys={"s3"},
)
def s3_pickle_io_manager(init_context: InitResourceContext) -> Any:
    """`S3PickleIOManager` in the style of functions; its client is the resource `s3`."""
    config = cast("dict[str, Any]", init_context.config)
    s3 = init_context.resources.s3
    client = s3.get_client() if isinstance(s3, S3Resource) else s3
    return _Objects(client, config["s3_bucket"], config.get("s3_prefix", "dagster"))


@resource
def s3_resource(init_context: InitResourceContext) -> Any:
    """A client of S3 in the style of functions."""
    return S3Resource(**(cast("dict[str, Any] | None", init_context.config) or {})).get_client()


@dataclass(frozen=True)
class S3FileHandle:
    """A file in a bucket."""

    s3_bucket: str
    s3_key: str

    @property
    def s3_path(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.s3_bucket}/{self.s3_key}"

    @property
    def path_desc(self) -> str:
        """Same as `s3_path`."""
        return self.s3_path


class S3FileManager:
    """Files of a bucket, under names that are made for them."""

    def __init__(self, s3_session: Any, s3_bucket: str, s3_base_key: str) -> None:
        self._client, self._bucket, self._base = s3_session, s3_bucket, s3_base_key
        self._temporary: list[str] = []

    def copy_handle_to_local_temp(self, file_handle: S3FileHandle) -> str:
        """Path of a local copy; `delete_local_temp` removes it."""
        with tempfile.NamedTemporaryFile(delete=False, suffix=Path(file_handle.s3_key).suffix) as file:
            self._client.download_fileobj(file_handle.s3_bucket, file_handle.s3_key, file)
        self._temporary.append(file.name)
        return file.name

    def delete_local_temp(self) -> None:
        """Remove local copies."""
        while self._temporary:
            Path(self._temporary.pop()).unlink(missing_ok=True)

    @contextmanager
    def read(self, file_handle: S3FileHandle, mode: str = "rb") -> Generator[IO[Any], None, None]:
        """The open file; `mode` is `r` or `rb`."""
        data = self.read_data(file_handle)
        yield io.BytesIO(data) if "b" in mode else io.StringIO(data.decode("utf-8"))

    def read_data(self, file_handle: S3FileHandle) -> bytes:
        """The file's content."""
        return self._client.get_object(Bucket=file_handle.s3_bucket, Key=file_handle.s3_key)["Body"].read()

    def write_data(self, data: bytes, ext: str | None = None, key: str | None = None) -> S3FileHandle:
        """Store content; returns its handle."""
        return self.write(io.BytesIO(data), "wb", ext, key)

    def write(
        self, file_obj: IO[Any], mode: str = "wb", ext: str | None = None, key: str | None = None
    ) -> S3FileHandle:
        """Store an open file; returns its handle."""
        name = key or secrets.token_hex(16)
        full = "/".join(part for part in (self._base.strip("/"), f"{name}.{ext}" if ext else name) if part)
        data = file_obj.read()
        self._client.put_object(
            Bucket=self._bucket, Key=full, Body=data.encode("utf-8") if isinstance(data, str) else data
        )
        return S3FileHandle(self._bucket, full)


class S3FileManagerResource(S3Resource):
    """`S3FileManager` as a resource."""

    s3_bucket: str
    s3_prefix: str = "dagster"

    def get_client(self) -> S3FileManager:
        """The file manager."""
        return S3FileManager(super().get_client(), self.s3_bucket, self.s3_prefix)


def get_s3_keys(
    bucket: str,
    prefix: str = "",
    since_key: str | None = None,
    s3_session: Any = None,
    client: Any = None,
) -> Sequence[str]:
    """Keys of a bucket by time of change, those after `since_key` where it is given; for sensors."""
    asked = cast("Any", client or s3_session or boto3.session.Session().client("s3"))
    objects: list[Any] = []
    for page in asked.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        objects.extend(page.get("Contents", ()))
    objects.sort(key=lambda each: (each["LastModified"], each["Key"]))
    keys = [str(each["Key"]) for each in objects]
    return keys[keys.index(since_key) + 1 :] if since_key in keys else keys
