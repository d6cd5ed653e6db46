"""The application's service: does it live, and does its database stand where its migrations do?"""

from __future__ import annotations

PORT = 8000
