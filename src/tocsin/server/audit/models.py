"""What the log holds: one leaf for each change."""

from __future__ import annotations

from django.db import models


class Leaf(models.Model):
    """One change: who did what to which row, when and why.

    The commitment ``sha256(salt || canonical JSON of the content)`` is what the tree holds, so that
    content can be erased or withheld while the log stays whole. ``position`` is given by the
    sequencer after the transaction is committed; it is never changed then.
    """

    position = models.PositiveBigIntegerField(null=True, unique=True)
    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=64, db_index=True)
    action = models.CharField(max_length=64, db_index=True)
    subject_kind = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=64, db_index=True)
    realm = models.CharField(max_length=9)
    level = models.PositiveSmallIntegerField(default=1)
    organisation = models.CharField(max_length=36, blank=True)
    content = models.JSONField()
    salt = models.BinaryField(max_length=32)
    commitment = models.BinaryField(max_length=32, unique=True)

    class Meta:
        """In the order of writing."""

        ordering = ("id",)
        indexes = (models.Index(fields=("subject_kind", "subject_id")),)

    def __str__(self) -> str:
        return f"{self.action} {self.subject_kind} {self.subject_id}"


class Checkpoint(models.Model):
    """One signed statement of the log about itself, as it was handed out."""

    size = models.PositiveBigIntegerField(unique=True)
    root = models.BinaryField(max_length=32)
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        ordering = ("-size",)

    def __str__(self) -> str:
        return f"checkpoint of {self.size} leaves"


class Cosignature(models.Model):
    """A witness's signature line for a checkpoint that was handed out."""

    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.PROTECT, related_name="cosignatures"
    )
    witness = models.CharField(max_length=200)
    line = models.TextField(unique=True)
    signed_at = models.DateTimeField()
    at = models.DateTimeField()

    class Meta:
        """As they came in."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.witness} for {self.checkpoint}"
