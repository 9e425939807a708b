"""Generate the gRPC stubs from `proto/*.proto` into `src/rostrum/rpc/generated`.

Run by a Python that has `grpcio-tools` 1.62 (its compiler is old enough that the code runs on every protobuf runtime
from 4.25 on; newer compilers pin the runtime's major version). See README.md beside this file.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent
TARGET = PROTO.parent / "src" / "rostrum" / "rpc" / "generated"
PACKAGE = "rostrum.rpc.generated"


def main() -> int:
    """Generate, then make the imports absolute."""
    TARGET.mkdir(parents=True, exist_ok=True)
    sources = sorted(path.name for path in PROTO.glob("*.proto"))
    arguments = ["protoc", f"-I{PROTO}", f"--python_out={TARGET}", f"--pyi_out={TARGET}", f"--grpc_python_out={TARGET}"]
    code: int = protoc.main([*arguments, *sources])
    for path in TARGET.glob("*_pb2_grpc.py"):
        text = re.sub(r"^import (\w+_pb2) as", rf"from {PACKAGE} import \1 as", path.read_text(), flags=re.MULTILINE)
        path.write_text(text)
    return code


if __name__ == "__main__":
    sys.exit(main())
