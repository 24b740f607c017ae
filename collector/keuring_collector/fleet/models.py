"""Who and what Keuring looks after: departments, colleagues, endpoints, and how endpoints prove who they are."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.fleet.rows import FromRow


class Department(FromRow):
    """A part of the organisation, with a place where its colleagues can be found."""

    name = models.CharField(_("name"), max_length=100, unique=True)
    place = models.CharField(_("place"), max_length=100, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Colleague(FromRow):
    """Somebody whose machine Keuring looks after. Their mail address tells two of one name apart."""

    name = models.CharField(_("name"), max_length=150)
    mail = models.EmailField(_("mail address"), unique=True)
    department = models.ForeignKey(Department, on_delete=models.SET_NULL, null=True, blank=True, db_index=False)
    place = models.CharField(_("place"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=2, default="nl")

    class Meta:
        ordering: ClassVar = ["name"]
        # In the place of the reference's own: how many sit where is counted without reading them.
        indexes: ClassVar = [models.Index(fields=["department", "place"], name="colleague_places")]

    def __str__(self) -> str:
        return self.name


class Endpoint(FromRow):
    """A machine with an agent. Its identity is ``uuid``, which is in its certificate; its names are labels."""

    class State(models.TextChoices):
        """Whether its reports are taken."""

        ACTIVE = "active", _("active")
        REVOKED = "revoked", _("revoked")
        REPLACED = "replaced", _("replaced")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    host_name = models.CharField(_("machine"), max_length=64, db_index=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    simulated = models.BooleanField(default=False)
    colleague = models.ForeignKey(Colleague, on_delete=models.SET_NULL, null=True, blank=True)
    department = models.ForeignKey(Department, on_delete=models.SET_NULL, null=True, blank=True, db_index=False)
    # What it tells of itself that lists show and seek by; written with its facts (store.facts).
    model = models.CharField(max_length=256, blank=True, default="", db_default="")
    agent_version = models.CharField(max_length=64, blank=True, default="", db_default="")
    enrolled_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["host_name"]
        indexes: ClassVar = [
            # All that the list filters by: it reads no row but the fifty shown.
            models.Index(
                fields=["state", "host_name", "id", "department", "simulated", "model", "agent_version", "colleague"],
                name="endpoint_listed",
            ),
            models.Index(fields=["state", "model", "host_name"], name="endpoint_model"),
            models.Index(fields=["state", "department", "simulated"], name="endpoint_departments"),
            # In the place of the reference's own: which machines a department has, by name, without reading them.
            models.Index(fields=["department", "state", "host_name", "id"], name="endpoint_of_department"),
            models.Index(fields=["enrolled_at"], name="endpoint_enrolled"),
            models.Index(fields=["state", "enrolled_at", "id"], name="endpoint_due"),
        ]

    def __str__(self) -> str:
        return self.host_name


class MachineOwner(models.Model):
    """Which colleague uses the machine of a given name, as imported; also for machines that are yet to enrol."""

    host_name = models.CharField(max_length=64, primary_key=True)
    colleague = models.ForeignKey(Colleague, on_delete=models.CASCADE)


class Warranty(models.Model):
    """Until when a machine is under warranty, by its serial number, as the organisation told; also before it enrols."""

    serial = models.CharField(max_length=64, primary_key=True)  # as serials.canonical writes it
    ends = models.DateField(db_index=True)
    told_at = models.DateTimeField()


class EnrolmentToken(models.Model):
    """A right to enrol, for a short time. The secret itself is not kept, only its SHA-256."""

    id = models.CharField(max_length=16, primary_key=True)
    secret_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    uses_left = models.PositiveIntegerField(default=1)
    # Of machines that enrol with it, until their colleague is known.
    department = models.ForeignKey(Department, on_delete=models.SET_NULL, null=True, blank=True)


class MachineCertificate(models.Model):
    """A certificate of the organisation's own CA that a machine enrolled with, and the one endpoint it is good for."""

    fingerprint = models.CharField(max_length=64, primary_key=True)  # SHA-256 of its DER form, hexadecimal
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, null=True, related_name="machine_certificates")


class Certificate(models.Model):
    """A certificate that was issued to an endpoint. ``request_hash`` binds a token to its signing request."""

    serial = models.CharField(max_length=40, primary_key=True)  # hexadecimal
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="certificates")
    token = models.ForeignKey(EnrolmentToken, on_delete=models.SET_NULL, null=True, blank=True)
    request_hash = models.BinaryField(max_length=32)
    chain = models.TextField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
