"""The clerk: turns a day of trade into uploaded files, raw rows, typed rows and manifests."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from app.demo_data import vocabulary
from app.demo_data.slip_rows import (
    InventoryDaily,
    Manifest,
    RawReceiveSlip,
    RawShipmentSlip,
    RawYardSlip,
    ReceiveSlip,
    ShipmentSlip,
    UploadError,
    UploadLog,
    YardSlip,
)
from app.demo_data.uploading import Line, UploadedFile

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence
    from datetime import date

    from app.demo_data.company import Company
    from app.demo_data.trade import Receipt, Shipment, TradingDay, YardWork

Row = type[tuple[object, ...]]

FIRST_CONTROL_NO = 100_001
_WITHDRAWN = 0.01  # share of files that were uploaded once more
_UNREADABLE = 0.02  # share of receive files with a line that could not be read
_OVERDUE = 0.002  # share of manifests that never came back
_PROCESSES = {"sort": "選別", "crush": "破砕", "press": "圧縮", "bale": "梱包"}


class Clerk:
    """Files days in order.

    Attributes:
        batch: rows by type that were not loaded yet; the caller empties it.
        last_number: the highest identity given out, by type of row.
    """

    def __init__(self, company: Company, rng: random.Random, seed: int) -> None:
        self.batch: defaultdict[Row, list[Any]] = defaultdict(list)
        self.last_number: defaultdict[Row, int] = defaultdict(int)
        self._company = company
        self._rng = rng
        self._seed = seed

    def file(self, trading: TradingDay) -> None:
        """Add the rows of one day to the batch."""
        self._upload("receive", trading.day, trading.receipts, self._receipt)
        self._upload("shipment", trading.day, trading.shipments, self._shipment)
        self._upload("yard", trading.day, trading.yard_works, self._yard_work)
        self.batch[InventoryDaily].extend(trading.inventory)

    def _upload(
        self, kind: str, day: date, entries: Sequence[Any], write: Callable[[Line, Any], None]
    ) -> None:
        """File the entries of a day, twice when the first file had to be withdrawn."""
        if not entries:
            return
        at = f"{day} 17:{int(self._rng.random() * 60):02d}:00+09"
        replaces = None
        if self._rng.random() < _WITHDRAWN:
            replaces = self._next(UploadLog)
            withdrawn = UploadedFile(replaces, kind, day, at, f"{day} 18:05:00+09", None)
            self._write(withdrawn, entries, write)
            at = f"{day} 18:10:00+09"
        self._write(
            UploadedFile(self._next(UploadLog), kind, day, at, None, replaces), entries, write
        )

    def _write(
        self, file: UploadedFile, entries: Sequence[Any], write: Callable[[Line, Any], None]
    ) -> None:
        for row_number, entry in enumerate(entries, 1):
            write(Line(file, row_number), entry)
        row_count = len(entries)
        if file.kind == "receive" and self._rng.random() < _UNREADABLE:
            row_count += 1
            self._unreadable(Line(file, row_count), entries[-1])
        self.batch[UploadLog].append(file.log_entry(row_count, self._seed))

    def _receipt(self, line: Line, receipt: Receipt) -> None:
        site, customer, vehicle, item, net_kg, price = receipt
        slip_id = self._next(ReceiveSlip)
        manifest_no = self._manifest(line, slip_id, receipt)
        gross_kg = vehicle.empty_kg + net_kg
        self.batch[RawReceiveSlip].append(self._raw_receipt(line, receipt, manifest_no))
        partners = customer.customer_id, vehicle.collector_id, vehicle.vehicle_id
        self.batch[ReceiveSlip].append(
            ReceiveSlip._make(
                (
                    slip_id,
                    *line.typed_columns(site, item),
                    *partners,
                    gross_kg,
                    vehicle.empty_kg,
                    price,
                    *line.last_columns(),
                )
            )
        )

    def _raw_receipt(self, line: Line, receipt: Receipt, manifest_no: str | None) -> RawReceiveSlip:
        site, customer, vehicle, item, net_kg, price = receipt
        collector = self._company.collectors[vehicle.collector_id - 1]
        weights = vehicle.empty_kg + net_kg, vehicle.empty_kg, net_kg
        return RawReceiveSlip._make(
            (
                *line.raw_columns(site),
                *customer[1:3],
                *collector[1:3],
                vehicle.plate_number,
                *item[1:3],
                *(f"{weight:,}" for weight in weights),
                str(price),
                f"{net_kg * price:,}",
                manifest_no,
                *line.file.deletion,
            )
        )

    def _manifest(self, line: Line, slip_id: int, receipt: Receipt) -> str | None:
        """Add the manifest of a load of waste; valuables travel without one."""
        if receipt.item.waste_class == "valuable" or line.file.deleted_at:
            return None
        number = self._next(Manifest)
        manifest_no = f"{10_000_000_000 + number * 7:011d}"
        control_no = FIRST_CONTROL_NO + number - 1
        day, at = line.file.day, line.file.uploaded_at
        self.batch[Manifest].append(
            Manifest(number, slip_id, control_no, manifest_no, day, self._disposed_on(day), at, at)
        )
        return manifest_no

    def _disposed_on(self, day: date) -> date | None:
        """Return the day on which a manifest came back, None when it is still open."""
        disposed_on = day + dt.timedelta(days=3 + int(self._rng.random() * 40))
        is_open = self._rng.random() < _OVERDUE or disposed_on > self._company.until
        return None if is_open else disposed_on

    def _unreadable(self, line: Line, receipt: Receipt) -> None:
        """Add a line whose weight nobody can read: raw keeps it, stg never sees it."""
        raw = self._raw_receipt(line, receipt, None)._replace(net_weight="計量エラー", amount="")
        self.batch[RawReceiveSlip].append(raw)
        place = self._next(UploadError), line.file.upload_id, line.row_number
        self.batch[UploadError].append(
            UploadError(*place, "net_weight", raw.net_weight, "数値として読めません")
        )

    def _shipment(self, line: Line, shipment: Shipment) -> None:
        site, item, net_kg = shipment
        price, vendor_id = vocabulary.ITEMS[item.item_id - 1][6:8]
        vendor = self._company.vendors[vendor_id - 1]
        figures = f"{net_kg:,}", str(price), f"{net_kg * price:,}"
        self.batch[RawShipmentSlip].append(
            RawShipmentSlip(
                *line.raw_columns(site), *vendor[1:3], *item[1:3], *figures, *line.file.deletion
            )
        )
        typed = self._next(ShipmentSlip), *line.typed_columns(site, item)
        self.batch[ShipmentSlip].append(
            ShipmentSlip(*typed, vendor_id, net_kg, price, *line.last_columns())
        )

    def _yard_work(self, line: Line, work: YardWork) -> None:
        site, item, process, net_kg, operator = work
        done = _PROCESSES[process], f"{net_kg:,}", operator
        self.batch[RawYardSlip].append(
            RawYardSlip(*line.raw_columns(site), *item[1:3], *done, *line.file.deletion)
        )
        typed = self._next(YardSlip), *line.typed_columns(site, item)
        self.batch[YardSlip].append(
            YardSlip(*typed, process, net_kg, operator, *line.last_columns())
        )

    def _next(self, row_type: Row) -> int:
        self.last_number[row_type] += 1
        return self.last_number[row_type]
