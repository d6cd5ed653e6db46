"""Schema public: users, uploads and what went wrong with them."""
# ruff: noqa: TC003 - SQLAlchemy evaluates Mapped[...] when a class is made

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.infra.db.models.base import NOW, Base, BigInt, IdentityKey, SoftDeleted, Stamped
from app.infra.db.models.column_types import SLIP_KIND, UPLOAD_STATUS, SlipKind, UploadStatus


class AppUser(Stamped, Base):
    """A person who works with the application."""

    __tablename__ = "app_user"
    __table_args__ = (
        Index("uq_app_user_lower_email", text("lower(email)"), unique=True),
        CheckConstraint("email LIKE '%_@_%'", name="email_has_at"),
        CheckConstraint("role IN ('viewer', 'clerk', 'manager', 'admin')", name="role_known"),
        {"comment": "利用者"},
    )

    user_id: Mapped[IdentityKey]
    email: Mapped[str]
    display_name: Mapped[str] = mapped_column(comment="氏名")
    role: Mapped[str] = mapped_column(server_default="viewer", comment="権限")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    last_seen_at: Mapped[dt.datetime | None]


class UploadLog(SoftDeleted, Base):
    """One uploaded file."""

    __tablename__ = "upload_log"
    __table_args__ = (
        Index(
            "uq_upload_log_kind_file_sha256_active",
            "kind",
            "file_sha256",
            unique=True,
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_upload_log_uploaded_at", text("uploaded_at DESC")),
        CheckConstraint("file_sha256 ~ '^[0-9a-f]{64}$'", name="sha256_hex"),
        CheckConstraint("row_count >= 0 AND loaded_rows >= 0", name="counts_not_negative"),
        {"comment": "アップロード履歴。1ファイル1行"},
    )

    upload_id: Mapped[IdentityKey]
    kind: Mapped[SlipKind] = mapped_column(SLIP_KIND, comment="伝票区分")
    file_name: Mapped[str] = mapped_column(comment="ファイル名")
    file_sha256: Mapped[str]
    status: Mapped[UploadStatus] = mapped_column(
        UPLOAD_STATUS, server_default="received", comment="処理状況"
    )
    row_count: Mapped[int] = mapped_column(Integer, server_default="0", comment="ファイルの行数")
    loaded_rows: Mapped[int] = mapped_column(
        Integer, server_default="0", comment="Rows that reached stg; kept by a trigger"
    )
    uploaded_by: Mapped[BigInt] = mapped_column(ForeignKey("app_user.user_id"))
    uploaded_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    replaces_upload_id: Mapped[BigInt | None] = mapped_column(
        ForeignKey("upload_log.upload_id"),
        CheckConstraint("replaces_upload_id <> upload_id", name="replaces_another"),
        comment="差し替え元",
    )


class UploadError(Base):
    """A row of an uploaded file that could not be read."""

    __tablename__ = "upload_error"
    __table_args__ = (
        UniqueConstraint("upload_id", "row_number", "column_name"),
        {"comment": "取込エラー"},
    )

    upload_error_id: Mapped[IdentityKey]
    upload_id: Mapped[BigInt] = mapped_column(
        ForeignKey("upload_log.upload_id", ondelete="CASCADE")
    )
    row_number: Mapped[int] = mapped_column(Integer, comment="行番号")
    column_name: Mapped[str]
    value: Mapped[str | None] = mapped_column(comment="入力値")
    message: Mapped[str]


class JobRun(Base):
    """A background job of the application: an import, a monthly closing."""

    __tablename__ = "job_run"
    __table_args__ = (
        Index("ix_job_run_unfinished", "job_name", postgresql_where=text("finished_at IS NULL")),
        Index("ix_job_run_detail", "detail", postgresql_using="gin"),
        CheckConstraint("finished_at >= started_at", name="finished_after_start"),
        {"comment": "バッチ実行履歴"},
    )

    job_run_id: Mapped[IdentityKey]
    job_name: Mapped[str]
    started_at: Mapped[dt.datetime] = mapped_column(server_default=NOW)
    finished_at: Mapped[dt.datetime | None]
    detail: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'::jsonb"))
