"""Where a slip comes from: the uploaded file, and the line of it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from app.demo_data.slip_rows import UploadLog

if TYPE_CHECKING:
    from datetime import date

    from app.demo_data.master_rows import Item, Site

MANAGER = 2
_CLERKS = (4, 5, 6)
_TITLES = {"receive": "受入一覧", "shipment": "出荷一覧", "yard": "ヤード一覧"}


class UploadedFile(NamedTuple):
    """A file; deleted when it was withdrawn and uploaded once more."""

    upload_id: int
    kind: str
    day: date
    uploaded_at: str
    deleted_at: str | None
    replaces: int | None

    @property
    def deletion(self) -> tuple[str | None, int | None]:
        """When and by whom the file and its slips were withdrawn."""
        return self.deleted_at, MANAGER if self.deleted_at else None

    def log_entry(self, row_count: int, seed: int) -> UploadLog:
        """Return the row of `upload_log`."""
        content = f"{seed} {self.kind} {self.day} {self.upload_id}"
        return UploadLog(
            self.upload_id,
            self.kind,
            f"{_TITLES[self.kind]}_{self.day:%Y%m%d}.csv",
            hashlib.sha256(content.encode()).hexdigest(),
            "withdrawn" if self.deleted_at else "loaded",
            row_count,
            _CLERKS[self.upload_id % len(_CLERKS)],
            self.uploaded_at,
            self.replaces,
            *self.deletion,
        )


class Line(NamedTuple):
    """A line of a file, which is one slip."""

    file: UploadedFile
    row_number: int

    def raw_columns(self, site: Site) -> tuple[int, int, str, str, str]:
        """Return the first columns of a raw slip: upload, row, number, date, site."""
        file = self.file
        day = f"{file.day:%Y/%m/%d}"
        return file.upload_id, self.row_number, self._slip_no, day, site.site_code

    def typed_columns(self, site: Site, item: Item) -> tuple[int, int, str, str, date, int]:
        """Return the columns of a typed slip between its id and what is its own."""
        file = self.file
        origin = file.upload_id, self.row_number
        return *origin, site.site_code, self._slip_no, file.day, item.item_id

    def last_columns(self) -> tuple[str | None, int | None, str, str]:
        """Return the last columns of a typed slip: deletion, created, updated."""
        file = self.file
        return *file.deletion, file.uploaded_at, file.deleted_at or file.uploaded_at

    @property
    def _slip_no(self) -> str:
        return f"{self.file.day:%y%m%d}{self.row_number:05d}"
