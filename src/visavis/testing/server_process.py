"""The process that `visavis.testing.server.RunningServer` starts: `serve`, any configuration."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Final

from visavis.server.config import ServerConfig
from visavis.server.serve import serve

_PATHS: Final = ("data_dir", "keys_dir", "tls_cert", "tls_key", "web_dir")


def main(argument: str) -> None:
    """Run the server that a base64 JSON object describes."""
    values = json.loads(base64.b64decode(argument))
    for name in _PATHS:
        if values.get(name) is not None:
            values[name] = Path(values[name])
    serve(ServerConfig(**values))


if __name__ == "__main__":
    main(sys.argv[1])
